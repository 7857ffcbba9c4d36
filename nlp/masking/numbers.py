"""Numbers that name a person: phones, ID numbers, cards, record numbers; in digits, in Chinese numerals, spaced out or in groups.

Forms as people write them: mobile numbers have eleven digits and begin with 1 and 3 to 9, landlines 0 and an area code; citizen numbers are
GB 11643 (eighteen, the last may be X) or the older fifteen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nlp.interface.masking import Kind

Found = tuple[Kind, int, int]

DIGITS = {
    **{character: str(index) for index, character in enumerate("0123456789")},
    **dict(zip("零一二三四五六七八九", "0123456789", strict=True)), **dict(zip("〇壹贰叁肆伍陆柒捌玖", "0123456789", strict=True)),
    "○": "0", "洞": "0", "幺": "1", "两": "2", "俩": "2", "拐": "7", "勾": "9",
}  # fmt: skip
D = f"[{''.join(DIGITS)}]"
_PLAIN = r"[0-9]"
_GAP = r"[ \-–—_.·•~～]{0,2}"
"""What people put between the digits of one number; a comma only where a word before says what it is."""
_WIDE_GAP = r"[ \-–—_.·•~～,，、/]{0,3}"
_NO_BEFORE = rf"(?<!{D})(?<![0-9]\.)"
_NO_AFTER = rf"(?!{D})"

_MOBILE = re.compile(rf"{_NO_BEFORE}(?:(?:\+|"
    rf"00)?86{_GAP})?(?=[1一壹幺]){D}{_GAP}(?=[3-9三四五六七八九叁肆伍陆柒捌玖拐勾])(?:{D}{_GAP}){{9}}{D}{_NO_AFTER}")
_LANDLINE = re.compile(rf"{_NO_BEFORE}(?:\+?86{_GAP})?[(]?(?=[0零〇洞]){D}(?:{D}){{2,3}}[)]?[ "
    rf"\-–—转]{{0,2}}(?=[2-9]){D}(?:{_GAP}{D}){{6,7}}{_NO_AFTER}")
_SERVICE = re.compile(rf"{_NO_BEFORE}[48]00[ \-]?\d{{3,4}}[ \-]?\d{{3,4}}{_NO_AFTER}")
_PHONE_CUE = (
    r"(?:电话|手机|联系方式|联系|座机|号码|热线|短号|小灵通|打给|打我|打他|打她|拨打?|致电|呼叫|回电|来电|尾号|末四位|后四位|后4位|tel|phone|mobile|call|whatsapp)"
)
_CUED_PHONE = re.compile(rf"{_PHONE_CUE}[^0-9零一二三四五六七八九〇]{{0,8}}?({D}(?:{_WIDE_GAP}{D}){{3,14}}){_NO_AFTER}", re.IGNORECASE)
_ID18 = re.compile(rf"{_NO_BEFORE}(?=[1-9一二三四五六七八九壹贰叁肆伍陆柒捌玖幺]){D}(?:{_GAP}{D}){{16}}{_GAP}(?:{D}|[xX×✕叉])(?![0-9A-Za-z])")
_ID15 = re.compile(rf"{_NO_BEFORE}[1-9]\d{{5}}\d{{2}}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{{3}}{_NO_AFTER}")
_ID_CUE = re.compile(
    rf"(?:身份证|居民身份|证件|护照|军官证|士兵证|港澳通行证|通行证|户口本?|驾驶证|驾照|出生证|残疾证|社保号|身份号)[^0-9A-Za-z零一二三四五六七八九〇]{{0,8}}?([A-Za-z]{{0,3}}{_GAP}{D}(?:{_WIDE_GAP}(?:{D}|[xX×*])){{5,20}})",
)
_CARD = re.compile(rf"{_NO_BEFORE}{_PLAIN}{{4}}(?:[ \-]?{_PLAIN}{{4}}){{2,3}}(?:[ \-]?{_PLAIN}{{1,3}})?{_NO_AFTER}")
_CARD_CUE = re.compile(
    r"(?:银行卡?|储蓄卡?|信用卡?|借记卡|存折|医保|社保|农合|新农合|合作医疗|参保|保险|诊疗卡|健康卡|一卡通|就诊卡|工行|农行|建行|中行|信用社|邮政|农信社|账[户号]|帐[户号]|卡|保单)"
    rf"(?:卡|证|个人)?(?:账户)?(?:号码|编号|号|尾号)?[^0-9A-Za-z零一二三四五六七八九〇]{{0,6}}?([A-Za-z]{{0,4}}[ \-]?{D}(?:{_GAP}{D}){{4,22}})"
)
_RECORD_CUE = re.compile(
    r"(?:住院|门诊|急诊|病历|病案|病例|就诊|挂号|登记|检查|检验|影像|放射|超声|病理|标本|条码|报告|档案|处方|体检|住院登记|随访|会诊|登记|流水|序列|片|CT|MR|DR|B超|ct|mr|"
    r"编号|(?<![A-Za-z])(?:ID|id|No|NO|no|MRN|mrn)|工)"
    rf"[ ]?(?:单|卡|册|本)?[ ]?(?:号码|编号|号|ID|id|No|no)?[ .:：是为#＃=]{{0,4}}((?:[A-Za-z]{{1,4}}[\-_ ]?)?{D}(?:[\-_ ]?[0-9A-Za-z]|"
    rf"{D}){{3,19}})(?![0-9A-Za-z%.度])"
)
_CODE = re.compile(r"(?<![0-9A-Za-z])(?:[A-Z]-(?=[A-Z]{0,9}[0-9])[0-9A-Z]{4,10}|[0-9A-Z]{4}-[0-9A-Z]{4})(?![0-9A-Za-z])")
"""The practice's own codes (C-K7M2), as people copy them into a sentence."""
_RUN = re.compile(r"(?<![0-9.])(?:(?!(?i:q|x|vx|wx))[A-Za-z]){0,4}[0-9]{7,}(?![0-9]*\.[0-9])")
_MEASURED = re.compile(
    r"(?:血小板|白细胞|红细胞|淋巴细胞|网织红|病毒载量|载量|病毒定量|核酸定量|菌落数?|细胞数|肌酸激酶|铁蛋白|甲胎蛋白|绒毛膜促性腺激素|脑钠肽"
    r"|(?<![A-Za-z])(?:plt|wbc|rbc|h[bci]v|dna|rna|hcg|afp|ck|bnp))"
    r"(?:计数|定量|数|值|水平)?[ ]?(?:[ :：=≈~约为是有达到高了]{0,4})$", re.IGNORECASE
)
"""What ends where a value of the laboratory begins."""
_UNIT = re.compile(
    r"[ ]?(?:copies|copy|拷贝|[kmμµu]?iu(?![a-z])|cfu(?![a-z])|单位|(?:个|[nmpμµu]?g|[mμµu]?mol|u)?[ ]?[/每](?:m|μ|µ|u|d)?l(?![a-z0-9])"
    r"|[/每](?:mm|立方毫米|微升|毫升|升|hp(?![a-z])|高倍))", re.IGNORECASE
)
_LONGEST_VALUE, _LONGEST_WITH_UNIT = 8, 10
"""Digits of a value behind its name alone, and before its unit: with eleven a mobile number begins, and more are nobody's value."""
_NUMERALS = re.compile(r"[零一二三四五六七八九〇壹贰叁肆伍陆柒捌玖幺]{7,}(?![十百千万])")
_DAY = re.compile(r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
_DATE = re.compile(r"(?:19|20)\d{2}[\-/._年]\d{1,2}[\-/._月]\d{1,2}")


def digits(said: str) -> str:
    """The digits in ``said``, in whichever way they are written; everything else dropped."""
    return "".join(DIGITS.get(character, "") for character in said)


def numbers(text: str) -> Iterator[Found]:
    """Every number that may name somebody, the surest first; overlaps are for the caller."""
    for match in _ID18.finditer(text):
        if _is_citizen(digits(match[0])):
            yield Kind.ID_NUMBER, *match.span()
    for match in _ID_CUE.finditer(text):
        yield Kind.ID_NUMBER, *match.span(1)
    for match in _MOBILE.finditer(text):
        if _grouped(match[0]):
            yield Kind.PHONE, *match.span()
    for match in _CARD_CUE.finditer(text):
        yield Kind.CARD, *match.span(1)
    for match in _CUED_PHONE.finditer(text):
        yield Kind.PHONE, *match.span(1)
    for expression in (_LANDLINE, _SERVICE):
        for match in expression.finditer(text):
            yield Kind.PHONE, *match.span()
    for match in _ID15.finditer(text):
        yield Kind.ID_NUMBER, *match.span()
    for match in _CARD.finditer(text):
        yield Kind.CARD, *match.span()
    for match in _RECORD_CUE.finditer(text):
        if not _DAY.fullmatch(match[1]) and not _DATE.match(match[1]):
            yield Kind.RECORD, *match.span(1)
    for match in _CODE.finditer(text):
        yield Kind.RECORD, *match.span()
    for expression in (_RUN, _NUMERALS):
        for match in expression.finditer(text):
            if not _DAY.fullmatch(match[0]) and not _is_measured(text, *match.span()):
                yield Kind.NUMBER, *match.span()


def _is_measured(text: str, start: int, end: int) -> bool:
    """Whether the number is a value of the laboratory, by its name before it (血小板 2500000, PLT2500000) or its unit behind it. Asked only of
    numbers that nothing else calls a phone, a card or a record."""
    letters = re.match("[A-Za-z]*", text[start:end])
    first = start + (letters.end() if letters else 0)
    if _MEASURED.search(text, max(0, first - 20), first):
        return end - first <= _LONGEST_VALUE or (end - first <= _LONGEST_WITH_UNIT and _UNIT.match(text, end) is not None)
    return first == start and end - first <= _LONGEST_WITH_UNIT and _UNIT.match(text, end) is not None


def _is_citizen(number: str) -> bool:
    """A year of birth where one belongs: what else has eighteen digits is a number of another kind."""
    return number[6:8] in ("18", "19", "20") and "01" <= number[10:12] <= "12"


def _grouped(said: str) -> bool:
    """Whether the gaps make groups as people make them: none, each digit apart, or groups of at least two digits; 130/85 140/90 is none."""
    groups = [len(group) for group in re.split(rf"[^{''.join(DIGITS)}]+", said.removeprefix("+")) if group]
    if groups and said.lstrip("+").startswith(("86", "0086")):
        groups = groups[1:] if groups[0] in (2, 4) else groups
    return len(groups) <= 1 or all(size == 1 for size in groups) or (len(groups) <= 6 and min(groups) >= 2)
