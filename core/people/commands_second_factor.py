"""Orders about the second factor with which a practitioner unlocks his signature."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import StringConstraints

from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.orders import Command, Done, Grant, Query, Result

OneTimeCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
SIGNERS = (Grant(Role.VILLAGE_DOCTOR), Grant(Role.DUTY_DOCTOR), Grant(Role.EXPERT), Grant(Role.PHARMACIST))


class FactorView(Result):
    """``unlocked_until``: signing goes on without a code here until then, and each signature prolongs it. All times are real time."""

    enrolled: bool
    enrolled_at: datetime | None = None
    unlocked_until: datetime | None = None
    locked_until: datetime | None = None


class MyFactor(Query):
    name = "people.my_second_factor"
    title = "我的动态码"
    access = SIGNERS
    no_relation = "只有他自己的"
    gives = FactorView


class FactorOffered(Result):
    """``secret`` as apps take it (base 32), ``address`` what the QR code says, ``qr`` its modules row by row (1 is dark)."""

    secret: str
    address: str
    qr: tuple[str, ...]


class BeginFactor(Command):
    """A new secret, to be taken into an authenticator and confirmed with its first code. Who has one already gives a code of the old one."""

    name = "people.begin_second_factor"
    title = "绑定动态码"
    access = SIGNERS
    no_relation = "只有他自己的"
    gives = FactorOffered
    old_code: OneTimeCode | None = None


class ConfirmFactor(Command):
    """The first code of the new secret: from now on it is the factor, and signing is unlocked here."""

    name = "people.confirm_second_factor"
    title = "确认动态码"
    access = SIGNERS
    no_relation = "只有他自己的"
    gives = FactorView
    code: OneTimeCode


class UnlockSigning(Command):
    name = "people.unlock_signing"
    title = "输入动态码"
    access = SIGNERS
    no_relation = "只有他自己的"
    gives = FactorView
    code: OneTimeCode


class EnrolDemonstration(Command):
    """Everybody of the demonstration who may sign and has no factor gets one. Their phones' authenticators are played, so nobody scans anything."""

    name = "people.enrol_demonstration"
    title = "演示:绑定动态码"
    access = (Grant(Role.SYSTEM),)
    gives = Done


class ResetFactor(Command):
    """For somebody whose phone is lost: the old factor is worth nothing, he enrols anew, and is told who did it."""

    name = "people.reset_second_factor"
    title = "重置动态码"
    access = (Grant(Role.ADMINISTRATOR, "same_county"),)
    gives = Done
    practitioner_id: Id
