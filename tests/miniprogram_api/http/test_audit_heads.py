"""Two houses: one keeps the other's heads, over real HTTP, and refuses a history that was rewritten."""

from __future__ import annotations

import asyncio
import json
import random
from pathlib import Path
from typing import Any

import pytest

from core.foundation.audit.anchoring import Anchorer, latest_head
from core.foundation.audit.anchors import AnchorContradicts, AnchorFailed
from core.foundation.audit.findings import What
from core.foundation.audit.models import AuditHead, AuditLeaf, AuditNode, AuditTree, WitnessedHead
from core.foundation.audit.second_house import SecondHouseAnchor
from core.foundation.audit.sequencer import Sequencer
from core.foundation.audit.verify import verify
from core.foundation.models import AuditEntry
from tests.core.foundation.audit.stage import grow, new_keys
from tests.miniprogram_api.http.conftest import Face

pytestmark = pytest.mark.storage


async def nobody(kind: str, anchor: str) -> None:
    """Nobody is told here."""


@pytest.fixture
def keys(face: Face, tmp_path: Path) -> Any:
    made = new_keys(tmp_path / "other", face.practice)
    (tmp_path / "secrets" / "witnessed.json").write_text(json.dumps({made.log_id: [key.hex() for key in made.public.values()]}))
    return made


@pytest.fixture
def anchor(face: Face) -> SecondHouseAnchor:
    return SecondHouseAnchor(str(face.client.base_url))


async def test_heads_are_kept_and_given_back(face: Face, keys: Any, anchor: SecondHouseAnchor) -> None:
    practice = face.practice
    anchorer = Anchorer(practice, keys, [anchor], nobody)
    for count in (5, 30, 1, 200):
        await grow(practice, count)
        await anchorer.run_once()
    kept = await anchor.kept(keys.log_id)
    sizes = [head.tree_size for head in kept.heads]
    assert len(sizes) == 4
    assert kept.damaged == 0
    head = await latest_head()
    assert head is not None
    await anchor.put(head)  # the same again
    assert await WitnessedHead.all().count() == 4
    report = await verify(keys.public, keys.log_id, [anchor])
    assert (report.clean, report.anchored) == (True, {"house": 4})


async def test_a_log_that_was_given_up_silently_is_still_known_there(face: Face, keys: Any, anchor: SecondHouseAnchor, tmp_path: Path) -> None:
    """The other house keeps logs of several; ours are those that a key of ours signed."""
    practice = face.practice
    assert await anchor.logs(keys.public) == frozenset()
    await grow(practice, 5)
    await Anchorer(practice, keys, [anchor], nobody).run_once()
    assert await anchor.logs(keys.public) == {keys.log_id}
    assert await anchor.logs({}) == frozenset()
    anew = keys.begun_anew(tmp_path / "other" / "audit.key", practice.ids.new(), 0)
    report = await verify(anew.public, anew.log_id, [anchor])
    assert (What.LOG_ABANDONED, keys.log_id, 5) in {(one.what, one.row, one.upto) for one in report.findings}
    assert report.without == ["house"]


async def test_a_rewritten_history_is_refused_there(face: Face, keys: Any, anchor: SecondHouseAnchor) -> None:
    practice = face.practice
    ids = await grow(practice, 20)
    await Anchorer(practice, keys, [anchor], nobody).run_once()
    await AuditEntry.filter(id=ids[3]).update(subject_id="another")
    for table in (AuditLeaf, AuditNode, AuditTree, AuditHead):
        await table.all().delete()
    await AuditEntry.all().update(in_tree=None)
    await Sequencer(practice, "one").run_once()
    await grow(practice, 7)
    anchorer = Anchorer(practice, keys, [anchor], nobody)
    await anchorer.run_once()
    head = await latest_head()
    assert head is not None
    with pytest.raises(AnchorContradicts):
        await anchor.put(head)
    forked = keys.sign(20, b"f" * 32, 1)
    with pytest.raises(AnchorContradicts):
        await anchor.put(forked)
    with pytest.raises(AnchorContradicts):
        await anchor.put(keys.sign(3, b"f" * 32, 1))
    assert await WitnessedHead.all().count() == 1


async def test_only_agreed_keys_are_taken(face: Face, keys: Any, anchor: SecondHouseAnchor, tmp_path: Path) -> None:
    stranger = new_keys(tmp_path / "stranger", face.practice)
    body = {"head": stranger.sign(3, b"x" * 32, 1).document(), "first": 0, "path": []}
    answer = await face.client.post("/v1/audit/heads", json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "heads.unknown_log")
    forged = keys.sign(3, b"x" * 32, 1).document() | {"root": "00" * 32}
    answer = await face.client.post("/v1/audit/heads", json=body | {"head": forged})
    assert (answer.status_code, answer.json()["code"]) == (422, "heads.bad_signature")
    assert not await WitnessedHead.all().exists()


@pytest.mark.parametrize("written", ["", "[]", '{"x": 1}', '{"x": ["zz"]}', '{"x": null}'])
async def test_a_list_of_houses_that_cannot_be_used_lets_nobody_in(face: Face, keys: Any, tmp_path: Path, written: str) -> None:
    (tmp_path / "secrets" / "witnessed.json").write_text(written)
    answer = await face.client.post("/v1/audit/heads", json={"head": keys.sign(3, b"x" * 32, 1).document(), "first": 0, "path": []})
    assert (answer.status_code, answer.json()["code"]) == (403, "heads.unknown_log")


async def test_two_heads_at_once_cannot_fork_what_is_kept(face: Face, keys: Any) -> None:
    """Two first heads that contradict each other, sent together many times: one is kept."""
    heads = [keys.sign(size, bytes([size]) * 32, 1).document() for size in range(1, 9)]
    answers = await asyncio.gather(*(face.client.post("/v1/audit/heads", json={"head": head, "first": 0, "path": []}) for head in heads))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    assert await WitnessedHead.all().count() == 1


async def test_whatever_comes_in_is_refused_clearly(face: Face, keys: Any) -> None:
    rng = random.Random(9457)
    good = {"head": keys.sign(3, b"x" * 32, 1).document(), "first": 0, "path": []}
    values: tuple[Any, ...] = (None, "", "zz", -1, 2**60, 1.5, True, [], {}, "A" * 26, "0" * 64, ["0" * 64] * 200, "é")
    for _ in range(60):
        body: Any = json.loads(json.dumps(good))
        place = rng.choice((body, body["head"]))
        name = rng.choice(sorted(place))
        place[name] = rng.choice(values)
        answer = await face.client.post("/v1/audit/heads", json=body)
        assert answer.status_code in (200, 403, 409, 422), (name, body)
    for raw in (b"", b"{", b"[]", b"\xff" * 50):
        assert (await face.client.post("/v1/audit/heads", content=raw)).status_code == 422
    for path in ("x", "01ARZ3NDEKTSV4RRFFQ69G5FAV?after=x", "01ARZ3NDEKTSV4RRFFQ69G5FAV?latest=7"):
        assert (await face.client.get(f"/v1/audit/heads/{path}")).status_code == 422
    assert (await face.client.get("/v1/audit/heads/01ARZ3NDEKTSV4RRFFQ69G5FAV")).json() == {"heads": []}


async def test_a_house_that_is_away_is_an_anchor_that_failed(face: Face, keys: Any) -> None:
    for url in ("http://127.0.0.1:9", "not a url"):
        away = SecondHouseAnchor(url)
        with pytest.raises(AnchorFailed):
            await away.put(keys.sign(1, b"x" * 32, 1))
        with pytest.raises(AnchorFailed):
            await away.kept(keys.log_id)
        with pytest.raises(AnchorFailed):
            await away.logs(keys.public)


async def test_the_entry_says_from_which_network_and_in_which_session(face: Face) -> None:
    from tests.support.county import seed_small

    county = await seed_small(face.practice)
    answer = await face.client.get("/v1/appointments", headers=await face.bearer(county.woman_account.account_id))
    assert answer.status_code == 200
    entry = await AuditEntry.filter(action="appointments.mine").order_by("-id").first()
    assert entry is not None
    assert (entry.address, entry.account_id) == ("127.0.0.0/24", county.woman_account.account_id)
    assert entry.session_id
