"""The groups that the WeCom app makes for notices: there, with the right people, or made. No word is sent into them.

Staff alone: who is not in the practice's roster goes into no group, and where the roster cannot be seen no group is made or changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bot.channels.api.account import AccountApi, Group, GroupChange
from bot.channels.settings import AppGroup
from miniprogram_api.connecting.findings import Mark, Section

FEWEST, MOST = 2, 2000
LONGEST_NAME = 50
"""The platform cuts the rest off without a word."""
_SHOWN = 10
_OURS = re.compile(r"[0-9a-zA-Z]{1,32}")
_LATER = "没有发消息;旧版本的手机上,有了第一条通知才看得到群。"


@dataclass(frozen=True, slots=True)
class Staff:
    """The userids of those who work here, however they are capitalised: WeCom makes no difference."""

    userids: frozenset[str]

    def strangers(self, userids: Iterable[str]) -> list[str]:
        known = {one.casefold() for one in self.userids}
        return [one for one in userids if one.casefold() not in known]


def wanted_of(group: AppGroup) -> Group:
    """The group as the operator wrote it; who stands there twice is in it once."""
    return Group(group.chatid, group.name, group.owner, tuple({one.casefold(): one for one in group.members}.values()))


def mistakes(wanted: Group, staff: Staff | None) -> Iterator[tuple[str, str]]:
    """What stands wrong in the file, with what to do; the platform need not be asked."""
    if not _OURS.fullmatch(wanted.chatid):
        yield f"群编号「{wanted.chatid}」不能用", "自己起一个 chatid:只用数字和字母,1 到 32 个。"
    if not 1 <= len(wanted.name) <= LONGEST_NAME:
        yield "群名是空的或太长", f"name 写 1 到 {LONGEST_NAME} 个字,里面不要有患者的名字。"
    if not FEWEST <= len(wanted.members) <= MOST:
        yield f"群成员是 {len(wanted.members)} 人", f"members 要 {FEWEST} 到 {MOST} 个不同的账号(userid)。"
    if wanted.owner.casefold() not in {one.casefold() for one in wanted.members}:
        yield "群主不在群成员里", "owner 写 members 里一位的账号(userid)。"
    if staff is None:
        yield "这里看不到会诊的人员名册,不知道群成员是不是工作人员", "在会诊那台机器上、用运行会诊的那个用户再运行一次。"
    elif strangers := staff.strangers(wanted.members):
        yield f"不在人员名册里:{_listed(strangers)}", "群里只能有工作人员,不能有患者:先导入人员名册,或从 members 里去掉。"


def change_to(there: Group, wanted: Group) -> GroupChange:
    """What makes ``there`` into ``wanted``; nothing where they are the same."""
    before, after = {one.casefold(): one for one in there.members}, {one.casefold(): one for one in wanted.members}
    return GroupChange(
        added=tuple(one for key, one in after.items() if key not in before),
        removed=tuple(one for key, one in before.items() if key not in after),
        name=wanted.name if wanted.name != there.name else "",
        owner=wanted.owner if wanted.owner.casefold() != there.owner.casefold() else "",
    )


async def settle(section: Section, api: AccountApi, group: AppGroup, staff: Staff | None, *, dry_run: bool) -> None:
    """Find the group, make it where it is not there, and put right who is in it. ApiError where the platform refuses."""
    if not group.members:
        await _found(section, api, group.chatid)
        return
    wanted, title = wanted_of(group), title_of(group)
    wrong = list(mistakes(wanted, staff))
    for what, then in wrong:
        section.add(Mark.MISSING, f"{title}:{what}", then)
    if wrong:
        return
    there = await api.group(wanted.chatid)
    if there is None:
        await _make(section, api, wanted, title, dry_run=dry_run)
    elif change := change_to(there, wanted):
        await _change(section, api, wanted.chatid, change, title, dry_run=dry_run)
    else:
        section.add(Mark.ALREADY, f"{title}已有,{len(there.members)} 人")


def title_of(group: AppGroup) -> str:
    return f"群「{group.name or group.chatid}」"


async def _found(section: Section, api: AccountApi, chatid: str) -> None:
    """A group of which only the chatid is told is looked at and left as it is."""
    there = await api.group(chatid)
    if there is None:
        then = "照 docs/connect-wechat.md 第六节写上 name、owner、members,再运行一次,由它来建。"
        section.add(Mark.MISSING, f"没有应用建的群 {chatid}", then)
    else:
        section.add(Mark.ALREADY, f"群「{there.name}」已有,{len(there.members)} 人")


async def _make(section: Section, api: AccountApi, wanted: Group, title: str, *, dry_run: bool) -> None:
    if dry_run:
        section.add(Mark.WOULD, f"建{title},{len(wanted.members)} 人,群主 {wanted.owner}")
        return
    await api.create_group(wanted)
    section.add(Mark.DONE, f"{title}已建,{len(wanted.members)} 人,群主 {wanted.owner}", _LATER)


async def _change(section: Section, api: AccountApi, chatid: str, change: GroupChange, title: str, *, dry_run: bool) -> None:
    told = ";".join(_told(change))
    if dry_run:
        section.add(Mark.WOULD, f"改{title}:{told}")
        return
    await api.change_group(chatid, change)
    section.add(Mark.DONE, f"{title}已改:{told}")


def _told(change: GroupChange) -> Iterator[str]:
    if change.added:
        yield f"少了 {_listed(change.added)},加进来"
    if change.removed:
        yield f"多了 {_listed(change.removed)},移出去"
    if change.name:
        yield f"群名换成「{change.name}」"
    if change.owner:
        yield f"群主换成 {change.owner}"


def _listed(userids: Iterable[str]) -> str:
    every = list(userids)
    return "、".join(every[:_SHOWN]) + (f" 等 {len(every)} 人" if len(every) > _SHOWN else "")
