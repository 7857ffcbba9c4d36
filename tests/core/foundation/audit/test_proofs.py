"""Proofs as a regulator checks them: by the separate program, in a process of its own that can import nothing of ours."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.foundation.audit.models import AuditLeaf, AuditNode
from core.foundation.audit.proofs import EntryNotSigned, EntryUnknown, HeadUnknown, ProveEntry, ProveHeads, TreeBroken
from core.foundation.models import AuditEntry
from tests.core.foundation.audit.stage import grow
from tests.core.foundation.audit.test_tampering import Log, open_log
from tools import verify_audit_proof as verifier

pytestmark = pytest.mark.storage

TOOL = Path(verifier.__file__)


@pytest.fixture
async def log(practice: Any, tmp_path: Path) -> Log:
    return await open_log(practice, tmp_path / "log", (9, 30, 14, 80))


def key_of(log: Log) -> str:
    return log.keys.public[log.keys.current].hex()


def checked(folder: Path, proof: Any, *arguments: str) -> int:
    """The program's exit status, in this process: the rules are the same, only faster a thousand times."""
    file = folder / "proof.json"
    file.write_text(proof if isinstance(proof, str) else json.dumps(proof, ensure_ascii=False), "utf-8")
    return verifier.main([str(file), *arguments])


async def test_the_separate_program_proves_an_entry_with_nothing_of_ours(practice: Any, system: Any, log: Log, tmp_path: Path) -> None:
    proof = await practice.ask(system, ProveEntry(entry_id=log.ids[40]))
    elsewhere = tmp_path / "regulator"
    elsewhere.mkdir()
    shutil.copy(TOOL, elsewhere / "check.py")
    (elsewhere / "proof.json").write_text(json.dumps(proof.document, ensure_ascii=False), "utf-8")
    anchor = tmp_path / "log" / "anchor" / f"{log.keys.log_id}.heads"
    # -I: neither this folder nor the environment's path; and an import of ours would fail loudly.
    done = subprocess.run(  # noqa: ASYNC221
        [sys.executable, "-I", "-c", _ISOLATED, "proof.json", "--key", key_of(log), "--anchor", str(anchor)], cwd=elsewhere, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert log.ids[40] in done.stdout


_ISOLATED = """
import runpy, sys
for package in ("core", "bot", "miniprogram_api", "nlp", "media", "tests", "tortoise"):
    sys.modules[package] = None
runpy.run_path("check.py", run_name="__main__")
"""


async def test_every_entry_and_every_pair_of_heads_is_proved(practice: Any, system: Any, log: Log, tmp_path: Path) -> None:
    for entry_id in random.Random(1).sample(log.ids, 25):
        proof = await practice.ask(system, ProveEntry(entry_id=entry_id))
        assert checked(tmp_path, proof.document, "--key", key_of(log)) == 0
    for first, second in ((9, 39), (9, 133), (39, 53), (53, 53), (53, 133)):
        proof = await practice.ask(system, ProveHeads(first=first, second=second))
        assert checked(tmp_path, proof.document, "--key", key_of(log)) == 0


async def test_whatever_is_changed_in_a_proof_it_proves_nothing(practice: Any, system: Any, log: Log, tmp_path: Path) -> None:
    """Fuzzed: any character of any value changed, any part left out, another key; never a traceback, never "proved"."""
    rng = random.Random(9162)
    entry = (await practice.ask(system, ProveEntry(entry_id=log.ids[77]))).document
    heads = (await practice.ask(system, ProveHeads(first=39, second=133))).document
    for number in range(300):
        spoilt: Any = json.loads(json.dumps(rng.choice((entry, heads))))
        place, name = rng.choice(list(_places(spoilt)))
        value = place[name]
        if number % 3 == 0:
            del place[name]
        elif isinstance(value, str):
            at = rng.randrange(len(value))
            place[name] = value[:at] + chr((ord(value[at]) + 1) % 120) + value[at + 1 :]
        elif isinstance(value, int):
            place[name] = rng.choice((value + 1, value - 1, -value, 2**70, True, None, "1", [], 1.5))
        else:
            place[name] = rng.choice(([], {}, None, "x", value[:-1] if isinstance(value, list) else 0))
        status = checked(tmp_path, spoilt, "--key", key_of(log))
        # The key's id is a label that the signature does not cover.
        assert status in (1, 2) or name == "key", (number, name, spoilt)
    for text in ("", "{", "[]", "null", '{"form": 1}', "[" * 5000):
        assert checked(tmp_path, text, "--key", key_of(log)) == 2
    assert checked(tmp_path, entry, "--key", "00" * 32) in (1, 2)
    assert checked(tmp_path, entry, "--key", "short") == 2
    empty = tmp_path / "empty.heads"
    empty.write_text("not a head\n")
    assert checked(tmp_path, entry, "--key", key_of(log), "--anchor", str(empty)) == 1


def test_what_cannot_be_read_is_told_in_one_sentence_in_two_languages(tmp_path: Path, capsys: Any) -> None:
    key = "00" * 32
    for text, chinese, english in (
        ("{", "不是 JSON", "cut off"), ("[]", "不是证明", "not a proof"),
        ('{"form": "huizhen.audit.inclusion/1"}', "不是完整的证明", "not a whole proof"),
    ):  # fmt: skip
        assert checked(tmp_path, text, "--key", key) == 2
        _one_sentence(capsys, chinese, english)
    assert verifier.main([str(tmp_path / "missing.json"), "--key", key]) == 2
    _one_sentence(capsys, "打不开", "cannot be opened")
    assert checked(tmp_path, "{}", "--key", "short") == 2
    _one_sentence(capsys, "公钥", "public key")


def _one_sentence(capsys: Any, chinese: str, english: str) -> None:
    said = capsys.readouterr().out
    assert said.startswith("无法核对 CANNOT BE CHECKED: ")
    assert said.count("\n") == 1
    assert chinese in said
    assert english in said


def _places(value: Any) -> Any:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in members:
        yield value, name
        yield from _places(inner)


async def test_no_proof_of_what_is_not_so(practice: Any, system: Any, log: Log) -> None:
    with pytest.raises(EntryUnknown):
        await practice.ask(system, ProveEntry(entry_id=practice.ids.new()))
    (late,) = await grow(practice, 1)
    with pytest.raises(EntryNotSigned):
        await practice.ask(system, ProveEntry(entry_id=late))
    for first, second in ((8, 39), (39, 40), (53, 39)):
        with pytest.raises(HeadUnknown):
            await practice.ask(system, ProveHeads(first=first, second=second))
    await AuditEntry.filter(id=log.ids[3]).update(outcome="access.denied")
    with pytest.raises(TreeBroken):
        await practice.ask(system, ProveEntry(entry_id=log.ids[3]))
    await AuditLeaf.filter(leaf_index=5).update(hash=b"?" * 32)
    await AuditNode.filter(place=4 << 48).update(hash=b"?" * 32)
    with pytest.raises(TreeBroken):
        await practice.ask(system, ProveHeads(first=9, second=133))


async def test_a_proof_is_itself_audited(practice: Any, system: Any, log: Log) -> None:
    await practice.ask(system, ProveEntry(entry_id=log.ids[0]))
    entry = await AuditEntry.get(action="audit.prove_entry")
    assert (entry.subject_kind, entry.subject_id, entry.outcome) == ("audit_entry", log.ids[0], "done")
