"""What the same words mean of a child, beside a complaint, and to somebody who thinks of ending his life."""

from __future__ import annotations

import re
from functools import cache

from nlp.interface.reading import Finding, Person, Reading, Span, Status

from .lexicon import alternatives, lexicon
from .normal import NormalText

CRISIS = frozenset(["suicidal", "suicide_plan", "suicide_act"])
"""Findings that make a crisis of a case."""
CIRCUMSTANCES = frozenset(["means_at_hand", "alone_now"])
"""What is no complaint by itself and counts in a crisis."""
_TRANSFER = "refer_transfer"
_EXPOSURE, _MEANS, _ALONE = "pesticide_exposure", "means_at_hand", "alone_now"
_POISONS = frozenset(["paraquat", "rodenticide", "pesticide_swallowed"])
"""Told also by the bare name of what was swallowed (百草枯), which may as well only stand in the house."""
_TAKEN = _POISONS | {"overdose", "sleeping_pills"}
_SIGNS_OF_POISON = frozenset(
    ["seizure", "seizure_long", "vomiting", "vomits_often", "unconscious", "drowsy", "confusion", "drooling", "sweating", "small_pupils", "dyspnoea"]
)


def is_crisis(findings: tuple[Finding, ...]) -> bool:
    """Whether the patient was said to think of ending his life."""
    return any(finding.code in CRISIS and finding.status is not Status.ABSENT and finding.subject == "patient" for finding in findings)


def of_child(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """``findings`` of a child: words that tell of tiredness in a grown-up (没精神) are the sign of danger that they are in a child."""
    return tuple(_of_child(finding) for finding in findings)


def _of_child(finding: Finding) -> Finding:
    words = "".join(finding.span.text.split())
    code = next((code for code, said in lexicon().scope["of_child"].items() if words in said), None)
    if code is None or finding.subject != "patient":
        return finding
    return finding.model_copy(update={"code": code, "term": lexicon().terms[code]})


def in_crisis(findings: tuple[Finding, ...], text: NormalText | None = None) -> tuple[Finding, ...]:
    """``findings`` of somebody who thinks of ending his life: poison that he names, did not work with and did not take is a means at hand.

    Without ``text`` what he swallowed was judged when it was read.
    """
    found: dict[tuple[str, str], Finding] = {}
    swallowed = text is None or _SWALLOWED.search(text.text) is not None
    for finding in findings:
        named = finding.code == _EXPOSURE or (finding.code in _POISONS and not swallowed)
        if named and finding.subject == "patient" and not _worked().search(finding.span.text):
            finding = finding.model_copy(update={"code": _MEANS, "term": lexicon().terms[_MEANS]})
        found.setdefault((finding.code, finding.subject), finding)
    return tuple(found.values())


def without_idle(findings: tuple[Finding, ...], text: NormalText) -> tuple[Finding, ...]:
    """``findings`` without the poison that only stands at home (家里有农药): nobody was exposed to it.

    What kills in a mouthful stays where anything was swallowed or a sign of poisoning was told.
    """
    near = [finding.span for finding in findings if finding.code == _MEANS]
    taken = _SWALLOWED.search(text.text) is not None or any(finding.code in _SIGNS_OF_POISON for finding in findings)
    idling = {_EXPOSURE} if taken else {_EXPOSURE, *_POISONS}

    def idle(span: Span) -> bool:
        return any(other.start <= span.start and span.end <= other.end for other in near)

    return tuple(finding for finding in findings if finding.code not in idling or not idle(finding.span))


def without_asked_transfer(findings: tuple[Finding, ...], text: NormalText) -> tuple[Finding, ...]:
    """``findings`` without a transfer that is only asked about beside a complaint (胸痛,要不要马上转院?): the level answers that, and an expert
    should not read it as a finding. Alone it stays: then it is what he came for."""
    if not any(finding.code != _TRANSFER and finding.status is Status.PRESENT and finding.subject == "patient" for finding in findings):
        return findings

    def asked(span: Span) -> bool:
        return _WHETHER.search(text.original[max(0, span.start - 12) : span.start]) is not None

    return tuple(finding for finding in findings if finding.code != _TRANSFER or not asked(finding.span))


_WHETHER = re.compile("(?:要不要|用不用|该不该|需不需要|是不是要|是否|要否|可否|能不能|可不可以)[^，。；！？,;!?\n]{0,6}$")


@cache
def _worked() -> re.Pattern[str]:
    return re.compile(alternatives(lexicon().words("crisis", "worked")))


@cache
def _means() -> re.Pattern[str]:
    words = alternatives(lexicon().words("crisis", "means"))
    return re.compile(f"(?<!没)(?<!没有)(?<!没得)(?<!无)(?<!不)(?<!打)(?<!喷){words}(?!店|(?:都|已经|也|早)*(?:没有|没得|收|拿走|扔|交|锁|丢|不在))")


_ACCIDENT = re.compile(
    "误(?:喝|服|食|吃|吞|以为)|不小心|不是(?:有意|故意)|没(?:有)?想(?:死|不开)|不知情|当(?:成|作|做)了?(?:水|饮料|酒|可乐|糖|果汁|药|油|醋|酱油)"
    "|(?:喝|吃|拿|倒)错|以为是(?:水|饮料|酒|糖|药|油)|没看清"
)
_ON_PURPOSE = re.compile("(?<!不是)(?<!没有)(?<!没)(?:故意|有意|存心)|想不开|寻短|赌气|一时冲动|心里(?:太|很|好|真)?难受|活不下去|活够")


def with_purpose(text: NormalText, reading: Reading, *, asked: bool) -> Reading:
    """``reading`` with what the words tell of why something was swallowed: an accident (误喝, 当成水) denies that he wanted to die. ``asked``: the
    question was just that, and 想不开, 赌气 answer it too."""
    if is_crisis(reading.findings):
        return reading
    codes = {finding.code for finding in reading.findings if finding.status is not Status.ABSENT and finding.subject == "patient"}
    accident = _ACCIDENT.search(text.text)
    purpose = _ON_PURPOSE.search(text.text) if asked else None
    match = accident or purpose
    if match is None or not (asked or codes & _TAKEN):
        return reading
    status = Status.ABSENT if accident else Status.PRESENT
    told = _finding("suicidal", status, text.span(match.start(), match.end())).model_copy(update={"implied": True})
    others = tuple(finding for finding in reading.findings if (finding.code, finding.subject) != ("suicidal", "patient"))
    return reading.model_copy(update={"findings": (*others, told), "not_understood": False})


_SWALLOWED = re.compile(
    "(?:喝|吃|吞|服|灌)(?:了|下|完|掉|过|进)|(?<!想)(?<!要)(?<!打算)(?<!准备)(?<!去)(?<!敢)(?<!没)(?<!没人)(?<!不)(?:喝|吃|吞|服|灌)|误|中毒"
)
_NOBODY = re.compile("(?:没|没有|没得|莫得|冇|木有)人|(?<!不是)一个人|独自|(?:只有|就)(?:我|他|她)?自己|自己在家")
_COMPANY = re.compile(
    "不是一个人|(?<!没)(?<!没得)(?<!不)有人|(?<!没)(?<!没人)(?<!没有人)(?<!不)(?:陪着|陪我|陪他|陪她|在身边|在旁边|在跟前|在一起|在我边上)"
    "|(?:公|婆|妈|爸|娘|爹|妻|子|女|哥|姐|弟|妹|友|居)(?:也|都|就)?在(?:家|这|的|呢|$|[，。])"
)


def crisis_answer(text: NormalText, reading: Reading) -> Reading:
    """``reading`` as an answer to whether somebody is there and what lies near: here a bare 农药, 刀 or 我老公在 tells it."""
    known = {finding.code for finding in reading.findings}
    added: list[Finding] = []
    if _MEANS not in known and (match := _means().search(text.text)):
        added.append(_finding(_MEANS, Status.PRESENT, text.span(match.start(), match.end())))
    if _ALONE not in known and (match := _NOBODY.search(text.text)):
        added.append(_finding(_ALONE, Status.PRESENT, text.span(match.start(), match.end())))
    elif _ALONE not in known and (match := _COMPANY.search(text.text)):
        added.append(_finding(_ALONE, Status.ABSENT, text.span(match.start(), match.end())))
    findings = in_crisis((*reading.findings, *added), text)
    # who keeps him company is not whom the talk is about
    mine = tuple(finding.model_copy(update={"subject": "patient"}) if finding.code in CIRCUMSTANCES else finding for finding in findings)
    return reading.model_copy(update={"person": Person(), "findings": mine, "not_understood": reading.not_understood and not mine})


def _finding(code: str, status: Status, span: Span) -> Finding:
    return Finding(code=code, term=lexicon().terms[code], status=status, span=span)
