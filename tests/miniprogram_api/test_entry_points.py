"""Every way in is walked by people who have no part in the case: each address, each named command, each phrase and button, each socket message.

That the orders behind them let in whom the table names is walked in tests/core/test_access_walk.py; here, that no way in goes round them.
"""

from __future__ import annotations

import ast
import contextlib
import json
import random
import re
import socket
import typing
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import httpx
import pytest

from bot.channels.connections import connect_channels
from bot.channels.message import ChannelName, Incoming, Kind
from bot.channels.settings import ChannelSettings
from bot.dialogue.buttons import ALONE, press
from bot.dialogue.phrases_said import answer
from bot.dialogue.state import DialogueState
from bot.dialogue.turn import Reply, Turn
from bot.phrases.definitions import PHRASES, TAPS
from bot.phrases.guidance import GUIDANCE
from bot.phrases.reader import read_phrase
from core.calls.commands import RequestSeat
from core.foundation.actor import Actor, Role
from core.foundation.errors import DomainError
from core.foundation.orders import Command, Order, Query, all_orders
from core.foundation.practice import Practice
from core.people.commands_sessions import OpenSession
from core.practice_rooms import load_rooms
from miniprogram_api.app import web
from miniprogram_api.app.credentials import generate
from miniprogram_api.app.settings import Settings
from miniprogram_api.http.api import RouteAccess
from miniprogram_api.realtime import messages
from miniprogram_api.realtime.session import CallSession
from tests.conftest import DatabaseUrls, _delete_all_rows
from tests.core.intake.small_engine import SmallEngine
from tests.miniprogram_api.app.serving import serving
from tests.support.county import SYSTEM
from tests.support.examples import NOWHERE, example
from tests.support.scene import Scene, scene_in, undone

load_rooms()
ROOT = Path(__file__).resolve().parents[2]
ORDERS = {name: order for name, order in all_orders().items() if not name.startswith("test.")}
WRONG = (
    "stranger", "away_village_doctor", "away_expert", "away_duty_doctor", "away_pharmacist", "away_scheduler", "away_administrator", "away_auditor",
    "former_expert",
)
"""One person of each role with real rows of his own and no part in the home case."""


@pytest.fixture(scope="module")
async def scene(database: DatabaseUrls, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    scene = await scene_in(tmp_path_factory.mktemp("scene"))
    scene.practice.engines.clinical = SmallEngine()
    yield scene
    await _delete_all_rows()


@pytest.fixture(scope="module")
async def face(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Any, httpx.AsyncClient]]:
    """The real web application over the scene, on a real socket."""
    folder = tmp_path_factory.mktemp("web")
    (folder / "secrets").mkdir()
    (folder / "secrets" / "demo.secret").write_text("secret-of-the-tests")
    chosen = ChannelSettings.model_validate(generate(random.Random(1).randbytes))
    apis = SimpleNamespace(official_account=None, mini_program=None, wecom=None, robot=None)
    house: Any = SimpleNamespace(practice=scene.practice, channel_settings=chosen, channels=connect_channels(chosen), apis=apis, redis=None)

    @contextlib.asynccontextmanager
    async def open_house(settings: Settings) -> AsyncIterator[Any]:
        yield house

    with patch.object(web, "open_house", open_house):
        app = web.build_app(Settings(demo=True, data_dir=folder, port=8000), f"ways-{random.getrandbits(40)}")
        listening = socket.create_server(("127.0.0.1", 0))
        async with serving(app, listening) as origin, httpx.AsyncClient(base_url=origin, trust_env=False, timeout=30) as client:
            yield app, client


async def bearer(scene: Scene, name: str) -> dict[str, str]:
    opened = await scene.practice.execute(SYSTEM, OpenSession(account_id=scene.people[name].account_id, kind="terminal"))
    return {"Authorization": f"Bearer {opened.token}"}


def order_routes(app: Any) -> Iterator[tuple[str, str, type[Order]]]:
    """Method, address and order of every route that gives one."""
    for route in app.router.routes:
        access = getattr(route.handler, "access", None)
        if isinstance(access, RouteAccess) and access.order is not None:
            for method in route.methods - {"OPTIONS"}:
                yield method, f"/{route.path}", access.order


OTHERWISE = {
    "conversations.finish_turn": "a sentence goes the way of the chats; named commands are walked below",
    "people.verify_phone": "the phone's number comes from the platform by a code; nobody else's can be given",
    "demonstration.move_clock": "the stage of the demonstration, behind its own secret",
    "demonstration.outbox": "the stage of the demonstration, behind its own secret",
    "people.open_session": "the stage of the demonstration, behind its own secret",
}
"""Routes whose order the system gives for the caller, and what stands in its place."""


_TUS = {"Tus-Resumable": "1.0.0", "Upload-Length": "10", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}


def request_for(scene: Scene, method: str, path: str, order: type[Order]) -> dict[str, Any]:
    """The request that gives the example of ``order``."""
    fields = json.loads(example(order, scene).model_dump_json(exclude_unset=True))
    if order.name == "oversight.break_glass":
        fields["patient_id"] = scene.values["patient_id"]
    named = re.findall(r"<(\w+)(?::\w+)?>", path)
    if "number" in named:
        fields["number"] = str(fields.pop("frame"))
    for name in named:
        value = "$everything" if name == "operation" else fields.pop(name, scene.values.get(name, NOWHERE))
        path = re.sub(rf"<{name}(?::\w+)?>", str(value), path)
    if "/uploads" in path and method != "GET":
        return {"method": method, "url": path, "headers": _TUS, "content": b"" if method in ("HEAD", "DELETE") else b"0123456789"}
    if method == "GET":
        return {"method": method, "url": path, "params": {name: value for name, value in fields.items() if value is not None}}
    return {"method": method, "url": path, "json": fields}


def _wrong_for(scene: Scene, order: type[Order], turn: int) -> list[str]:
    """Of those who may not give it: everybody of a role that may in another relation, and one of the others, each in turn."""
    out = [name for name in WRONG if not scene.may(name, order)]
    near = [name for name in out if any(grant.role is not Role.VISITOR and scene.people[name].holds(grant.role) for grant in order.access)]
    far = [name for name in out if name not in near]
    return near + ([far[turn % len(far)]] if far else [])


@pytest.mark.storage
async def test_no_address_opens_for_who_has_no_part_in_it(face: tuple[Any, httpx.AsyncClient], scene: Scene) -> None:
    app, client = face
    headers = {name: await bearer(scene, name) for name in WRONG}
    wrong, asked = [], 0
    for method, path, order in order_routes(app):
        if order.name in OTHERWISE:
            continue
        request = request_for(scene, method, path, order)
        if (await client.request(**request)).status_code != 401:
            wrong.append(f"{method} {path} answers nobody in particular")
        for name in _wrong_for(scene, order, asked):
            asked += 1
            response = await client.request(**(request | {"headers": request.get("headers", {}) | headers[name]}))
            if response.status_code != 403:
                wrong.append(f"{method} {path} ({order.name}) as {name}: {response.status_code} {response.text[:120]}")
    assert not wrong, "\n".join(wrong)
    assert asked > 200


@pytest.mark.storage
async def test_no_named_command_opens_for_who_has_no_part_in_it(face: tuple[Any, httpx.AsyncClient], scene: Scene) -> None:
    _, client = face
    headers = {name: await bearer(scene, name) for name in WRONG}
    wrong = []
    for place, (name, order) in enumerate(ORDERS.items()):
        who = WRONG[place % len(WRONG)]
        if scene.may(who, order):
            continue
        arguments = json.loads(example(order, scene).model_dump_json(exclude_unset=True))
        response = await client.post("/v1/commands", json={"command": name, "arguments": arguments}, headers=headers[who])
        needs = response.status_code == 422 and response.json()["code"] in ("command.needs_file", "command.needs_words")
        if response.status_code != 403 and not needs:
            wrong.append(f"{name} as {who}: {response.status_code} {response.text[:120]}")
    assert not wrong, "\n".join(wrong)


class _Spoken(Turn):
    """A turn without a stored message behind it."""

    async def settle(self, key: str, look_up: Any) -> Any:
        return await look_up()


class _Watched:
    """The scene's practice, which notes every order that is carried out and for whom."""

    def __init__(self, practice: Practice) -> None:
        self._practice = practice
        self.done: list[tuple[Actor, Order]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._practice, name)

    async def execute(self, actor: Actor, command: Command, *, idempotency_key: str | None = None) -> Any:
        result = await self._practice.execute(actor, command, idempotency_key=idempotency_key)
        self.done.append((actor, command))
        return result

    async def ask(self, actor: Actor, query: Query) -> Any:
        result = await self._practice.ask(actor, query)
        self.done.append((actor, query))
        return result


def turn_of(scene: Scene, name: str, text: str, practice: Any) -> Turn:
    staff = any(scene.people[name].holds(role) for role in Role if role not in (Role.PATIENT, Role.VISITOR, Role.SYSTEM))
    channel = ChannelName.WECOM_APP if staff else ChannelName.OFFICIAL_ACCOUNT
    incoming = Incoming.model_construct(
        channel=channel, kind=Kind.TEXT, text=text, group=False, tap=None, media=(), place=None, sender="x", message_id="m"
    )
    return _Spoken(practice, scene.people[name], incoming, scene.practice.ids.new(), NOWHERE, DialogueState())


async def judge(scene: Scene, name: str, what: str, reply: Any) -> list[str]:
    """What is wrong with how ``reply``, a way to make the reply in a turn, was met for ``name``."""
    watched = _Watched(scene.practice)
    said: Reply | None = None
    async with undone():
        with contextlib.suppress(DomainError):
            said = await reply(watched)
    at_home = {str(value) for value in scene.values.values()}
    wrong = []
    for actor, order in watched.done:
        if actor.account_id != scene.people[name].account_id:
            wrong.append(f"{what} of {name} gave {order.name} as somebody else")
        elif not scene.may(name, type(order)) and not at_home.isdisjoint(str(value) for _, value in order):
            wrong.append(f"{what}: {order.name} was carried out for {name}")
    shown = "" if said is None else "".join(shape.model_dump_json() for shape in (*said.shapes, *said.aside))
    if told := [one for one in scene.secret if one in shown and not what.endswith(one)]:
        wrong.append(f"{what} tells {name} of her: {told}")
    return wrong


@pytest.mark.storage
async def test_no_phrase_tells_or_does_anything_for_who_has_no_part_in_it(scene: Scene) -> None:
    code, alert = _codes(scene)
    wrong, said = [], 0
    for name in scene.unconcerned:
        actor = scene.people[name]
        staff = turn_of(scene, name, "", scene.practice).staff
        for phrase in PHRASES:
            text = re.sub(r"C-\w+", code, re.sub(r"A-\w+", alert, phrase.example))
            found = read_phrase(text, actor, staff=staff)
            if found is None:
                continue
            said += 1
            turns = lambda practice, found=found, text=text, name=name: answer(turn_of(scene, name, text, practice), found)  # noqa: E731
            wrong += [one for one in await judge(scene, name, f"«{phrase.names[0]}»", turns) if not one.endswith(f"['{code}']")]
    assert not wrong, "\n".join(wrong)
    assert said > 100


def _codes(scene: Scene) -> tuple[str, str]:
    return next(one for one in scene.secret if re.fullmatch(r"C-\w{4,6}", one)), "A-5T8N"


KEYS = {
    "accept": "offer_id", "defer": "offer_id", "decline": "offer_id:no_time", "acknowledge": "alert_id", "ask": "consultation_id:practitioner_id",
    "todo": "consultation_id", "progress": "", "confirm": "consultation_id", "no_material": "consultation_id", "cancel": "consultation_id:better",
    "break_glass": "nowhere", "sign_opinion": "consultation_id:nowhere", "sign_decision": "consultation_id:opinion_id:nowhere",
    "decide": "agree:consultation_id:opinion_id", "sign_agree": "consultation_id:opinion_id", "sign_partly": "consultation_id:nowhere:opinion_id",
    "sign_disagree": "consultation_id:nowhere:opinion_id", "complete": "consultation_id", "dose": "aspirin_chewed:consultation_id",
    "dose_clear": "aspirin_chewed:0:consultation_id", "dose_hit": "aspirin_chewed:bleeding:consultation_id",
    "dose_skip": "aspirin_chewed:consultation_id", "sign_dose": "aspirin_chewed:consultation_id",
    "dose_seen": "dose_id", "propose": "consultation_id:nowhere", "revise": "prescription_id:nowhere", "fact": "no_allergy:consultation_id",
    "rx_sign": "prescription_id:1", "rx_refer": "prescription_id", "sign_rx": "prescription_id:1", "rx_pass": "prescription_id",
    "rx_back": "prescription_id", "rx_return": "prescription_id:1:nowhere", "rx_release": "prescription_id:1",
    "follow": "patient_id:hypertension", "visit": "plan_id", "end_follow": "plan_id:finished", "pickup": "prescription_id", "cost": "prescription_id",
    "slots": "03.01", "book": "slot_id", "cancel_appointment": "appointment_id", "signs": "plan_id", "no_signs": "", "why": "", "correct": "",
    "assign": "consultation_id:practitioner_id", "reassign": "consultation_id:practitioner_id", "nudge": "consultation_id",
    "roster": "all:20261220-1:0",
    "set_shift": "practitioner_id:expert:2-720-1080", "leave": "practitioner_id:202612200900:202612201200", "end_leave": "absence_id",
    "upload": "consultation_id", "call_experts": "consultation_id", "case": "consultation_id",
    "time_ok": "consultation_id:proposal_id", "time_to": "consultation_id:202612200900", "time_other": "consultation_id",
    "ask_material": "consultation_id", "no_such": "consultation_id:request_id:cannot",
    "change_subject": "", "body_map": "", "help": "", "human": "", "village_doctor": "", "keep": "", "join": "nowhere:apart",
    "withdraw": "patient_id:care", "picture": "consultation_id:nowhere", "pictures": "consultation_id",
    "photo_case": "consultation_id:nowhere", "photo_consent": "consultation_id:nowhere", "photo_image": "consultation_id:nowhere",
    "photo_other": "consultation_id:nowhere", "not_consent": "consultation_id:nowhere",
}
"""What each button carries, by the names of the scene's values."""


@pytest.mark.storage
async def test_no_button_tells_or_does_anything_for_who_has_no_part_in_it(scene: Scene) -> None:
    assert set(KEYS) >= set(TAPS), "a button without a key in this test"
    values = scene.values | {"nowhere": NOWHERE}
    wrong = []
    for verb, carries in KEYS.items():
        key = ":".join([verb, *(str(values.get(part, part)) for part in carries.split(":") if part)])
        for name in scene.unconcerned:
            pressed = lambda practice, key=key, name=name: press(turn_of(scene, name, "", practice), key)  # noqa: E731
            # A button's own key comes back in the buttons of the answer: whoever presses it has it already.
            found = await judge(scene, name, f"【{verb}】", pressed)
            wrong += [one for one in found if not (" tells " in one and one.count("'") == 2 and any(str(each) in one for each in values.values()))]
    assert not wrong, "\n".join(wrong)


def test_every_phrase_and_every_button_that_is_understood_is_declared_with_its_order() -> None:
    said = _cases(ROOT / "bot/dialogue/phrases_said.py")
    assert said | {"correct"} == {phrase.key for phrase in PHRASES}
    pressed = _cases(ROOT / "bot/dialogue/buttons.py") | set(GUIDANCE)
    assert pressed == set(TAPS)
    assert set(TAPS) >= ALONE
    for order in (*(phrase.order for phrase in PHRASES), *TAPS.values()):
        assert ORDERS.get(order.name) is order


def _cases(path: Path) -> set[str]:
    """The words that the ``match``es of a file know."""
    return {
        str(value.value.value) for case in ast.walk(ast.parse(path.read_text())) if isinstance(case, ast.match_case)
        for value in ast.walk(case.pattern) if isinstance(value, ast.MatchValue) and isinstance(value.value, ast.Constant)
    }


class _Wire:
    """A socket whose other end says what it is told to."""

    def __init__(self, *said: str) -> None:
        self._said, self.heard = list(said), list[dict[str, Any]]()

    async def recv(self) -> str:
        return self._said.pop(0)

    async def send(self, message: str) -> None:
        self.heard.append(json.loads(message))


@pytest.mark.storage
async def test_no_ticket_opens_for_whom_it_was_not_given_and_nothing_comes_before_the_ticket(scene: Scene) -> None:
    from_client = set(typing.get_args(typing.get_args(messages.FromClient)[0]))
    assert set(messages.MEANS) == from_client
    for kind in from_client - {messages.Hello, messages.Again}:
        fields = {
            "type": typing.get_args(kind.model_fields["type"].annotation)[0], "sdp": "x", "audio": True, "video": True, "loss": 0, "rtt_ms": 1,
            "seat": "student", "muted": True, "locked": True, "place": NOWHERE, "invitation": NOWHERE, "image": NOWHERE, "raised": True, "count": 1,
            "called": "某", "text": "某", "recording_id": "01J0000000000000000000000A", "agree": True,
        }  # fmt: skip
        wire = _Wire(json.dumps({name: value for name, value in fields.items() if name in kind.model_fields}))
        await CallSession(wire, scene.practice, None, None, scene.people["village_doctor"]).run()  # type: ignore[arg-type]
        assert [one["code"] for one in wire.heard] == ["call.ticket_missing"], kind
    for name, actor in scene.people.items():
        if name == "village_doctor" or actor.is_system:
            continue
        wire = _Wire(json.dumps({"type": "hello", "ticket": scene.values["ticket"]}))
        await CallSession(wire, scene.practice, None, None, actor).run()  # type: ignore[arg-type]
        assert [one["code"] for one in wire.heard] == ["access.denied"], name


@pytest.mark.storage
async def test_whoever_comes_again_without_a_ticket_gets_what_a_ticket_would_have_given_him(scene: Scene) -> None:
    consultation = scene.values["consultation_id"]
    for name in WRONG:
        with pytest.raises(DomainError) as refused:
            await scene.practice.execute(scene.people[name], RequestSeat(consultation_id=consultation))
        wire = _Wire(json.dumps({"type": "again", "consultation_id": consultation}))
        await CallSession(wire, scene.practice, None, None, scene.people[name]).run()  # type: ignore[arg-type]
        assert [one["code"] for one in wire.heard] == [refused.value.code], name


ROWS = {"Notification", "CardRecord", "Rung", "Conversation", "Message", "Identity", "RuleSignature", "AuditHead", "KeyRenewal", "WrappedKey"}
"""Rows that code above the practice reads itself: what was said and told, never what stands in a record."""

OPERATORS = {
    "miniprogram_api/app/register_import.py": {"Organisation", "Practitioner"}, "miniprogram_api/cli/": {"Organisation", "Practitioner"},
    "miniprogram_api/backups/": {"Blob", "KeyringEdition"},
    # Codes that he typed become patients' ids; what a copy may hold of them is decided by orders.
    "miniprogram_api/app/deidentifying.py": {"Consultation", "Patient"},
}  # fmt: skip
"""What the operator on the machine itself compares a file with, or names by a code. Nothing of a patient but the id."""


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for package in ("bot", "miniprogram_api"):
        for path in sorted((ROOT / package).rglob("*.py")):
            where = path.relative_to(ROOT).as_posix()
            if not where.startswith("bot/simulator"):
                yield where, ast.parse(path.read_text())


def test_nothing_above_the_practice_reads_records_but_by_orders() -> None:
    """Which orders are given as the system: test_as_system.py."""
    for where, tree in _modules():
        if where.startswith("miniprogram_api/app/demo"):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module and re.fullmatch(r"core\..*models", node.module):
                rows = {name.name for name in node.names}
                known = ROWS.union(*(more for place, more in OPERATORS.items() if where.startswith(place)))
                assert rows <= known, f"{where} reads {rows - known} past the orders"
