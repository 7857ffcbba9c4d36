"""/v1/audit/heads: signed tree heads of other houses' audit logs, kept here so that theirs cannot be rewritten unnoticed.

No person is signed in here: a head is taken only with the signature of a key that the operators of both houses agreed on, and holds hashes alone.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path

from sanic import Blueprint, HTTPResponse, Request
from sanic.response import json as json_response

from core.foundation.audit.heads import key_id_of
from core.foundation.audit.witness import HeadsKept, KeepHead, heads_kept, logs_kept, take_in
from miniprogram_api.http.api import dumps, json_object, practice_of, public

logger = logging.getLogger("huizhen.audit")

blueprint = Blueprint("audit_heads", url_prefix="/v1/audit")


@blueprint.post("/heads")
@public("another house's signature is what lets a head in")
async def keep(request: Request) -> HTTPResponse:
    """200 when the head is kept (or was), 409 ``heads.contradict`` when it does not go on from the one that is kept."""
    order = KeepHead.model_validate(json_object(request))
    await take_in(practice_of(request), agreed_keys(request.app.ctx.witnessed_file), order)
    return json_response({"kept": True}, dumps=dumps)


@blueprint.get("/heads/<log_id:str>")
@public("heads are hashes and signatures, made to be shown")
async def kept(request: Request, log_id: str) -> HTTPResponse:
    """``?after=<tree size>`` for a page of heads beyond it, ``?latest=1`` for the last one."""
    order = HeadsKept.model_validate({"log_id": log_id, "after": request.args.get("after", "0"), "latest": request.args.get("latest", "0")})
    view = await heads_kept(practice_of(request), order)
    return json_response(view.model_dump(mode="json"), dumps=dumps)


@blueprint.get("/logs")
@public("ids of logs and of public keys, made to be shown")
async def logs(request: Request) -> HTTPResponse:
    """Every log that heads are kept of, with the id of the key of its last one: a house sees which of its logs is known here."""
    view = await logs_kept(practice_of(request))
    return json_response(view.model_dump(mode="json"), dumps=dumps)


def agreed_keys(file: Path) -> dict[str, dict[str, bytes]]:
    """Public keys by id by log, as the operator wrote them: ``{"<log>": ["<public key in hexadecimal>", …]}``; none without a file of that form."""
    try:
        written = json.loads(file.read_text("utf-8"))
        agreed = {log: [bytes.fromhex(key) for key in keys] for log, keys in written.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError):
        logger.error("secrets/witnessed.json cannot be used: no head of another house is taken")
        return {}
    return {log: {key_id_of(key): key for key in keys} for log, keys in agreed.items()}
