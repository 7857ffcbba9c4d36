"""What an answer that is not ours, or is a refusal of ours, tells about what stands wrong. Bodies are looked at and never printed."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

from bot.channels.crypto import REPLAY_WINDOW
from miniprogram_api.connecting.callbacks import Caller
from miniprogram_api.connecting.findings import Finding, Mark
from miniprogram_api.connecting.way import Got

_STATUS: dict[int, tuple[str, str]] = {
    401: ("要求登录", "反向代理或防护墙给 /callback/ 加了登录:去掉。"),
    403: ("被挡住", "防护墙(WAF)或反向代理挡了这个路径或来源:放行 /callback/,不要按来源 IP 挡。"),
    404: ("没有这个地址", "反向代理没有把 /callback/ 原样转给会诊;或 channels.json 里没有这个渠道,会诊要重启。"),
    405: ("不允许这种请求", "反向代理或防护墙只放行 GET:要放行 POST。"),
    408: ("没有收全请求", "反向代理等正文的时间太短。"),
    411: ("要求长度", "反向代理不收没有长度的正文:检查它的设置。"),
    413: ("正文太大", "反向代理的 client_max_body_size 太小:至少 64k(影像上传另要更大)。"),
    415: ("不收这种类型", "防护墙按 Content-Type 挡住了 text/xml 或 JSON:放行。"),
    429: ("说太频繁", "反向代理或防护墙在限流:/callback/ 不要限流,平台的消息来自很少的几个地址。"),
    500: ("内部错误", "看会诊的日志 logs/web-1.log。"),
    502: ("代理找不到会诊", "会诊没有在运行,或代理转到的端口不对:huizhen processes。"),
    503: ("暂时不能服务", "会诊正在启动,或数据库连不上:看 huizhen processes 和日志。"),
    504: ("代理等不到会诊", "会诊没有在运行,或太慢:看 huizhen processes 和日志。"),
}


def refused(got: Got, caller: Caller, skew: timedelta | None, *, checking: bool) -> Finding | None:
    """What a status other than 200 means; None for 200."""
    what = "验证网址" if checking else "消息"
    if got.status == 200:
        return None
    if 300 <= got.status < 400:
        then = "平台不跟着跳转:回调地址直接写最后的那个,或去掉跳转。"
        return Finding(Mark.WRONG, f"{what}被转到 {_place(got.headers.get('location', ''))}(HTTP {got.status})", then)
    if got.status == 400 and not got.body:
        return _by_us(caller, skew, what, checking=checking)
    means, then = _STATUS.get(got.status, ("不正常", "看反向代理和会诊的日志。"))
    page = ",是一张网页,不是会诊的回答" if got.html else ""
    return Finding(Mark.WRONG, f"{what}得到 HTTP {got.status}:{means}{page}", then)


def _place(location: str) -> str:
    """Where a redirect leads, without what may be secret in it and what may play with a terminal."""
    try:
        to = urlsplit(location)
    except ValueError:
        return "别处"
    where = f"{to.scheme}://{to.hostname}{to.path}" if to.hostname else to.path
    return "".join(letter for letter in where[:200] if letter.isprintable()) or "别处"


def _by_us(caller: Caller, skew: timedelta | None, what: str, *, checking: bool) -> Finding:
    """The house refuses without saying why, as it must; what went before tells most of it."""
    if skew is not None and abs(skew) > REPLAY_WINDOW:
        return Finding(Mark.WRONG, f"{what}被会诊拒收:时间戳太旧或太新", "先把钟对准(上面一条),再运行一次。")
    restart = "改过 channels.json 的,要重启会诊;在另一台机器上运行 doctor 的,要用同一份文件。"
    if checking and caller.weixin:
        return Finding(Mark.WRONG, f"{what}被会诊拒收:这份文件里的 Token 和会诊在用的不一样", f"{restart}钟不准、代理丢了参数也会这样。")
    if not checking and caller.weixin:
        then = f"{restart}或 mode(安全模式)不一样、original_id 对不上,或代理改了正文。"
        return Finding(Mark.WRONG, f"{what}被会诊拒收:EncodingAESKey 或 AppID 和会诊在用的不一样", then)
    named = "Token、EncodingAESKey 或 aibotid" if caller.channel == "wecom-robot" else "Token、EncodingAESKey 或 CorpID"
    return Finding(Mark.WRONG, f"{what}被会诊拒收:这份文件里的 {named} 和会诊在用的不一样", f"{restart}钟不准、代理改了参数也会这样。")


def came_back(got: Got, expected: bytes) -> Finding:
    """What a body that is not the expected one means, with status 200."""
    if got.html:
        return Finding(Mark.WRONG, "得到的是一张网页", "域名后面不是会诊:备案拦截页、登录页、代理的默认页,或代理没有把 /callback/ 转给会诊。")
    bare = got.body.replace(b"\xef\xbb\xbf", b"").strip(b' \r\n\t"')
    if bare == expected:
        return Finding(Mark.WRONG, "回答多了引号、空行或 BOM", "有东西改了正文:去掉代理上改内容的设置。")
    return Finding(Mark.WRONG, "回答不是会诊的格式", "域名后面是别的程序,或有东西改了正文:检查反向代理。")
