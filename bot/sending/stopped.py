"""What administrators are told when a platform refuses an account for good: which one, why, and what to do about it."""

from __future__ import annotations

from bot.channels.outgoing import Text
from bot.channels.stops import Stop
from bot.channels.words import cut
from bot.sending.notice import Notice, Renderer
from core.foundation.actor import Actor
from core.foundation.practice import Practice
from core.notifications.commands import ReportTrouble, Trouble, TroubleList, Troubles
from core.notifications.models import Notification

_SYSTEM = Actor.system("worker")

ACCOUNTS = {
    "official_account": "服务号", "mini_program": "小程序", "wecom": "企业微信应用", "wecom_robot": "企业微信机器人", "group_webhook": "群消息推送",
}  # fmt: skip
CALLS = {
    "token": "取不到访问凭证", "custom_send": "发不出客服消息", "template_send": "发不出模板消息", "subscribe_send": "发不出订阅消息",
    "message_send": "发不出应用消息", "update_template_card": "改不了卡片", "appchat_send": "发不出群消息", "appchat_create": "建不了群",
    "group_webhook": "发不出群消息", "aibot_subscribe": "长连接连不上", "displaced": "长连接被另一处登录顶下线",
}  # fmt: skip
_ADDRESS = "把服务器的出口 IP 加进{where}。换过网络或服务器后都要重加。"
_WHERE = {"wecom": "企业微信管理后台「应用管理」里本应用的「企业可信IP」", "": "公众平台「设置与开发」里的「IP 白名单」"}
_CREDENTIALS = "核对账号和密钥(Secret):在管理后台重置过密钥的,要把新的写进配置文件 channels.json,再重启。"
ADVICE = {
    40164: _ADDRESS, 60020: _ADDRESS, 40013: _CREDENTIALS, 40125: _CREDENTIALS, 40001: _CREDENTIALS, 40243: "密钥(Secret)已被冻结,请在公众平台解冻。",
    48001: "这个账号没有这项权限。请在管理后台看「接口权限」,服务号要先完成认证。", 48004: "接口被平台封禁,请登录管理后台看站内通知。",
    50001: "这个账号没有这项权限,请在管理后台开通。", 301002: "本应用没有这项权限,请在企业微信管理后台检查应用的可见范围和权限。",
    93000: "群里的消息推送已被删除或重置。请在群设置里重新添加,把新的密钥(key)写进配置文件 channels.json。",
    45009: "当天(或这段时间)的调用次数用完了。请在管理后台看「接口权限」里的用量,可以申请提高或清零。",
    0: "请确认没有别处(另一台服务器、别的程序)在用同一个机器人;确认后重启,或关掉长连接改用回调地址。",
}  # fmt: skip


def advice(account: str, code: int) -> str:
    """What whoever looks after the account can do about ``code``, one or two sentences."""
    kind = account.partition(":")[0]
    return ADVICE.get(code, "请登录管理后台看站内通知。").format(where=_WHERE.get(kind, _WHERE[""]))


def described(trouble: Trouble) -> str:
    """One trouble in a sentence."""
    who = ACCOUNTS.get(trouble.account.partition(":")[0], "平台账号")
    code = f"(错误码 {trouble.code})" if trouble.code else ""
    return f"{who}{CALLS.get(trouble.call, '有一项接口用不了')}{code}。"


async def report(practice: Practice, stop: Stop) -> None:
    """Keep what was stopped and have the administrators told, once a day for each account and error number."""
    await practice.execute(_SYSTEM, ReportTrouble(account=stop.account, call=stop.call, code=stop.code, until=stop.until))


async def _trouble(practice: Practice, row: Notification) -> Notice:
    found: TroubleList = await practice.ask(_SYSTEM, Troubles(trouble_id=row.ids["trouble_id"]))
    if not found.troubles:
        return Notice()
    trouble = found.troubles[0]
    text = f"**{described(trouble)}**能走别的渠道的消息已改走别的渠道。\n{advice(trouble.account, trouble.code)}\n改好后几分钟内自动恢复。"
    values = {"code": str(trouble.code), "state": "通道故障", "text": cut(described(trouble), 20)}
    return Notice((Text(text=text),), template=("progress", values))


STOPPED_RENDERERS: dict[str, Renderer] = {"channel.trouble": _trouble}
