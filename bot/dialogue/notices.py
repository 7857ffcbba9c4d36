"""收到的通知: what was sent to oneself, newest first, and what was not."""

from __future__ import annotations

from bot.channels.message import ChannelName
from bot.channels.outgoing import Link, Text, without_emphasis
from bot.channels.words import cut
from bot.dialogue.turn import Reply, Turn
from core.foundation.clock import spoken
from core.notifications.commands import MyNotices, NoticeList, NoticeView

PAGE = Link(title="收到的通知", url="mini:pages/web/web?to=notices", description="更早的都在这里")
SHOWN, WORDS = 5, 60


async def mine(turn: Turn) -> Reply:
    """The last few in the chat; all of them on the page of the mini program."""
    found: NoticeList = await turn.ask(MyNotices(limit=SHOWN))
    if not found.notices:
        return turn.say("还没有给您发过通知。会诊有进展、预约有变化、该量血压了,都会告诉您。")
    text = "最近给您发过的:\n" + "\n".join(_line(one) for one in found.notices)
    if found.more is None or turn.incoming.channel not in (ChannelName.OFFICIAL_ACCOUNT, ChannelName.MINI_PROGRAM):
        return turn.say(text)
    return Reply((Text(text=text), PAGE), turn.state)


def _line(one: NoticeView) -> str:
    how = " · ".join(filter(None, (spoken(one.at), one.channel_label or one.state_label)))
    words = cut(" ".join(without_emphasis(one.words).split()), WORDS)
    return f"- **{one.label}**({how})" + (f":{words}" if words else "")
