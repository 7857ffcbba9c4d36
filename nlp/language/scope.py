"""What the words around a mention make of it: absent, uncertain, past, only asked about; its course and severity."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache

from nlp.interface.reading import Status

from .clauses import Clause
from .lexicon import alternatives, folded, lexicon
from .matching import Mention
from .normal import NormalText

_LOOK_BACK = 40
"""Characters before and after a mention that can change it; longer clauses are run-on sentences."""


@dataclass(frozen=True, slots=True)
class Scoped:
    """A mention with its status. ``past``: it belongs to the history; ``asked``: only asked about or supposed, it says nothing."""

    mention: Mention
    clause: Clause
    status: Status
    past: bool
    asked: bool


@dataclass(frozen=True)
class _Expressions:
    negated: re.Pattern[str]
    listing: re.Pattern[str]
    listing_other: re.Pattern[str]
    double: re.Pattern[str]
    connector: re.Pattern[str]
    after: re.Pattern[str]
    granted: re.Pattern[str]
    """吐倒没吐: named only to be denied."""
    use_before: re.Pattern[str]
    use_after: re.Pattern[str]
    """Words that ask for a medicine or how to take it: nobody has taken it."""
    uncertain: re.Pattern[str]
    unsure_within: re.Pattern[str]
    unsure_after: re.Pattern[str]
    """A clause that takes back the certainty of the one before it (不敢肯定)."""
    asks_whether: re.Pattern[str]
    """What ends a clause that asks whether it is so (是怀孕吗)."""
    hypothetical: re.Pattern[str]
    past: re.Pattern[str]
    now: re.Pattern[str]
    not_negator: re.Pattern[str]
    course: tuple[tuple[str, re.Pattern[str]], ...]


_SIGNS = "(?:青紫|淤青|瘀青|淤斑|瘀斑|紫斑|红肿|破皮|破损|外伤|伤口|伤|渗血|异味|压痛|包块|疙瘩|畸形|分泌物|青块|乌青|流脓|硬块)"
"""Signs that people list beside others and that are no findings of their own everywhere."""


@cache
def _expressions() -> _Expressions:
    lex = lexicon()
    fillers = alternatives(lex.words("negation_fillers")) + "*"
    after = alternatives(lex.words("negated_after"))
    return _Expressions(
        negated=re.compile(f"{alternatives(lex.words('negators'))}{fillers}$"),
        listing=re.compile(f"{alternatives(lex.words('list_negators'))}{fillers}$"),
        # 没有青紫和出血点: the first of the list is no finding, the second is denied with it
        listing_other=re.compile(f"{alternatives(lex.words('list_negators'))}{fillers}{_SIGNS}(?:、|和|或者?|以?及|与)$"),
        double=re.compile(f"{alternatives(lex.words('double_negation'))}{fillers}$"),
        connector=re.compile(f"^{alternatives(lex.words('connectors'))}+$"),
        after=re.compile(f"^(?:倒|也|都|现在|已经|是|的话|这个|情况|症状|全)*{after}(?:了|的|过|啊|呀|哦|吧|呢)?$"),
        granted=re.compile("^(?:得|了|是)?(?:倒是|倒也|倒|是)(?:没有|没得|没|不)(?:怎么|太|咋|再|有)?[^，。；！？]{0,3}$"),
        use_before=re.compile(
            "(?:能不能|可不可以|要不要|用不用|需不需要|该不该|能|可以|可|想|想要|需要|得|该|还|再|给我|帮我|麻烦|求)(?:再|继续|一直)?"
            "(?:给我|帮我)?(?:吃|用|喝|打|开|买|配|换|续|停)(?:点|些|个|一点|一些|几盒|盒)?(?:什么|啥)?$"
            "|(?:想问|问下|问一下|请问|咨询|想开|想买|给我开|帮我开)[^，。；！？]{0,6}$|(?:没有?|没得|未|从没)(?:吃|用|喝|打)(?:过)?(?:什么|啥)?$"
        ),
        use_after=re.compile(
            "^[^，。；！？]{0,4}"
            "(?:吃几|怎么吃|咋吃|咋个吃|怎么用|吃多少|能吃|能用|可以吃|可以不|行不行|行不|还要不要|要不要|能不能|好不好|好吗|管用吗|吗|么$)"
            "|^(?:怎么|咋|咋个)|^(?:类|药|类药)?(?:都|也)?(?:不|没有?|无)?过敏"
        ),
        uncertain=re.compile(f"{alternatives(lex.words('uncertain'))}[^，。；！？]{{0,6}}$"),
        unsure_within=re.compile("好像|好象|似乎|像是|可能|也许|怕是|大概|貌似"),
        unsure_after=re.compile(
            "^(?:我|也|但|但是|又|还|都|自己)*"
            "(?:不敢肯定|不敢确定|不确定|不太确定|不能肯定|说不准|说不好|拿不准|没看清|不晓得是不是"
            "|不知道是不是|也不一定)(?:是不是|对不对|真假)?(?:的|了|啊|呢)?$"
        ),
        asks_whether=re.compile("^(?:了|的|啊|呀|病|症|来着)?(?:吗|么|嘛|不是|不(?=？)|还是[^，。；！？]{1,4})?$"),
        hypothetical=re.compile(alternatives(lex.words("hypothetical"))),
        past=re.compile(alternatives(lex.words("past"))),
        now=re.compile(alternatives(lex.words("now"))),
        not_negator=re.compile(alternatives(lex.words("not_negators"))),
        course=tuple(
            (name, re.compile("|".join([alternatives(lex.words("course", name)), *lex.scope["course_forms"].get(name, ())])))
            for name in ("sudden", "worsening", "improving", "recurrent", "gradual")
        ),
    )


def scoped(text: NormalText, clauses: tuple[Clause, ...], found: list[Mention], *, answering: bool) -> list[Scoped]:
    """Every mention with its status, in order of place, with what its words may mean besides and what it also is."""
    result: list[Scoped] = []
    for clause in clauses:
        for item in _in_clause(text, clause, clauses, [m for m in found if clause.holds(m.start)], answering):
            result.extend(_with_others(item, text))
    return result


def _with_others(item: Scoped, text: NormalText) -> list[Scoped]:
    """``item``, the other meanings of ambiguous words (none of them sure), and what it also says unless it is denied: night cough is cough."""
    lex = lexicon()
    said = "" if item.mention.pattern else folded(text.text[item.mention.start : item.mention.end])
    meanings = [item]
    if others := lex.ambiguous.get(said, ()):
        unsure = Status.ABSENT if item.status is Status.ABSENT else Status.UNCERTAIN
        meanings = [replace(item, status=unsure, mention=replace(item.mention, code=code)) for code in (item.mention.code, *others)]
    if item.status is Status.ABSENT:
        return meanings
    besides = [(item, code) for code in lex.also.get(said, ())]
    besides += [
        (meaning, code)
        for meaning in meanings
        for code in lex.broader.get(meaning.mention.code, ())
        if not (code == "cyanosis" and "冻" in text.text[meaning.mention.start : meaning.mention.end])  # 手冻得发紫: the cold, no want of air
    ]
    return meanings + [replace(meaning, mention=replace(meaning.mention, code=code)) for meaning, code in besides]


def _in_clause(text: NormalText, clause: Clause, clauses: tuple[Clause, ...], found: list[Mention], answering: bool) -> list[Scoped]:
    expressions = _expressions()
    result: list[Scoped] = []
    following = next((text.text[other.start : other.end] for other in clauses if other.index == clause.index + 1), "")
    unsure = expressions.unsure_after.match(following) is not None
    negated, running, previous_start, previous_end = False, False, clause.start, clause.start
    for mention in found:
        overlapping = bool(result) and mention.start < previous_end
        if not overlapping:
            previous_start = previous_end
        if previous_start == mention.start and mention.start > clause.start and text.text[mention.start - 1] in "没不无未冇":
            previous_start -= 1  # 胎动好着没见红: a pattern may have taken the negator that belongs to what follows
        gap = text.text[max(previous_start, mention.start - _LOOK_BACK) : mention.start]
        doubted = _either_way(text.text, mention.start)
        if doubted:
            gap = gap[:-2]
        elif text.text[clause.start : clause.end].endswith("吧"):
            gap = gap.replace("不会是", "可能是")  # 不会是骨折了吧
        plain_gap = expressions.not_negator.sub(lambda m: "·" * len(m[0]), gap)
        before = text.text[max(clause.start, mention.start - _LOOK_BACK) : mention.start]
        if text.text[clause.start : clause.end].endswith("吧"):
            before = before.replace("不会是", "可能是")
        after = text.text[mention.end : max(min(clause.end, mention.end + _LOOK_BACK), mention.end)]
        if overlapping and not result[-1].mention.flipped:
            negated = result[-1].status is Status.ABSENT  # another reading of the same words: what holds for the first holds for it
        elif expressions.double.search(plain_gap):
            negated, running = False, False
        elif expressions.negated.search(plain_gap):
            negated, running = True, expressions.listing.search(plain_gap) is not None
        elif expressions.listing_other.search(plain_gap):
            negated, running = True, True
        elif running and result and (expressions.connector.match(gap) or (not gap and not after)):
            negated = True
        elif not before and not answering and _negator_before_a_space(text, clause, clauses):
            negated, running = True, True
        else:
            negated, running = False, False
        cured = mention.code in lexicon().words("wished_for") and _CURED.search(after) is not None
        if (expressions.after.match(after) and not cured) or expressions.granted.match(after):
            negated = True
        if _asked_and_denied(text.text[mention.start : mention.end], after, text.text[clause.end :][:1], following):
            negated = mention.code not in lexicon().words("always_heard")
        words = before, text.text[mention.start : mention.end], after
        puzzled = doubted or (not answering and _wonders(before, after, text.text[clause.end : clause.end + 1]))
        again = _ACTS_AGAIN.search(text.text, mention.end) is not None
        result.append(_judge(mention, clause, words, unsure, negated or mention.flipped, puzzled, again=again))
        previous_end = max(previous_end, mention.end)
    return result


_CURED = re.compile("^(?:就|都|已经|现在|也)*(?:退|好|消|止住)了$")
"""吃了氯雷他定已经退了: the drug was taken, what it was taken for has gone."""
_SELF_ASKED = re.compile("^(?:不[肿喘痛疼烧咳吐晕慌麻]|了|吗|么|没有?)?$")
_SELF_DENIED = re.compile("^(?:也|都|倒|并)?(?:没有?|没得|莫得|冇|不)([肿喘痛疼烧咳吐晕慌麻]?)$|^不是血$")


def _asked_and_denied(said: str, after: str, mark: str, following: str) -> bool:
    """气喘不喘？也不喘: who asks himself and says no."""
    if mark != "？" or _SELF_ASKED.match(after) is None:
        return False
    answer = _SELF_DENIED.match(following.strip("，。；！？ "))
    return answer is not None and (answer[1] or "") in said


def _either_way(content: str, start: int) -> bool:
    """不晓得发没发烧: the verb said both ways."""
    return start > 1 and content[start - 1] in "没不" and content[start - 2] == content[start]


def _wonders(before: str, after: str, mark: str) -> bool:
    """Whether the clause asks if it is so: 是怀孕吗, 换季过敏？; a complaint with a question behind it (头疼，怎么办？) does not."""
    asked = _expressions().asks_whether.match(after)
    if asked is None or _ASKS_OTHERWISE.search(before):
        return False
    return asked[0].endswith(("吗", "么", "嘛", "不是")) or "还是" in asked[0] or mark == "？"


_ONE_OF_TWO = re.compile("(?:是|算)[^，。；！？]{1,8}还是$")
"""是湿疹还是癣."""
_SUSPECTS = re.compile("有没有可能")
"""What is asked about like a supposition and tells of a suspicion."""
_SHOWN = re.compile(
    "(?:电视剧?|电影|小说|新闻|抖音|快手|视频|短剧|手机)(?:里头?|上)"
    "(?![^，。；！？]{0,6}(?:说的|讲的|一样|那样))[^，。；！？]{0,8}(?:那个|有个|有人|女的|男的|演|人|她|他)"
)
"""电视剧里那个女的跳楼了: what was seen on a screen happened to nobody here."""
_ACTS = frozenset(["suicide_act", "pesticide_swallowed", "overdose"])
_YEARS_AGO = re.compile(
    "(?:大前年|前年|去年|头年|早年|小时候|年轻时|年轻的时候|[一二两三四五六七八九十几好多\\d]年(?:以)?前)"
    "(?![^，。；！？]*(?:现在|又|今天|刚才|昨))"
)
"""前年喝药没喝死: heard though it is long ago, but as what was, not as what is to be stopped now."""
_ACTS_AGAIN = re.compile(
    "又(?:喝|吃|吞|想|割|跳|去)"
    "|(?:现在|今天|刚才|刚刚|昨天|昨晚|今早|这回)[^，。；！？]{0,4}(?:又|也|再)?(?:喝了|吃了|吞了|灌了)(?!水|粥|饭|汤|酒|药?水)"
)
"""去年喝农药没喝死，今天又喝了."""
_DREAMT = re.compile("(?:做梦|梦里|梦见|梦到)[^，。；！？]{0,10}$")
"""梦到自己中风了."""
_ASKS_OTHERWISE = re.compile("怎么|咋|为什么|为啥|啥|什么|几|多少|哪|能不能|可以|能|要|该|治|吃|用|还会|影响|得[^，。]{0,4}$|你")


def _judge(mention: Mention, clause: Clause, words: tuple[str, str, str], unsure: bool, absent: bool, puzzled: bool, *, again: bool) -> Scoped:
    """``words``: before it, its own, after it; ``unsure``: taken back by what follows; ``puzzled``: it is a question."""
    before, said, after = words
    expressions = _expressions()
    heard = mention.code in lexicon().words("always_heard")
    shown = _SHOWN.search(before) is not None or _DREAMT.search(before) is not None
    asked = shown or (bool(expressions.hypothetical.search(_SUSPECTS.sub("可能", before))) and not heard)
    if mention.code in lexicon().words("wished_for") and (expressions.use_before.search(before) or expressions.use_after.match(after)):
        asked = True
    past = bool(expressions.past.search(before)) and not expressions.now.search(before) and not heard
    past = past and mention.code not in lexicon().words("never_past")
    past = past and not ("，" in said and expressions.now.search(said))  # 先是脚麻，现在…: told up to now
    past = past or (mention.code in _ACTS and not again and _YEARS_AGO.search(before) is not None)
    if absent:
        status = Status.ABSENT
    elif unsure or (puzzled and not heard) or any(
        sign.search(place) for sign, place in ((expressions.uncertain, before), (expressions.unsure_within, said), (_ONE_OF_TWO, before))
    ):
        status = Status.UNCERTAIN
    else:
        status = Status.PRESENT
    return Scoped(mention, clause, status, past, asked)


def _negator_before_a_space(text: NormalText, clause: Clause, clauses: tuple[Clause, ...]) -> bool:
    """没有 发烧: a bare negator that only a space parts from what it denies."""
    if clause.index == 0:
        return False
    previous = clauses[clause.index - 1]
    return previous.soft and text.text[previous.start : previous.end] in ("没有", "无", "否认", "没得", "未见")


_WHEN = re.compile(
    "(?:[切站走坐用写拿抱]久了?|躺下|躺着|坐着|站着|走路|上楼|活动|一动|干活|晚上|夜里|早上|饭后|吃饭|吃了|咳嗽|天冷|天一冷|弯腰|低头|时|时候|后|就)(?:会|都|也)?$"
)
"""躺下更厉害 tells what makes it worse, not that it gets worse."""
_NO_COURSE = re.compile("(?:活动|起来|揉|捂|歇|坐|躺|动)[^，。；！？药]{0,6}就(?:松快|松活|好受|舒服|轻松)[些点多]?了"
    "|一顿就|老早|有时间|总之|总共|有时候没|一下子女|(?:没|不)(?:那么|再|怎么)?(?:经常"
    "|反复|老是|总是)|(?:不|没)(?:见|再|会|怎么)?加重|没(?:有)?(?:加重|再发|反复|复发)|又没|慢慢(?:走"
    "|吃|来|说|喝|调|养|打)|天天(?:跑步|锻炼|上班|干活|吃|喝|洗|打针|在|都好)")


_BACK = re.compile("[又再](?:开始)?(?:烧|疼|痛|咳|拉|吐|喘|肿|痒|犯|来|上来|起来|反|发)")
"""退了点又烧起来."""


def course_in(text: str) -> str | None:
    """The course that the words of one clause tell, or None."""
    text = _NO_COURSE.sub(lambda idle: "·" * len(idle[0]), text)
    for name, expression in _expressions().course:
        found = expression.search(text)
        if found and not (name == "worsening" and _WHEN.search(text[: found.start()])):
            return "recurrent" if name == "improving" and _BACK.search(text, found.end()) else name
    return None


_NO_DEGREE = re.compile("太阳|很少|太太|死亡|很快|一点钟|有一点钟|更厉害|更严重|更狠|更凶|怪(?=怎么"
    "|我|他|她|不得|味|物|不好)|特(?:意|地|殊|色)|可(?:能|以|是)|明显好|好点|好一点|轻一点|大一点|多一点|老火炉|[午晨上里天]一点|挺深|(?<![痛疼痒累烦吓])死(?:的|掉)|一点(?=都|也)")


@cache
def _degrees() -> tuple[tuple[str, re.Pattern[str], re.Pattern[str]], ...]:
    """By degree: the words that stand before what they grade, and those that come after it (厉害, 要命)."""
    lex = lexicon()
    after = frozenset(lex.words("severity_after"))
    found = []
    for name in ("severe", "moderate", "mild"):
        words = lex.words("severity", name)
        leading = re.compile(f"{alternatives(word for word in words if word not in after)}[^，。；！？闷痛疼晕麻痒胀肿]{{0,2}}$")
        found.append((name, leading, re.compile(alternatives(words))))
    return tuple(found)


_MILD_BY_NAME = frozenset(["低烧", "低热", "微热", "发低烧", "低烧烧", "隐痛", "微痛"])
_FIRST_DEGREE = re.compile("(?:有一点|有点|有些|稍微|轻微|略微|很|非常|特别|挺|比较)(?!多|重|大|严重|厉害|明显|凶|频繁|狠|$)")
_FELT = frozenset("痛疼痒胀")
_UNBEARABLE = re.compile(
    "(?:得|到|起|的)(?:人|他|她|我|都|直|就|想|要|快要|在(?:床|地|炕|屋)(?:上|下|头)?|满(?:床|地)|嗷嗷|不停|全身){0,3}"
    "(?:冒(?:冷|虚)?汗|出(?:冷)?汗|打滚|滚|喊|叫(?!我|他|她)|哭|跳(?!动|一)|发抖|打抖|睡不(?:得|着|成)|坐不(?:住|得)|起不来|直不起|说不(?:出|得)话"
    "|走不(?:得|动|成)|吃不(?:得|成)|撞墙|遭不住|口水|眼泪|晕(?:过去|倒)|要命)"
)
"""痛得喊娘, 痛到睡不得: what a pain makes somebody do tells how bad it is."""
_A_LITTLE = re.compile("(?:破|带|流|出|见|渗|擦破|秃噜|蹭破)(?:了|着)?(?:一)?点点?(?:皮|血)")
"""破了点皮, 流了点血."""
_COMPLEMENT = re.compile("^[痛疼闷胀晕咳喘]?(?:得|的|到|地|起来|起)")


def severity_near(text: str, start: int, end: int, clause: Clause) -> str | None:
    """How bad, from the words right before ``text[start:end]``, within it and after it; a degree that opens what comes next is not its own."""
    if text[start:end] in _MILD_BY_NAME:
        return "mild"
    before = _NO_DEGREE.sub("·", text[max(clause.start, start - 5) : start])
    within = _NO_DEGREE.sub("··", text[start:end])
    after = text[end : min(max(clause.end, end), end + 12)]
    felt = end - 1 if text[end - 1 : end] in ("得", "到") else end  # a pattern may have taken 得
    if text[felt - 1 : felt] in _FELT and _UNBEARABLE.match(text[felt : felt + 12]):
        return "severe"
    if any(found.start() < end and start < found.end() for found in _A_LITTLE.finditer(text, max(clause.start, start - 6), min(clause.end, end + 5))):
        return "mild"
    after = after[:9]
    if _COMPLEMENT.match(after) is None and not within.endswith(("得", "的")):
        if first := _FIRST_DEGREE.search(after):
            after = after[: first.start()]
        after = after[:5]
    after = _NO_DEGREE.sub("··", after)
    for name, leading, any_degree in _degrees():
        inside = any_degree.search(within)
        if leading.search(before) or (inside and inside[0] != within) or any_degree.search(after):
            return name
    return None
