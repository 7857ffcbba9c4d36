"""核对账号: accounts with one verified phone that were not joined. The administrator asks the people, then taps."""

from __future__ import annotations

from bot.channels.outgoing import Choice
from bot.dialogue.turn import Reply, Turn
from core.foundation.clock import spoken
from core.foundation.errors import Invalid
from core.people.commands_accounts import JoinReviews, JoinReviewsView, JoinReviewView, ReviewedAccount, SettleJoinReview

SHOWN = 3
_DECISIONS = {"joined": "是同一个人,已合并。", "apart": "记下了:不是同一个人,两个账号分开。以后不再问。"}


async def listed(turn: Turn) -> Reply:
    if turn.group:
        return turn.say("核对账号请在单独会话里做。")
    view: JoinReviewsView = await turn.ask(JoinReviews())
    if not view.reviews:
        return turn.say("没有要核对的账号。")
    shown = view.reviews[:SHOWN]
    text = "\n".join([
        f"要核对的账号 {len(view.reviews)} 组,手机号相同,没有自动合并:", *(_said(number, one) for number, one in enumerate(shown, 1)),
        "请先打电话问本人,再点。合并以后,一个账号能看到另一个账号的档案。",
    ])
    choices = [choice for number, one in enumerate(shown, 1) for choice in _choices(number, one)]
    return turn.offer(text, tuple(choices))


def _said(number: int, one: JoinReviewView) -> str:
    return f"{number}. {_account(one.older)};{_account(one.newer)}。没合并是因为{one.reason_label}。"


def _account(one: ReviewedAccount) -> str:
    traits = [*(["医务人员"] if one.practitioner else []), *(["有本人档案"] if one.has_own_record else ["没有本人档案"])]
    verified = "" if one.phone_verified_at is None else f",{spoken(one.phone_verified_at)}验证手机"
    return f"{one.called}({'、'.join(traits)}{verified})"


def _choices(number: int, one: JoinReviewView) -> tuple[Choice, ...]:
    apart = Choice(code=f"join:{one.review_id}:apart", label=f"{number} 不是同一个人")
    return (Choice(code=f"join:{one.review_id}:joined", label=f"{number} 是同一个人"), apart) if one.may_join else (apart,)


async def settled(turn: Turn, review_id: str, decision: str) -> Reply:
    if decision not in _DECISIONS:
        raise Invalid
    await turn.execute(SettleJoinReview.model_validate({"review_id": review_id, "decision": decision}))
    return turn.say(_DECISIONS[decision])
