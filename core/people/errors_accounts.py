"""What can be wrong with joining accounts."""

from __future__ import annotations

from core.foundation.errors import Conflict


class ReviewSettled(Conflict):
    code = "people.review_settled"
    sentence = "这一条已经核对过了,请刷新。"


class NeverJoined(Conflict):
    """Two practitioners' accounts, or two people by their ID numbers."""

    code = "people.never_joined"
    sentence = "这两个账号不能合并:{reason}。请选「不是同一个人」。"
