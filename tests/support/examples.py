"""An example of every order, naming the rows of the scene where it names any, so that whoever may give it is let in."""

from __future__ import annotations

import inspect
import re
import types
import typing
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Any

from pydantic import BaseModel, ValidationError

from core.foundation.orders import Order
from tests.core.prescriptions.pharmacy import item
from tests.support.county import id_number
from tests.support.scene import MEMBER, Scene

NOWHERE = "01ARZ3NDEKTSV4RRFFQ69G5FAW"
DIGEST = "0" * 64
_WORDS = "某某某"


def example(order: type[Order], scene: Scene, **differently: Any) -> Order:
    """``order`` about the home case; ``differently`` replaces fields. A field that no table below knows gets a well-formed value."""
    known = scene.values | _PLAIN | _PARTICULAR.get(order.name, {})
    own: dict[str, Any] = {}
    if order.name == "people.enlist_patient":
        own = {"practitioner_id": scene.people["village_doctor"].practitioner_id}
    elif order.name == "oversight.break_glass":
        own = {"patient_id": scene.values["patient_id"], "reason": "rescue", "words": "抢救中,要马上知道过敏和用药"}
    values = {}
    for name, field in order.model_fields.items():
        if name in (own | differently):
            values[name] = (own | differently)[name]
        elif name in _PARTICULAR.get(order.name, {}):
            values[name] = _PARTICULAR[order.name][name]
        elif field.is_required():
            values[name] = known[name] if name in known else _value(field.annotation, field)
    try:
        return order.model_validate(values)
    except ValidationError as error:
        raise AssertionError(f"{order.name} has no example: {error.errors(include_input=False)}") from None


_PLAIN: dict[str, Any] = {
    "sha256": DIGEST, "digest": DIGEST, "size": 10, "blob_id": NOWHERE, "full_name": "孟小明", "id_number": id_number(date(1990, 1, 1), 77),
    "phone": "19900000077", "member_number": MEMBER, "scheme": "residents", "reason": "说明一下原因", "advice": "多休息",
    "starts_at": datetime(2026, 12, 20, 1, 0, tzinfo=UTC), "ends_at": datetime(2026, 12, 21, 1, 0, tzinfo=UTC),
    "step": "1", "region_code": "522727", "text": "胸痛 两小时",
    "valid_from": date(2026, 1, 1), "valid_until": date(2027, 12, 31), "department_code": "03.01",
}
_DRUGS: Any = (item("amlodipine", "5"),)
_PARTICULAR: dict[str, dict[str, Any]] = {
    "appointments.open_slots": {"minutes": 30, "count": 2},
    "appointments.set_shift": {"weekdays": (1,), "start_minute": 0, "end_minute": 60},
    "coverage.reverse_claim": {"reason": "药品退回"},
    "followups.end": {"reason": "finished"},
    "intake.close": {"reason": "finished"},
    "notifications.trouble": {"account": "wecom:ww1:1000002", "call": "message_send", "code": 60020},
    "matching.record_conflict": {"reason": "relative"},
    # Keys that are destroyed are not brought back by taking the rows back: nobody of the scene is erased.
    "oversight.erase_mine": {"patient_id": NOWHERE}, "oversight.settle_erasure": {"decision": "keep", "reason": "dispute"},
    "notifications.answer_subscriptions": {"answers": ({"template": "SUB-1", "answer": "accept"},)},
    "oversight.hold_disposal": {"reason": "dispute"}, "oversight.release_disposal": {"reason": "settled"},
    "people.register_organisation": {"region_code": "522727103", "full_name": "新设卫生院", "kind": "township_centre"},
    "people.register_practitioner": {
        "title_name": "医师", "licence_number": "110200009999", "licence_valid_until": date(2030, 1, 1), "roles": ("duty_doctor",),
        "app": "wwtest", "subject": "newcomer",
    },
    "people.nearest_houses": {"latitude": 25.83, "longitude": 107.32},
    "people.confirm_account": {"claim_code": "K7M2QX"}, "people.look_at_claim": {"claim_code": "K7M2QX"},
    "people.find_on_my_list": {"full_name": "孟小明"},
    "people.confirm_second_factor": {"code": "123456"},
    "people.unlock_signing": {"code": "123456"},
    "people.redeem_hand_over": {"code": "A" * 43},
    "prescriptions.check": {"items": _DRUGS},
    "prescriptions.propose": {"items": _DRUGS, "diagnosis": "高血压"},
    "prescriptions.revise": {"items": _DRUGS, "diagnosis": "高血压"},
    "prescriptions.decline_dose": {"dose": "aspirin_chewed"},
    "prescriptions.dispense": {"dispense_code": "ABCD-1234"},
    "dispatch.decline_offer": {"reason": "no_time"},
    "credentials.check": {"nonce": "1234567890", "proof": "{}"},
    "credentials.open_check": {"audience": "pharmacy"},
    "credentials.show": {"code": "Z-00000000", "nonce": "1234567890", "audience": "pharmacy"},
    "credentials.published": {"county": "520303"},
    "credentials.make_issuer": {"county": "520303"},
    "credentials.add_registry": {"county": "520303", "after": 0},
    "credentials.take_place": {"credential_id": NOWHERE},
    "credentials.make": {"credential_id": NOWHERE},
    "credentials.revoke": {"because": "holder"},
}


def _value(annotation: Any, field: Any) -> Any:
    """A well-formed value for whatever has none in the tables."""
    origin = typing.get_origin(annotation)
    if origin is typing.Literal:
        return typing.get_args(annotation)[0]
    if origin is types.UnionType or origin in (typing.Union, typing.Annotated):
        return _value(typing.get_args(annotation)[0], field)
    if origin is tuple:
        return ()
    if origin is dict:
        return {}
    if inspect.isclass(annotation) and issubclass(annotation, Enum):
        return next(iter(annotation))
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        inner = {name: _PLAIN[name] if name in _PLAIN else _value(one.annotation, one) for name, one in annotation.model_fields.items()}
        return annotation.model_validate(inner)
    pattern = next((found for part in field.metadata if (found := getattr(part, "pattern", None))), "")
    shortest = max((getattr(part, "min_length", 0) or 0 for part in field.metadata), default=0)
    plain: dict[Any, Any] = {
        int: 1, bool: False, float: 1.0, datetime: datetime(2026, 12, 20, tzinfo=UTC), date: date(2030, 1, 1), timedelta: timedelta(hours=1)
    }
    if annotation in plain:
        return plain[annotation]
    if annotation is str and (digits := re.search(r"0-9a-f]{(\d+)}", pattern)):
        return "0" * int(digits[1])
    if annotation is str:
        return NOWHERE if "26" in pattern else _WORDS + "多" * max(0, shortest - len(_WORDS))
    return datetime(2026, 12, 20, tzinfo=UTC) if "Datetime" in str(annotation) else None

