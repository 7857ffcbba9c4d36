"""What of a person's data the law lets go at once, and what it keeps: looked up, nothing changed.

Sources: 个人信息保护法 article 47 (erased when consent is taken back or the purpose is reached; where a law's term runs,
only stored and protected);
医疗机构病历管理规定(2013) article 29 (records fifteen years from the last visit); 互联网诊疗监管细则(试行) 2022 (dialogues of the course
three years); 网络安全法 article 21 (logs six months). The terms: core/foundation/lifecycle.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from core.consultations.models import Consultation
from core.conversations.words import KIND as WORDS
from core.conversations.words import words_key
from core.followups.models import Reading
from core.foundation.lifecycle import terms, traces
from core.foundation.work import Work
from core.intake.models import Intake
from core.oversight.commands_erasures import ErasureView, Kept
from core.oversight.models import Disposal
from core.oversight.traces import CASES
from core.people.models import Account, CareRelation
from core.people.rules import local_date

NO_RECORD = frozenset({"intake", "consent", "reading", "worse", "break_glass"})
"""Traces that are no medical record by themselves: nobody treated him."""
OF_A_CASE = ("consultation", "prescription", "emergency_dose")
"""Traces of care that somebody has to bring to its end, by himself or after somebody else."""
AROUND = timedelta(days=7)
"""Before a case was made: the talk that led to it."""
LIMITS = (
    "微信里和您手机上的聊天记录,要您自己删。",
    "已经打印、已经交给药店或其他医院的,收不回来。",
    "谁看过、谁办过的审计记录依法保存,里面没有您说的话。",
    "以前的备份里还看得出有过这个账号,但内容打不开了。",
)


@dataclass(slots=True)
class Found:
    """``accounts``: those to be closed. ``gone``: patients without a medical record; ``kept``: with one, and when its term ends (None: a case is
    under way). ``talks``, ``readings``: ids that go although their patient's record stays. ``months``: of words that stay, with their end."""

    accounts: list[str]
    gone: list[str] = field(default_factory=list)
    kept: dict[str, datetime | None] = field(default_factory=dict)
    talks: list[str] = field(default_factory=list)
    kept_talks: list[str] = field(default_factory=list)
    readings: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    months: list[str] = field(default_factory=list)
    disputed: bool = False


async def accounts_joined(account_id: str) -> list[str]:
    """The account, and every one that was joined to it: what they sealed stays under their own keys."""
    found, new = [account_id], [account_id]
    while new:
        new = [str(one) for one in await Account.filter(joined_to_id__in=new).values_list("id", flat=True)]
        found += [one for one in new if one not in found]
    return found


async def find(work: Work, accounts: list[str], patients: Iterable[str]) -> Found:
    """What there is of the accounts (none: they stay) and the patients of whom they decide."""
    found = Found(accounts)
    for patient_id in patients:
        recorded, until = await _record(patient_id)
        if recorded:
            found.kept[patient_id] = until
        else:
            found.gone.append(patient_id)
    await _talks(found)
    rows = Reading.filter(patient_id__in=list(found.kept), plan_id__isnull=True)
    found.readings = [str(one) for one in await rows.values_list("id", flat=True)] if found.kept else []
    if accounts:
        await _words(work, found)
    concerned = [*found.gone, *found.kept]
    held = Disposal.filter(state="held", reason__in=("dispute", "inquiry"))
    found.disputed = bool(concerned) and await held.filter(kind="record", subject_id__in=concerned).exists()
    return found


async def _record(patient_id: str) -> tuple[bool, datetime | None]:
    """Whether somebody treated him, and until when the law keeps that: fifteen years from the last act. None while something is under way."""
    last: datetime | None = None
    under_way = False
    for name, trace in traces().items():
        if name in NO_RECORD:
            continue
        rows = trace.model.filter(patient_id=patient_id)
        for column in trace.at:
            last = await _later(rows.filter(**{f"{column}__isnull": False}), column, last)
        under_way = under_way or bool(trace.open and await rows.filter(**trace.open).exists())
    # An emergency in which somebody was called is an act of care, though nothing followed.
    last = await _later(Intake.filter(patient_id=patient_id, alert_id__isnull=False), "opened_at", last)
    if last is None:
        return False, None
    return True, None if under_way else _after(last, terms().record)


async def case_under_way(patient_id: str) -> bool:
    """A consultation, a prescription or an emergency dose of the patient is not at its end."""
    there = traces()
    for trace in (there[name] for name in OF_A_CASE):
        if await trace.model.filter(patient_id=patient_id, **trace.open).exists():
            return True
    return False


async def _later(rows: QuerySet[Any], column: str, last: datetime | None) -> datetime | None:
    """The latest time in ``column``, or ``last`` if that is later."""
    found = await rows.order_by(f"-{column}").first()
    at: datetime | None = None if found is None else getattr(found, column)
    return max((one for one in (at, last) if one is not None), default=None)


async def _talks(found: Found) -> None:
    """Pre-consultations that became nobody's case. What a relative's account told of somebody else is that one's."""
    mine = Q(patient_id__in=[*found.gone, *found.kept]) | Q(account_id__in=found.accounts, patient_id__isnull=True)
    rows = await Intake.filter(mine).only("id", "alert_id")
    taken: set[str] = set()
    for model in CASES:
        taken |= {str(one) for one in await model.filter(intake_id__in=[row.id for row in rows]).values_list("intake_id", flat=True)}
    for row in rows:
        (found.kept_talks if row.alert_id is not None or row.id in taken else found.talks).append(row.id)


async def _words(work: Work, found: Found) -> None:
    """The months in which something of a case for which the accounts ever spoke was said stay three years; the others go."""
    now = work.practice.clock.real_now()
    spoke = await CareRelation.filter(account_id__in=found.accounts).values_list("patient_id", flat=True)
    cases = await Consultation.filter(patient_id__in=[str(one) for one in spoke]).only("id", "created_at", "closed_at") if spoke else []
    needed = [(row.created_at - AROUND, row.closed_at or max(now, work.now)) for row in cases]
    for account in await Account.filter(id__in=found.accounts):
        for begin, end in _months(min(account.created_at, now) - timedelta(days=31), max(work.now, now)):
            late = _after(end, terms().process)
            stays = late > now and any(first < end and last >= begin for first, last in needed)
            (found.months if stays else found.words).append(f"{WORDS}:{words_key(account.id, begin)}")


def _months(first: datetime, last: datetime) -> Iterable[tuple[datetime, datetime]]:
    begin = first.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while begin <= last:
        end = (begin + timedelta(days=32)).replace(day=1)
        yield begin, end
        begin = end


def _after(moment: datetime, years: int) -> datetime:
    """The same day so many years later; of 29 February the day after."""
    try:
        return moment.replace(year=moment.year + years)
    except ValueError:
        return moment.replace(year=moment.year + years, month=3, day=1)


def spoken(found: Found, state: str) -> ErasureView:
    """For the person: what goes, what stays, by which rule and until when."""
    goes = []
    if found.accounts:
        goes += ["账号:登录、绑定的微信和手机号、提醒、替别人办事的关系", "聊天里说的话和收到的回复(与看病无关的月份)"]
    if found.gone:
        goes.append("档案:姓名、身份证号、电话和全部资料(没有看过病,不用留)")
    goes += ["没有转成会诊的预问诊"] * bool(found.talks) + ["您自己记的、不在随访计划里的测量"] * bool(found.readings)
    stays = [_kept_record(until) for until in found.kept.values()]
    if found.months:
        last = max(_after(_end_of(month), terms().process) for month in found.months)
        stays.append(Kept(what="看病那几个月里聊天说的话", rule=f"互联网诊疗监管细则:诊疗过程至少保存 {terms().process} 年", until=local_date(last)))
    question = "这份资料有纠纷或检查,先由本县管理员决定;结果会告诉您。" if state == "asked" else ""
    return ErasureView.model_validate(
        {"state": state, "goes": tuple(goes), "stays": tuple(stays), "question": question, "limits": LIMITS}
    )


def _kept_record(until: datetime | None) -> Kept:
    rule = f"医疗机构病历管理规定第二十九条:从最后一次看病起至少保存 {terms().record} 年"
    return Kept(what="病历(会诊、处方、检查、随访):锁定,不再使用,到期删除", rule=rule, until=_day(until))


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else local_date(moment)


def _end_of(key: str) -> datetime:
    """The end of the month in ``words:2026-11.<account>``."""
    begin = datetime.fromisoformat(f"{key.partition(':')[2][:7]}-01T00:00:00+00:00")
    return (begin + timedelta(days=32)).replace(day=1)
