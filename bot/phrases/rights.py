"""What somebody may want of his data (gone, put right, copied; who looked; a complaint): which words ask for it, and the honest answer.

Nothing here promises what the house cannot do: what a law keeps is locked, not erased (core/oversight/erasures.py). How long, and by which
rule: core/foundation/lifecycle.py.
"""

from __future__ import annotations

import re
from typing import Literal, get_args

from bot.phrases.text import tidy
from core.foundation.lifecycle import terms

Right = Literal["looked", "complaint", "copy", "correction", "erasure"]
LONGEST = 24
"""Characters. What is longer tells of more than one wish, and is read as a sentence about somebody's health."""

_KEPT = "(?:资料|病历|病例|记录|档案|信息|数据|处方|报告)"
_ASKED: dict[Right, re.Pattern[str]] = {
    "looked": re.compile(rf"(?:谁|哪些人|什么人|哪个).{{0,4}}(?:看|查|调阅|打开|翻).{{0,3}}(?:我|他|她|孩子|娃|{_KEPT})|^谁看过(?:了|吗)?$"),
    "complaint": re.compile("投诉|举报|申诉"),
    "copy": re.compile(rf"(?:复印|复制|拷贝|打印|导出|下载).{{0,6}}{_KEPT}|{_KEPT}.{{0,4}}(?:复印|复制|打印|导出|下载)|复印件|^复印$"),
    "correction": re.compile(
        rf"(?:更正|改正|修改|改一下|改改).{{0,6}}(?:{_KEPT}|姓名|名字|身份证|生日|性别)|(?:{_KEPT}|姓名|名字|身份证号?|生日|性别).{{0,4}}(?:错了|写错|登错|不对|有误|要改|更正)|^更正$"
    ),
    "erasure": re.compile(
        rf"(?:删除|删掉|删去|删了|删|清除|清空|销毁|抹掉).{{0,6}}(?:{_KEPT}|账号|账户|帐号|帐户|聊天|登记)|(?:{_KEPT}|账号|账户|帐号|帐户|聊天).{{0,4}}(?:删|清空|销毁|注销)|注销|销户"
    ),
}


def right_asked(text: str) -> Right | None:
    """What a short text asks for, None for everything else."""
    said = tidy(text)
    if len(said) > LONGEST:
        return None
    return next((right for right in get_args(Right) if _ASKED[right].search(said)), None)


def overview() -> str:
    """All of them, one line each."""
    return "\n".join(
        [
            "您可以直接说:",
            "· 谁看过我的记录:看名单",
            "· 更正资料:名字、身份证号或病历写错了",
            "· 复印病历:怎么拿到一份",
            "· 我要投诉:找谁",
            "· 删除我的资料、注销账号:什么能停、什么要留、为什么",
        ]
    )


def answer(right: Right) -> str:
    """The answer to who asks for it."""
    kept = terms()
    match right:
        case "looked":
            return "谁、什么时候、看过或办过什么,都记着,谁也删不掉。点下面打开名单;有不认识的人,说「我要投诉」看找谁。"
        case "complaint":
            return (
                "这里没有投诉按钮,请直接找人:\n1. 您的村医,或看病的卫生院、医院(院办或医务科)。\n"
                "2. 不满意,打 **12345** 政务服务热线,请他们转县卫生健康局。\n"
                "说清哪一天、哪件事。怀疑有人乱看您的记录,先看「谁看过我的记录」,把名单给他们看。"
            )
        case "copy":
            return (
                "您有权看、也有权复印自己的病历。会诊经过、处方和报告,在小程序里随时能看。\n要盖章的复印件:带身份证到给您看病的卫生院或医院病案室;"
                "请人代办,再带上他的身份证和您写的委托书。在这里不能直接导出。"
            )
        case "correction":
            return (
                "姓名、身份证号写错了:带身份证找您的村医或卫生院核对更正。\n病历里写错了:找写的那位医生,由他补写更正;原来的字会留着,能看出改了什么。\n"
                "刚才在这里说错了症状:说「说错了,改一改」。"
            )
        case "erasure":
            return (
                "点下面打开小程序「授权与隐私」,最下面是「注销账号、删除我的资料」,先看清楚再点。\n"
                "· 马上删:账号、和看病无关的聊天、没转成会诊的预问诊;没看过病的,档案也删。\n"
                f"· 依法要留:病历从最后一次看病起至少 **{kept.record} 年**(医疗机构病历管理规定第二十九条),看病时说的话至少 **{kept.process} 年**"
                "(互联网诊疗监管细则)。锁定,不再使用,到期删除。\n"
                "· 只想先停:说「撤回授权」停止使用,「停止提醒」不再收消息。认为留得不对:找村医或卫生院,也可打 **12345**。"
            )
