"""What an administrator is asked about accounts that may be one person's."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.orders import Command, Grant, Query, Result


class ReviewedAccount(Result):
    """``called``: surname and the end of the phone; no more is needed to ask the person."""

    account_id: Id
    called: str
    practitioner: bool
    has_own_record: bool
    speaks_for: int
    phone_verified_at: datetime | None
    since: datetime


class JoinReviewView(Result):
    review_id: Id
    reason: str
    reason_label: str
    may_join: bool
    created_at: datetime
    older: ReviewedAccount
    newer: ReviewedAccount


class JoinReviewsView(Result):
    reviews: tuple[JoinReviewView, ...]


class JoinReviews(Query):
    """Accounts with one verified phone that were not joined, because something speaks against it; the oldest question first."""

    name = "people.join_reviews"
    title = "待核对的账号"
    access = (Grant(Role.ADMINISTRATOR),)
    no_relation = "只列归自己机构管的;只出姓和手机尾号"
    gives = JoinReviewsView
    audited = True


class SettleJoinReview(Command):
    """After asking the people: one person's (``joined``), or two people's (``apart``), for good. ReviewSettled, NeverJoined."""

    name = "people.settle_join_review"
    title = "核对账号"
    access = (Grant(Role.ADMINISTRATOR, "judges_accounts"),)
    review_id: Id
    decision: Literal["joined", "apart"]
