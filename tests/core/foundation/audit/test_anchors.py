"""Anchors: what leaves the house stays, what fails is tried again and told, and care never notices."""

from __future__ import annotations

import json
import os
import random
import socket
import stat
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.foundation.audit.anchoring import TOLD_AFTER, Anchorer
from core.foundation.audit.anchors import AnchorContradicts, AnchorFailed, FileAnchor, Kept
from core.foundation.audit.bucket import open_bucket
from core.foundation.audit.heads import HeadKeys, HeadMalformed, SignedHead, is_signed_by, read_head
from core.foundation.audit.models import Anchoring, AuditHead, AuditNode
from core.foundation.audit.second_house import SecondHouseAnchor
from core.foundation.audit.times import LONGEST, Bounds
from core.foundation.audit.tree import leaf_hash
from core.foundation.ids import lowest_id
from core.foundation.models import AuditEntry
from core.foundation.objects.port import FilesAway
from core.foundation.objects.unfinished import S3Uploads
from core.foundation.objects.versions import S3Versions
from tests.core.foundation.audit.stage import grow, new_keys, write_entries

pytestmark = pytest.mark.storage


class Moody:
    """An anchor that fails as long as ``trouble`` is set."""

    name = "moody"

    def __init__(self) -> None:
        self.trouble: Exception | None = None
        self.heads: list[SignedHead] = []
        self.asked = 0

    async def put(self, head: SignedHead) -> None:
        self.asked += 1
        if self.trouble is not None:
            raise self.trouble
        self.heads.append(head)

    async def kept(self, log_id: str) -> Kept:
        return Kept(tuple(self.heads))

    async def logs(self, keys: Mapping[str, bytes]) -> frozenset[str]:
        return frozenset(head.log_id for head in self.heads)


TOLD: list[tuple[str, str]] = []


async def tell(kind: str, anchor: str) -> None:
    TOLD.append((kind, anchor))


@pytest.fixture(autouse=True)
def _nothing_told() -> None:
    TOLD.clear()


async def test_a_head_is_signed_when_the_tree_has_grown_and_taken_to_every_anchor(practice: Any, tmp_path: Path) -> None:
    keys, one, two = new_keys(tmp_path, practice), Moody(), FileAnchor(tmp_path / "elsewhere")
    anchorer = Anchorer(practice, keys, [one, two], tell)
    assert await anchorer.run_once() is None
    await grow(practice, 20)
    head = await anchorer.run_once()
    assert head is not None
    assert (head.tree_size, head.log_id) == (20, keys.log_id)
    assert is_signed_by(head, keys.public)
    assert await anchorer.run_once() is None
    assert one.heads == [head]
    assert (await two.kept(keys.log_id)).heads == (head,)
    assert (await two.kept("another")).heads == ()
    assert await two.logs({}) == {keys.log_id}
    assert await FileAnchor(tmp_path / "nowhere").logs({}) == frozenset()
    await grow(practice, 1)
    assert (await anchorer.run_once()) is not None
    assert await AuditHead.all().count() == 2
    assert [row.tree_size for row in await Anchoring.all()] == [21, 21]


async def test_a_failing_anchor_is_told_and_tried_again_and_hinders_nobody(practice: Any, system: Any, clock: Any, tmp_path: Path) -> None:
    keys, bad, good = new_keys(tmp_path, practice), Moody(), FileAnchor(tmp_path / "elsewhere")
    bad.trouble = AnchorFailed("http_503")
    anchorer = Anchorer(practice, keys, [bad, good], tell)
    for _ in range(6):
        await grow(practice, 3)
        await anchorer.run_once()
        clock.advance(seconds=45)
    row = await Anchoring.get(id="moody")
    assert (row.tree_size, row.trouble) == (0, "AnchorFailed:http_503")
    assert row.tries == bad.asked
    assert len((await good.kept(keys.log_id)).heads) == 6
    assert TOLD == [("anchor_failing", "moody")]
    bad.trouble = None
    clock.advance(seconds=600)
    await anchorer.run_once()
    assert [head.tree_size for head in bad.heads] == [18]
    row = await Anchoring.get(id="moody")
    assert (row.tree_size, row.trouble, row.failing_since, row.tries) == (18, "", None, 0)
    assert TOLD_AFTER.total_seconds() == 120


async def test_an_anchor_that_contradicts_is_told_at_once(practice: Any, tmp_path: Path) -> None:
    anchor = Moody()
    anchor.trouble = AnchorContradicts("refused")
    await grow(practice, 3)
    await Anchorer(practice, new_keys(tmp_path, practice), [anchor], tell).run_once()
    assert TOLD == [("anchor_contradicts", "moody")]


async def test_a_tree_that_was_tampered_with_is_not_signed(practice: Any, tmp_path: Path) -> None:
    anchorer = Anchorer(practice, new_keys(tmp_path, practice), [], tell)
    await grow(practice, 20)
    await anchorer.run_once()
    await AuditNode.filter(place=4 << 48).update(hash=leaf_hash(b"else"))
    await grow(practice, 20)
    assert await anchorer.run_once() is None
    await anchorer.run_once()
    assert TOLD == [("tree_damaged", "")]
    assert await AuditHead.all().count() == 1


async def test_administrators_hear_of_it(practice: Any) -> None:
    from bot.sending.notices import render
    from core.notifications.models import Notification
    from core.people.alarms import AlarmAdministrators
    from tests.support.county import SYSTEM, seed_small

    county = await seed_small(practice)
    for kind in ("audit.anchor_failing", "audit.anchor_contradicts", "audit.tree_damaged"):
        await practice.execute(SYSTEM, AlarmAdministrators.model_validate({"kind": kind, "about": "bucket"}))
        told = await Notification.filter(kind=kind)
        assert {row.account_id for row in told} == {county.administrator.account_id, county.auditor.account_id}
        notice: Any = await render(practice, told[0])
        assert "huizhen audit verify" in notice.shapes[0].text


async def test_a_torn_line_loses_no_other_head(practice: Any, tmp_path: Path) -> None:
    keys, anchor = new_keys(tmp_path, practice), FileAnchor(tmp_path / "elsewhere")
    first, second = keys.sign(1, leaf_hash(b"1"), 5), keys.sign(2, leaf_hash(b"2"), 6)
    await anchor.put(first)
    file = tmp_path / "elsewhere" / f"{keys.log_id}.heads"
    with file.open("ab") as out:
        out.write(b'{"log": "torn')
    await anchor.put(second)
    kept = await anchor.kept(keys.log_id)
    assert (kept.heads, kept.damaged) == ((first, second), 1)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_a_folder_that_cannot_be_written_is_an_anchor_that_failed(practice: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(AnchorFailed):
        await FileAnchor(tmp_path / "file" / "below").put(new_keys(tmp_path, practice).sign(1, leaf_hash(b"1"), 5))
    with pytest.raises(AnchorFailed):
        await FileAnchor(tmp_path / "file").logs({})


def test_a_head_is_read_or_refused_never_anything_else(tmp_path: Path) -> None:
    """Fuzzed with a seed: what another house sends, or a file holds, is a head or :class:`HeadMalformed`."""
    rng = random.Random(8032)
    keys = HeadKeys.create(tmp_path / "audit.key", "01ARZ3NDEKTSV4RRFFQ69G5FAV")
    good = keys.sign(12, leaf_hash(b"x"), 1_700_000_000_000)
    assert read_head(good.document()) == good
    values: tuple[Any, ...] = (None, "", "zz", "00", -1, 2**60, 1.5, True, [], {}, "A" * 26, "0" * 64, "0" * 128, "é" * 16)
    for _ in range(2000):
        document: Any = good.document()
        for name in rng.sample(sorted(document), rng.randint(1, 3)):
            if rng.random() < 0.3:
                del document[name]
            else:
                document[name] = rng.choice(values)
        try:
            head = read_head(document)
        except HeadMalformed:
            continue
        assert not is_signed_by(head, keys.public) or head == good
    for other in (None, 1, "x", [], [1], {}):
        with pytest.raises(HeadMalformed):
            read_head(other)


def test_a_new_key_signs_and_the_old_heads_stay_good(tmp_path: Path) -> None:
    path = tmp_path / "audit.key"
    old = HeadKeys.create(path, "01ARZ3NDEKTSV4RRFFQ69G5FAV")
    head = old.sign(1, leaf_hash(b"1"), 5)
    new = old.replaced(path)
    assert new.current != old.current
    again = HeadKeys.load(path)
    assert is_signed_by(head, again.public)
    assert is_signed_by(again.sign(2, leaf_hash(b"2"), 6), new.public)
    assert not is_signed_by(again.sign(2, leaf_hash(b"2"), 6), old.public)
    assert again.log_id == old.log_id
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        HeadKeys.create(path, "01ARZ3NDEKTSV4RRFFQ69G5FAV")
    assert [one for one in os.listdir(tmp_path) if one != "audit.key"] == []


@pytest.fixture(scope="module")
def s3() -> Iterator[tuple[str, Any]]:
    """An object store on a port of its own, with a bucket under object lock."""
    import boto3
    from moto.server import ThreadedMotoServer

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = ThreadedMotoServer(port=port, verbose=False)
    server.start()
    url = f"http://127.0.0.1:{port}"
    client = boto3.client("s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
    client.create_bucket(Bucket="heads", ObjectLockEnabledForBucket=True)
    client.put_object_lock_configuration(
        Bucket="heads", ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Years": 15}}}
    )
    yield url, client
    server.stop()


async def test_a_bucket_keeps_a_head_and_nobody_replaces_it(practice: Any, tmp_path: Path, s3: tuple[str, Any]) -> None:
    url, client = s3
    settings = {"bucket": "heads", "endpoint": url, "region": "us-east-1", "access_key_id": "test", "secret_access_key": "test"}
    (tmp_path / "bucket.json").write_text(json.dumps(settings))
    keys, anchor = new_keys(tmp_path, practice), open_bucket(json.loads((tmp_path / "bucket.json").read_text()))
    first, second = keys.sign(1, leaf_hash(b"1"), 5), keys.sign(2, leaf_hash(b"2"), 6)
    for head in (first, second, first):
        await anchor.put(head)
    forked = keys.sign(2, leaf_hash(b"else"), 7)
    await anchor.put(forked)
    kept = await anchor.kept(keys.log_id)
    assert {head.signature for head in kept.heads} == {first.signature, second.signature, forked.signature}
    versions = client.list_object_versions(Bucket="heads")["Versions"]
    assert len(versions) == 3
    for version in versions:
        with pytest.raises(client.exceptions.ClientError, match="AccessDenied"):
            client.delete_object(Bucket="heads", Key=version["Key"], VersionId=version["VersionId"])
    client.put_object(Bucket="heads", Key=f"audit-heads/{keys.log_id}/junk.json", Body=b"{")
    assert (await anchor.kept(keys.log_id)).damaged == 1
    other = HeadKeys.new(practice.ids.new())
    await anchor.put(other.sign(1, leaf_hash(b"1"), 5))
    assert await anchor.logs({}) == {keys.log_id, other.log_id}


async def test_what_is_put_over_a_head_or_marked_as_deleted_hides_nothing(practice: Any, tmp_path: Path, s3: tuple[str, Any]) -> None:
    """With the house's own credentials: a version cannot be taken away under object lock, but another one laid over it."""
    url, client = s3
    settings = {"bucket": "heads", "endpoint": url, "region": "us-east-1", "access_key_id": "test", "secret_access_key": "test", "prefix": "over"}
    keys, anchor = new_keys(tmp_path, practice), open_bucket(settings)
    first, second = keys.sign(1, leaf_hash(b"1"), 5), keys.sign(2, leaf_hash(b"2"), 6)
    await anchor.put(first)
    await anchor.put(second)
    forged = keys.sign(2, leaf_hash(b"else"), 6)
    names = [one["Key"] for one in client.list_objects_v2(Bucket="heads", Prefix="over/")["Contents"]]
    client.put_object(Bucket="heads", Key=names[1], Body=json.dumps(forged.document()).encode())
    assert {head.signature for head in (await anchor.kept(keys.log_id)).heads} == {first.signature, second.signature, forged.signature}
    for name in names:
        client.delete_object(Bucket="heads", Key=name)
    assert "Contents" not in client.list_objects_v2(Bucket="heads", Prefix="over/")
    assert len((await anchor.kept(keys.log_id)).heads) == 3
    assert await anchor.logs({}) == {keys.log_id}


async def test_a_bucket_that_is_away_is_an_anchor_that_failed(practice: Any, tmp_path: Path) -> None:
    anchor = open_bucket({"bucket": "none", "endpoint": "http://127.0.0.1:9", "region": "us-east-1", "access_key_id": "x", "secret_access_key": "x"})
    with pytest.raises(AnchorFailed):
        await anchor.put(new_keys(tmp_path, practice).sign(1, leaf_hash(b"1"), 5))
    with pytest.raises(AnchorFailed):
        await anchor.kept("01ARZ3NDEKTSV4RRFFQ69G5FAV")
    with pytest.raises(AnchorFailed):
        await anchor.logs({})


async def test_orders_do_not_wait_for_the_tree(practice: Any) -> None:
    """Entries are written and readable while nobody sequences."""
    await write_entries(practice, 5)
    assert await AuditEntry.filter(in_tree=None).count() == 5


async def test_whatever_a_store_or_another_house_answers_is_a_list_or_an_anchor_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fuzzed with a seed."""
    rng = random.Random(4180)
    good = (
        b"<R><IsTruncated>false</IsTruncated><Version><Key>a/b/c.json</Key><VersionId>1</VersionId></Version>"
        b"<CommonPrefixes><Prefix>a/b/</Prefix></CommonPrefixes></R>"
    )
    body = b'{"logs": [{"log": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "key": "0123456789abcdef"}]}'
    uploads = S3Uploads("b", "http://127.0.0.1:9", "us-east-1", "x", "x")
    endless = good.replace(b"false", b"true")
    for number in range(300):
        xml, text = (_damaged(rng, one, number % 5) for one in (good, body))

        async def answers(*_: Any, content: bytes = xml, **__: Any) -> bytes:
            return content

        monkeypatch.setattr(uploads, "ask", answers)
        try:
            assert await S3Versions(uploads).folders("a/") == ["b"] or number % 5
            assert len(await S3Versions(uploads).below("a/")) == 1 or number % 5
        except FilesAway:
            assert number % 5
        other = httpx.MockTransport(lambda _, content=text: httpx.Response(200, content=content))  # type: ignore[misc]
        try:
            assert await SecondHouseAnchor("http://h", transport=other).logs({"0123456789abcdef": b""}) or number % 5
        except AnchorFailed:
            assert number % 5


    async def more_without_end(*_: Any) -> bytes:
        return endless.replace(b"</R>", b"<NextKeyMarker>a/b/c.json</NextKeyMarker></R>")

    monkeypatch.setattr(uploads, "ask", more_without_end)
    with pytest.raises(FilesAway):
        await S3Versions(uploads).below("a/")


def _damaged(rng: random.Random, good: bytes, times: int) -> bytes:
    damaged = bytearray(good)
    for _ in range(times):
        damaged[rng.randrange(len(damaged))] = rng.randrange(256)
    return bytes(damaged)


def test_whatever_stands_in_a_row_as_its_time_is_judged() -> None:
    """Fuzzed with a seed: what is no time is no time that an entry can have."""
    rng = random.Random(2822)
    at = datetime(2026, 11, 20, tzinfo=UTC)
    for _ in range(300):
        bounds = Bounds([SignedHead("L", 5, b"", rng.choice((0, 2**52, int(at.timestamp() * 1000))), "", b""), SignedHead("L", 2, b"", 7, "", b"")])
        text = _damaged(rng, b"2026-11-20 02:00:00.000000+00:00", rng.randrange(4)).decode("latin-1")
        for moment in (text, None, 5, b"", at, at.replace(tzinfo=None)):
            assert bounds.too_early(rng.randrange(9), "01ARZ3NDEKTSV4RRFFQ69G5FAV", moment, at) in (True, False)
            assert bounds.too_late("01ARZ3NDEKTSV4RRFFQ69G5FAV", moment) in (True, False)
    bounds = Bounds([SignedHead("L", 5, b"", int(at.timestamp() * 1000), "", b"")])
    new, old, before = lowest_id(at), lowest_id(at - LONGEST - timedelta(seconds=1)), at - LONGEST - timedelta(seconds=1)
    assert [bounds.too_early(4, old, before, before), bounds.too_early(5, new, at, at), bounds.too_early(5, old, at, at)] == [False, False, True]
    for early in (before, before.replace(tzinfo=None), before.isoformat(" ", "microseconds"), "2026-11-20 02:00:00.000000+08:00", "nothing"):
        assert bounds.too_early(6, new, at, early)
        assert bounds.too_early(6, new, early, at)
