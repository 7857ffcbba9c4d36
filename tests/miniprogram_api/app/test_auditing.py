"""The audit's tree in a running house: the loops of the ticker, the key that is made once, the command at the terminal."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from core.foundation.audit.anchors import AnchorFailed, FileAnchor
from core.foundation.audit.heads import HeadKeys
from core.foundation.audit.models import Anchoring, AuditHead, AuditLeaf, AuditNode, AuditTree
from core.foundation.models import AuditEntry
from miniprogram_api.app import auditing
from miniprogram_api.app.auditing import HeadKeyGone, anchor, anchors_of, head_keys, sequence
from miniprogram_api.app.settings import Settings
from miniprogram_api.app.signing import OPERATOR
from miniprogram_api.cli import audit
from miniprogram_api.cli.main import main, parser
from tests.core.foundation.audit.stage import grow, write_entries

pytestmark = pytest.mark.storage


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", audit_anchor_dir=tmp_path / "elsewhere", audit_anchor_seconds=1)


@contextlib.asynccontextmanager
async def running(practice: Any, settings: Settings) -> AsyncIterator[None]:
    loops = [asyncio.create_task(sequence(practice, "one")), asyncio.create_task(anchor(practice, settings, "one"))]
    try:
        yield
    finally:
        for one in loops:
            one.cancel()
        await asyncio.gather(*loops, return_exceptions=True)


async def test_the_loops_sequence_sign_and_anchor(practice: Any, settings: Settings) -> None:
    await write_entries(practice, 30)
    async with running(practice, settings), asyncio.timeout(60):
        while not await AuditHead.filter(tree_size=31).exists():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        await write_entries(practice, 5)
        while not await Anchoring.filter(tree_size=36).exists():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    keys = await head_keys(settings, practice)
    kept = await FileAnchor(settings.anchors_dir).kept(keys.log_id)
    assert kept.heads[-1].tree_size == 36
    begun = await AuditEntry.get(action="audit.begin")
    assert (begun.subject_id, begun.detail) == (keys.log_id, {"key": keys.current, "entries": "30"})
    assert stat.S_IMODE(settings.audit_key_file.stat().st_mode) == 0o600


async def test_a_lost_key_is_not_replaced_by_another_log(practice: Any, settings: Settings, caplog: Any) -> None:
    keys = await head_keys(settings, practice)
    assert (await head_keys(settings, practice)).log_id == keys.log_id
    await grow(practice, 2)
    head = keys.sign(3, b"r" * 32, 1)
    await AuditHead.create(tree_size=3, log_id=head.log_id, root=head.root, at=1, key_id=head.key_id, signature=head.signature)
    settings.audit_key_file.unlink()
    with pytest.raises(HeadKeyGone):
        await head_keys(settings, practice)
    async with running(practice, settings), asyncio.timeout(60):
        await write_entries(practice, 2)
        while await AuditEntry.filter(in_tree=None).exists() or "is gone" not in caplog.text:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert await AuditLeaf.all().count() == 5
    assert not settings.audit_key_file.exists()


async def test_where_an_anchor_holds_a_log_none_is_begun(practice: Any, settings: Settings, terminal: Any) -> None:
    """The whole history was thrown away, with the key, and the database is as empty as that of a new house."""
    old = HeadKeys.new(practice.ids.new())
    await FileAnchor(settings.anchors_dir).put(old.sign(3, b"r" * 32, 1))
    with pytest.raises(HeadKeyGone) as gone:
        await head_keys(settings, practice)
    assert gone.value.logs == (("file", old.log_id),)
    assert not settings.audit_key_file.exists()
    assert not await AuditEntry.filter(action="audit.begin").exists()
    status, words = await terminal("verify")
    assert (status, old.log_id in words) == (1, True)


async def test_of_many_that_begin_a_log_at_once_one_does(practice: Any, settings: Settings) -> None:
    begun = await asyncio.gather(*(head_keys(settings, practice) for _ in range(8)))
    assert len({(keys.log_id, keys.current) for keys in begun}) == 1
    assert os.listdir(settings.secrets_dir) == ["audit.key"]


async def test_where_an_anchor_cannot_be_asked_none_is_begun(practice: Any, settings: Settings) -> None:
    settings.anchors_dir.write_text("no folder")
    with pytest.raises(AnchorFailed):
        await head_keys(settings, practice)
    assert not settings.audit_key_file.exists()


async def test_looking_begins_no_log(practice: Any, settings: Settings, terminal: Any) -> None:
    assert (await terminal("verify"))[0] == 0
    await terminal("heads")
    with pytest.raises(HeadKeyGone):
        await terminal("recover")
    assert not settings.audit_key_file.exists()
    assert not await AuditEntry.filter(action="audit.begin").exists()
    status, words = await terminal("key")
    assert (status, (await head_keys(settings, practice)).log_id in words) == (0, True)
    assert await AuditEntry.filter(action="audit.begin").count() == 1
    # With heads and without the key nothing is said of their signatures.
    await grow(practice, 3)
    await auditing.Anchorer(practice, await head_keys(settings, practice), [], _nobody).run_once()
    settings.audit_key_file.unlink()
    with pytest.raises(HeadKeyGone):
        await terminal("verify")


def test_the_file_is_always_an_anchor_others_when_set_up(settings: Settings) -> None:
    assert [one.name for one in anchors_of(settings)] == ["file"]
    settings.secrets_dir.mkdir(parents=True)
    settings.audit_bucket_file.write_text(json.dumps({"bucket": "heads", "region": "x", "access_key_id": "x", "secret_access_key": "x"}))
    more = settings.model_copy(update={"audit_anchor_house": "https://other.example"})
    assert [one.name for one in anchors_of(more)] == ["file", "bucket", "house"]


@pytest.fixture
async def terminal(practice: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Any:
    """`huizhen audit …` as typed, over the test's own practice; its status and what it printed."""

    @contextlib.asynccontextmanager
    async def opened(_: Settings) -> AsyncIterator[Any]:
        yield practice

    monkeypatch.setattr(audit, "open_for_signing", opened)

    async def typed(*words: str) -> tuple[int, str]:
        given: argparse.Namespace = parser().parse_args(["audit", *words])
        status = await audit._run(settings, given)
        return status, capsys.readouterr().out

    return typed


async def test_what_the_command_says(practice: Any, settings: Settings, terminal: Any, tmp_path: Path) -> None:
    status, words = await terminal("verify")
    assert status == 0
    assert "还没有树头送到外部" in words
    ids = await grow(practice, 40)
    keys = HeadKeys.create(settings.audit_key_file, practice.ids.new())
    await auditing.Anchorer(practice, keys, anchors_of(settings), _nobody).run_once()
    status, words = await terminal("verify")
    assert status == 0, words
    assert "核对了 40 条审计记录" in words
    assert "未受保护:0 条" in words
    status, words = await terminal("find", "--since", "2000-01-01T08:00")
    assert (status, ids[7] in words, "北京时间" in words) == (0, True, True)
    assert (await terminal("find", "--since", "yesterday"))[0] == 1
    out = tmp_path / "proof.json"
    status, words = await terminal("prove", "--entry", ids[7], "--out", str(out))
    assert status == 0, words
    assert json.loads(out.read_text())["leaf_index"] == 7
    status, words = await terminal("prove", "--entry", "x", "--out", str(out))
    assert (status, "编号不对" in words) == (1, True)
    status, words = await terminal("prove", "--from", "3", "--to", "40", "--out", str(out))
    assert (status, "没有这个大小" in words) == (1, True)
    assert (await terminal("prove"))[0] == 1
    assert "40" in (await terminal("heads"))[1]
    assert keys.public[keys.current].hex() in (await terminal("key"))[1]
    status, words = await terminal("key", "--new")
    fresh = HeadKeys.load(settings.audit_key_file)
    assert fresh.current != keys.current
    entry = await AuditEntry.get(action="audit.replace_key")
    assert (entry.account_id, entry.subject_id) == ("system:operator", keys.log_id)
    assert entry.detail == {"key": fresh.current, "former": keys.current, "user": OPERATOR.user}
    assert keys.public[keys.current].hex() in words
    await AuditEntry.filter(id=ids[5]).update(outcome="access.denied")
    await AuditEntry.filter(id=ids[9]).delete()
    status, words = await terminal("verify")
    assert status == 1
    assert f"叶 5,记录 {ids[5]}" in words
    assert f"叶 9,记录 {ids[9]}" in words
    assert "未受保护" in words


async def test_after_a_restored_backup_another_log_begins_and_the_cut_stays_told(
    practice: Any, settings: Settings, terminal: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = HeadKeys.create(settings.audit_key_file, practice.ids.new())
    await grow(practice, 40)
    await auditing.Anchorer(practice, keys, anchors_of(settings), _nobody).run_once()
    later = await grow(practice, 30)
    await auditing.Anchorer(practice, keys, anchors_of(settings), _nobody).run_once()
    # The backup was made when 50 leaves were there.
    await AuditEntry.filter(id__in=later[10:]).delete()
    await AuditLeaf.filter(leaf_index__gte=50).delete()
    await AuditNode.filter(place=(4 << 48) | 3).delete()
    await AuditTree.filter(id=1).update(size=50)
    await AuditHead.filter(tree_size__gt=50).delete()
    await Anchoring.all().delete()
    status, words = await terminal("verify")
    assert (status, "末尾被截断" in words) == (1, True)
    monkeypatch.setattr("builtins.input", lambda _: "不")
    assert (await terminal("recover"))[0] == 1
    monkeypatch.setattr("builtins.input", lambda _: audit.AGREEMENT)
    status, words = await terminal("recover")
    assert status == 0, words
    entry = await AuditEntry.get(action="audit.recover")
    assert (entry.outcome, entry.detail) == ("done", {"former": keys.log_id, "tree_size": "50", "user": OPERATOR.user})
    old, keys = keys, await head_keys(settings, practice)
    await grow(practice, 20)
    await auditing.Anchorer(practice, keys, anchors_of(settings), _nobody).run_once()
    status, words = await terminal("verify")
    assert status == 3, words
    assert "还有 20 条记录,本库已没有" in words
    for accepted, wanted in ((f"{old.log_id}:50", 0), (f"{old.log_id}:49", 3), (f"{keys.log_id}:50", 3)):
        assert (await terminal("verify", "--accept-loss", accepted))[0] == wanted
    status, words = await terminal("verify", "--accept-loss", "50")
    assert (status == 2, "--accept-loss 请写成" in words) == (True, True)
    assert (await terminal("verify", "--accept-loss", f"{old.log_id}:50", "--log", old.log_id, "--log", keys.log_id))[0] == 0
    status, words = await terminal("verify", "--accept-loss", f"{old.log_id}:50", "--log", "01ARZ3NDEKTSV4RRFFQ69G5FAV")
    assert (status, "不是您记下的日志" in words) == (1, True)
    first = await AuditEntry.all().order_by("id").first()
    assert first is not None
    await AuditEntry.filter(id=first.id).update(outcome="access.denied")
    assert (await terminal("verify"))[0] == 1


async def test_an_anchor_that_cannot_be_read_makes_the_answer_incomplete(practice: Any, settings: Settings, terminal: Any) -> None:
    await grow(practice, 4)
    settings.anchors_dir.mkdir()
    keys = await head_keys(settings, practice)
    (settings.anchors_dir / f"{keys.log_id}.heads").mkdir()
    status, words = await terminal("verify")
    assert status == 2
    assert "读不到" in words


async def _nobody(kind: str, name: str) -> None:
    """Nobody is told here."""


def test_without_keys_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setenv("HUIZHEN_DATA_DIR", str(tmp_path))
    assert main(["audit", "verify"]) == 2
    assert "huizhen keys" in capsys.readouterr().out
    assert os.listdir(tmp_path) == []
