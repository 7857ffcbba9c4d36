"""Ways to reach or recognise somebody that are no plain number: WeChat and QQ names, mail, addresses of the net, car plates."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nlp.interface.masking import Kind
from nlp.masking.numbers import D, Found

_WECHAT_WORD = r"(?:微信|薇信|威信|徽信|维信|徵信|[vV]信|卫星号?|绿泡泡|wechat|weixin|(?<![a-z])wx|(?<![a-z])vx|[加➕+](?:我|他|她|个)?[ :]?[vV]|(?<![a-z0-9])[vV](?=[ ]?[:：号]))"  # noqa: E501
_WECHAT = re.compile(
    rf"{_WECHAT_WORD}(?:号码|号|id|名)?(?:就是|也是|是|为|叫)?[ :：=,，\-—>＞(]{{0,4}}(?:我的)?([a-zA-Z][a-zA-Z0-9_\-]{{4,30}})", re.IGNORECASE
)
_WECHAT_NUMBER = re.compile(rf"{_WECHAT_WORD}(?:号码|号|id)?(?:就是|也是|是|为)?[ :：=,，\-—]{{0,4}}({D}(?:[ \-_]?{D}){{4,14}})", re.IGNORECASE)
_QQ = re.compile(rf"(?:qq|扣扣|企鹅号?|抠抠|q号)(?:号码|号)?(?:是|为)?[ :：=]{{0,3}}({D}(?:[ \-]?{D}){{4,11}})", re.IGNORECASE)
_NICK = re.compile(r"(?:微信名|网名|昵称)(?:是|叫|为)?[ :：「“\"']{0,3}([^ ,，。;；、「」“”\"'\[\]\ue000]{2,12})")
_MAIL = re.compile(r"[A-Za-z0-9._%+\-]{1,40}[ ]?(?:@|＠|\(at\)|#at#)[ ]?[A-Za-z0-9\-]{1,40}(?:[ ]?(?:\.|点)[ ]?[A-Za-z]{2,10}){1,3}")
_LINK = re.compile(r"(?:https?://|www\.)[^\s,，。;；)）\ue000\[\]]{3,200}", re.IGNORECASE)
_OPENID = re.compile(r"(?<![0-9A-Za-z_\-])o[0-9A-Za-z_\-]{27}(?![0-9A-Za-z_\-])")
_ULID = re.compile(r"(?<![0-9A-Za-z])[0-7][0-9A-HJKMNP-TV-Z]{25}(?![0-9A-Za-z])")
_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_PLATE = re.compile(
    rf"(?<![\u4e00-\u9fff])?[{_PROVINCES}][ ]?[A-HJ-NP-Za-hj-np-z][ ·•.\-]{{0,2}}(?:[A-HJ-NP-Za-hj-np-z0-9][ ]?){{4,5}}[A-HJ-NP-Za-hj-np-z0-9挂学警港澳](?![0-9A-Za-z])"  # noqa: E501
)


def contacts(text: str) -> Iterator[Found]:
    for expression, kind in ((_WECHAT, Kind.WECHAT), (_WECHAT_NUMBER, Kind.WECHAT), (_QQ, Kind.WECHAT), (_NICK, Kind.WECHAT)):
        for match in expression.finditer(text):
            yield kind, *match.span(1)
    for expression, kind in ((_MAIL, Kind.LINK), (_LINK, Kind.LINK), (_OPENID, Kind.WECHAT), (_ULID, Kind.NUMBER)):
        for match in expression.finditer(text):
            yield kind, *match.span()
    for match in _PLATE.finditer(text):
        if any(character.isdigit() for character in match[0]):
            yield Kind.PLATE, *match.span()
