"""Errors that a person can cause: a stable code, fields, and a Chinese sentence that says what to do next.

Every room derives its own small classes from the five kinds below. The edge (chat reply or problem+json) is the only place where
they become an answer; nothing else formats them. A sentence never holds a name, a number or a text of a patient.
"""

from __future__ import annotations

from typing import Any, ClassVar


class DomainError(Exception):
    """A refused order. ``code`` is stable; ``sentence`` may name ``fields`` in braces; ``status`` is the HTTP status at the edge."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 409
    sentence: ClassVar[str] = "这一步现在做不了,请稍后再试。"

    def __init__(self, **fields: Any) -> None:
        self.fields = fields
        super().__init__(self.code)

    @property
    def message(self) -> str:
        """The sentence for the person, with the fields filled in."""
        return self.sentence.format(**self.fields) if self.fields else self.sentence


class Invalid(DomainError):
    """The order itself is wrong (422)."""

    code = "invalid"
    status = 422
    sentence = "内容不完整或格式不对,请检查后再发。"


class NotAllowed(DomainError):
    """The actor may not do this (403)."""

    code = "access.denied"
    status = 403
    sentence = "您没有权限做这一步。如果应该有,请联系管理员。"


class RoleWithheld(NotAllowed):
    """The actor holds a role for this, but may not act in it now (licence expired, scope of practice, deactivated)."""

    code = "access.role_withheld"
    sentence = "{reason}"


class NotFound(DomainError):
    """What was named does not exist, or is not visible to the actor (404)."""

    code = "not_found"
    status = 404
    sentence = "没有找到。请核对编号,或发「进度」看看您的会诊。"


class Conflict(DomainError):
    """Somebody else changed it first, or the step is not possible in this state (409)."""

    code = "conflict"
    status = 409
    sentence = "刚刚有人改过了,请刷新后再试一次。"


class Unavailable(DomainError):
    """A declared dependency is away (503 with Retry-After)."""

    code = "unavailable"
    status = 503
    sentence = "系统正忙,请过几秒再试一次。"
    retry_after_s: ClassVar[int] = 3
