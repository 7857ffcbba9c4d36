"""我的设备 and 退出其他设备: where one is signed in, and the end of it."""

from __future__ import annotations

from bot.dialogue.turn import Reply, Turn
from core.people.commands_sessions import CloseOtherSessions, MySessions, SessionsClosed, SessionsView

_KINDS = {"h5": "网页", "mini_program": "小程序", "terminal": "终端"}
SHOWN = 8


async def mine(turn: Turn) -> Reply:
    view: SessionsView = await turn.ask(MySessions())
    if not view.sessions:
        return turn.say("您现在没有登录着的网页或小程序。")
    lines = [f"- {_KINDS[one.kind]} {one.device or '不认识的设备'}:{one.first_seen_ago}登录,{one.last_seen_ago}用过" for one in view.sessions[:SHOWN]]
    more = len(view.sessions) - SHOWN
    if more > 0:
        lines.append(f"……还有 {more} 处")
    return turn.say("您登录着的地方:\n" + "\n".join(lines) + "\n要全部退出,发「退出其他设备」。")


async def close_others(turn: Turn) -> Reply:
    closed: SessionsClosed = await turn.execute(CloseOtherSessions())
    if not closed.closed:
        return turn.say("您现在没有登录着的网页或小程序。")
    return turn.say(f"好的,{closed.closed} 处登录都已退出。聊天不受影响;网页和小程序再点进去,会重新登录。")
