"""schemathesis on the published OpenAPI: whatever fits the description, from whomever, is answered as described, never by a 500, and nobody
without a part in a case is told anything of it.

Cases are drawn by schemathesis for every operation; half of their ids become those of a real case, and a third is then damaged by hand. 1,000 are
asked in `make test` (250 again on MariaDB), 10,000 in `make soak`. Drawing costs more than asking: in `make test` each is asked twice, by whoever and
damaged however the lot falls; in `make soak` each is another one.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import integers
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from bot.channels.api.errors import CodeInvalid
from core.foundation.actor import Actor
from miniprogram_api.http import commands, images, limits
from tests.core.dispatch.line_engine import LineEngine
from tests.miniprogram_api.http.conftest import Face
from tests.support.scene import Scene, open_scene

FULL = os.environ.get("HUIZHEN_TEST_SCALE") == "full"
ON_MARIADB = os.environ.get("HUIZHEN_TEST_DATABASE") == "mariadb"
CASES = 10_000 if FULL else 250 if ON_MARIADB else 1_000
pytestmark = [pytest.mark.storage, pytest.mark.timeout(3600 if FULL else 300)]
AT_ONCE = 4
SEED = 4
NOBODY = "nobody"
CHECKS = [content_type_conformance, response_schema_conformance, status_code_conformance]
OPENS_BY_ITSELF = ("/v1/break-glass",)
"""Who breaks the glass may see: not sent for those who are to see nothing."""
JUNK: tuple[Any, ...] = (None, "", 0, -1, 1e308, True, [], {}, "\x00", "\ud800", "x" * 5000, "王" * 50, [[]], {"a": {"b": []}}, "9" * 40, "0" * 26)


class Platform:
    """WeChat refuses every code that was drawn."""

    async def phone_number(self, _code: str) -> None:
        raise CodeInvalid("getuserphonenumber", 40029)


def drawn(description: dict[str, Any], count: int) -> list[schemathesis.Case]:
    """``count`` cases or a few more, as many of each operation."""
    open_to_all = {**description, "components": {"schemas": description["components"]["schemas"]}}
    open_to_all.pop("security")
    # What only the demonstration has is open to whoever runs it.
    open_to_all["paths"] = {path: operations for path, operations in description["paths"].items() if not path.startswith("/v1/demo/")}
    operations = [found.ok() for found in schemathesis.openapi.from_dict(open_to_all).get_all_operations()]
    each = -(-count // len(operations))
    cases: list[schemathesis.Case] = []
    for operation in operations:
        @seed(SEED)
        @settings(max_examples=each, database=None, phases=[Phase.generate], deadline=None, suppress_health_check=list(HealthCheck))
        @given(operation.as_strategy(), integers())
        def keep(case: schemathesis.Case, _number: int) -> None:
            # The number makes an operation without fields, which has one case, one to ask as often as the others, by different people.
            cases.append(case)

        keep()
    return cases


def with_real_ids(values: Any, scene: Scene, rng: random.Random) -> Any:
    if not isinstance(values, dict):
        return values
    real = {name: scene.values[name] for name in values if isinstance(scene.values.get(name), str) and rng.random() < 0.5}
    return {**values, **real}


def damaged(body: Any, rng: random.Random) -> Any:
    if not isinstance(body, dict):
        return rng.choice(JUNK)
    body = dict(body)
    name = rng.choice([*body, "unknown"])
    if rng.random() < 0.3:
        body.pop(name, None)
    else:
        body[name] = rng.choice(JUNK)
    return body


async def test_nothing_that_fits_the_description_breaks_it_or_tells_strangers(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = await open_scene(face.practice)
    face.practice.engines.clinical = LineEngine()
    face.app.ctx.house.apis.mini_program = Platform()
    monkeypatch.setattr(limits, "LIMITS", ())
    monkeypatch.setattr(commands, "WAIT_S", 0.02)
    monkeypatch.setattr(images, "FRAME_WAIT_S", 0.02)
    description = (await face.client.get("/v1/openapi.json")).json()
    rng = random.Random(SEED)
    people: dict[str, Actor | None] = {NOBODY: None, **{name: actor for name, actor in scene.people.items() if not actor.is_system}}
    strangers = {NOBODY, *scene.unconcerned} & people.keys()
    bearers: dict[str, dict[str, str]] = {}
    # As they were drawn: real ids are written into a case when it is asked.
    waiting = [(case, case.path_parameters, case.query, case.body) for case in drawn(description, CASES if FULL else CASES // 2)]
    if not FULL:
        waiting += waiting
    rng.shuffle(waiting)
    troubles: list[str] = []
    counts: dict[int, int] = {}

    async def bearer(name: str) -> dict[str, str]:
        actor = people[name]
        return {} if actor is None else await face.bearer(actor.account_id)

    async def ask(case: schemathesis.Case, path_parameters: Any, query: Any, body: Any, name: str) -> None:
        case.path_parameters = with_real_ids(path_parameters, scene, rng)
        case.query = with_real_ids(query, scene, rng)
        case.body = with_real_ids(body, scene, rng)
        kwargs = case.as_transport_kwargs(base_url=str(face.client.base_url))
        content = kwargs.get("data")
        if "json" in kwargs:
            body = damaged(kwargs["json"], rng) if rng.random() < 0.3 else kwargs["json"]
            content = json.dumps(body).encode("utf-8", "replace")
        held = bearers[name] if name in bearers else await bearer(name)
        bearers[name] = held
        headers = {**kwargs.get("headers", {}), **held}
        if content is not None:
            headers.setdefault("Content-Type", "application/json")
        try:
            answer = await face.client.request(kwargs["method"], kwargs["url"], params=kwargs.get("params") or None, content=content, headers=headers)
        except (httpx.InvalidURL, UnicodeEncodeError):
            return
        counts[answer.status_code] = counts.get(answer.status_code, 0) + 1
        where = f"{case.operation.label} as {name}: {answer.status_code}"
        if answer.status_code == 401:
            bearers.pop(name, None)  # It may have ended its own session.
        if answer.status_code >= 500:
            troubles.append(f"{where} {answer.text[:200]} for {content!r:.300}")
        if name in strangers and (told := [one for one in scene.secret if one in answer.text]):
            troubles.append(f"{where} tells {told}")
        try:
            case.validate_response(answer, checks=CHECKS)
        except BaseException as failure:  # schemathesis raises groups of its own; anything else is a trouble as well
            troubles.append(f"{where} {answer.headers.get('content-type')} {answer.text[:200]}: {failure!r:.600}")

    async def work() -> None:
        while waiting:
            (case, *fields), name = waiting.pop(), rng.choice(list(people))
            if name in strangers and case.path.startswith(OPENS_BY_ITSELF):
                continue
            await ask(case, *fields, name)

    asked = len(waiting)
    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    assert not troubles, f"{len(troubles)} of {asked}:\n" + "\n".join(sorted(set(troubles))[:12])
    assert asked >= CASES
    # The description lets through what is right: without this the test would go by refusals alone.
    assert counts.get(200, 0) > asked // 20, counts
