"""What the service sent, or tried to send, through the platforms' API: newest first, by person and by outcome."""

import json
from typing import Any

from .world import PeopleError, World

Body = dict[str, Any]
SHOWN = 100
LOOKED_AT = 2000
"""How far back is searched, in callbacks and calls: the page asks every few seconds."""
SUMMARY = 80
OUTCOMES = ("", "answered", "error")


def addressed(world: World, body: Body) -> Body:
    """Whom a call speaks to and what it says, for its record: {people: [key], type, summary}."""
    touser = body.get("touser") if isinstance(body.get("touser"), str) else ""
    known = {**world.by_userid, **world.by_mini_openid, **world.by_openid}
    everyone = list(world.by_userid.values()) if touser == "@all" else [known[one] for one in str(touser).split("|") if one in known]
    kind = body.get("msgtype")
    kind = kind if isinstance(kind, str) else "template" if "template_id" in body else "card_update" if "response_code" in body else ""
    return {"people": [person.key for person in everyone], "type": kind[:40], "summary": _summary(body, kind)[:SUMMARY]}


def _summary(body: Body, kind: str) -> str:
    part = body.get(kind)
    if isinstance(part, dict):
        title = part.get("main_title")
        for words in (part.get("content"), part.get("head_content"), part.get("title"), title.get("title") if isinstance(title, dict) else None):
            if isinstance(words, str) and words:
                return words
    data = body.get("data")
    if isinstance(data, dict):
        return " · ".join(str(item.get("value", "")) for item in data.values() if isinstance(item, dict))
    button = body.get("button")
    return str(button.get("replace_name", "")) if isinstance(button, dict) else ""


def listed(world: World, person: str, outcome: str) -> Body:
    """{sent: [{id, at, channel, address, people, type, summary, outcome, reason, errcode, status}]}, the latest hundred that fit."""
    if outcome not in OUTCOMES:
        raise PeopleError("outcome.invalid", 422, "结果只能是 answered 或 error")
    if person:
        world.person(person)
    rows = world.store.rows(
        "SELECT body FROM exchanges WHERE number > (SELECT max(number) FROM exchanges) - ? AND json_extract(body, '$.kind') = 'api'"
        " AND (? = '' OR json_extract(body, '$.outcome') = ?)"
        " AND (? = '' OR EXISTS (SELECT 1 FROM json_each(body, '$.people') WHERE value = ?)) ORDER BY number DESC LIMIT ?",
        LOOKED_AT, outcome, outcome, person, person, SHOWN,
    )  # fmt: skip
    names = ("id", "at", "channel", "address", "people", "type", "summary", "outcome", "reason", "errcode", "status", "warnings")
    return {"sent": [{name: found.get(name) for name in names} for found in (json.loads(row["body"]) for row in rows)]}
