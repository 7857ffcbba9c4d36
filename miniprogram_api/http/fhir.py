"""/fhir/R4: a case as FHIR R4 and what this face can do. Errors are OperationOutcomes; access and audit are those of the order."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from sanic import Blueprint, HTTPResponse, Request

from core.fhir import commands as fhir
from core.fhir.capability import capability_statement
from core.fhir.validation import BundleFaulty
from core.foundation.errors import DomainError, Invalid, NotFound, Unavailable
from miniprogram_api.http.api import by_order, carry_out, dumps, public

blueprint = Blueprint("fhir", url_prefix="/fhir/R4")

FHIR_JSON = "application/fhir+json"
_ISSUES = {401: "login", 403: "forbidden", 404: "not-found", 409: "conflict", 422: "invalid", 503: "transient"}


class OperationUnknown(NotFound):
    code = "fhir.operation_unknown"
    sentence = "没有这个操作。可以读 Encounter/编号/$everything,能做什么见 metadata。"


def _answer(body: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> HTTPResponse:
    return HTTPResponse(dumps(body), status, {"Cache-Control": "no-store", **(headers or {})}, content_type=FHIR_JSON)


def _outcome(error: DomainError) -> HTTPResponse:
    """The refusal as an OperationOutcome: its stable code as text, the sentence for the person as diagnostics."""
    kind = "processing" if isinstance(error, BundleFaulty) else _ISSUES.get(error.status, "processing")
    issue = {
        "severity": "error", "code": kind, "details": {"text": error.code}, "diagnostics": error.message
    }
    headers = {"Retry-After": str(error.retry_after_s)} if isinstance(error, Unavailable) else None
    return _answer({"resourceType": "OperationOutcome", "issue": [issue]}, error.status, headers)


def _base(request: Request) -> str:
    return f"{request.app.ctx.public_url.rstrip('/')}/fhir/R4"


@blueprint.get("/metadata")
@public("what this face can do holds no data")
async def metadata(request: Request) -> HTTPResponse:
    return _answer(capability_statement(_base(request)))


@blueprint.get("/Encounter/<consultation_id:str>/<operation:str>")
@by_order(fhir.Everything)
async def everything(request: Request, consultation_id: str, operation: str) -> HTTPResponse:
    """The whole case as a searchset Bundle. The operation is a parameter because the router matches a literal ``$`` in no spelling."""
    if operation not in ("$everything", "%24everything"):
        return _outcome(OperationUnknown())
    try:
        view = await carry_out(request, fhir.Everything(consultation_id=consultation_id, base=_base(request)))
    except ValidationError:
        return _outcome(Invalid())
    except DomainError as refusal:
        return _outcome(refusal)
    return _answer(view.bundle)
