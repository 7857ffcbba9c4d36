"""Where findings are named: dictionary words, body part with sensation, and patterns. Status is decided elsewhere (scope)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from .lexicon import Lexicon, Pattern, alternatives, folded, lexicon
from .normal import NormalText
from .words import WordBoundaries


@dataclass(frozen=True, slots=True)
class Mention:
    """``code`` named at ``text[start:end]``. ``flipped``: the words themselves say that it is absent (肚子不痛)."""

    code: str
    start: int
    end: int
    flipped: bool = False
    pattern: bool = False


_PLACE = (
    "(?:里头|里面|里|上面|上|这里|那里|边上|这块|那块|下面|中间|周围|深处|旁边|后面|前面|这边|那边|"
    "一块|那一块|这一块|那一片|的地方|地方|处|部位|那儿|这儿|左边|右边|两边|一边|一侧|半边|内侧|外侧)?"
)
_FILLER_FORMS = (
    "一(?:到晚上|到夜里|到黑了?|变天|到阴天|阴天|受凉|着凉|遇冷|下雨|用力|使劲|蹲下?|坐下?|站|躺下?|翻身|干活|上楼|下楼|出汗|洗澡|沾水|张嘴|吃东西|到冬天|到夏天|"
    "[按压碰动摸走吃咳喘吸弯冷热转扭抬低累晒挨])(?:就|都|便)?",
    "从(?:早上|今早|今天|昨天|昨晚|前天|上午|中午|下午|晚上|半夜|刚才)(?:起|开始)?",
    r"[一二两三四五六七八九十半几\d]+多?(?:天|个月|年|小时|周|个小时|个多月|个星期|个钟头)了?",
    "(?:上下楼|上楼|下楼|走路|干活|蹲下|站久|坐久|走多|走远|弯腰|翻身|抬手|使劲|用力)(?:了|的时候|时)?",
    "像?针扎一样|像?针扎似",
    "一[^，。；！？一就]{1,4}就",
)
_FILLER_TEXT = (
    "有一点点 有一点 有点儿 有点 有些 一点 很 好 特别 非常 老是 老 总是 总 一直 一阵一阵 一阵阵 阵阵 也 "
    "又 都 就 开始 突然 忽然 越来越 感觉 觉得 感到 好像 不停地 不停的 不停 不时 隐隐 发 有 在 会 更 "
    "还 的 得 地 是 一抽一抽 一跳一跳 一扯一扯 轻微 剧烈 天天 经常 时常 时不时 偶尔 稍微 这几天 不怎么 "
    "不太 不大 没有 没得 没 不 并不 无 未 怎么 里 被 给 现在 今天 最近 昨天 昨晚 晚上 早上 半夜 反复 "
    "阵发性 持续性 持续 一根筋 一条筋 疼痛 明显 比较 挺 太 厉害 严重 实在 真的 真 胀 酸 又胀又 又酸又 "
    "又红又 和 咧 哩 哒 滴 着 净 直 可 贼拉 贼 怪 蛮 好生 硬是 一片 一层 整个 整天 成天 黑了 后半夜 "
    "夜里 夜头 白天 早起 清早 大清早 后晌 下雨天 阴雨天 阴天 天冷 变天 老是会 总会"
)
_FILLER = f"(?:(?>{'|'.join(_FILLER_FORMS)}|{alternatives(_FILLER_TEXT.split())})){{0,8}}?"
"""What may stand between a part and what is felt there. Each word of it is taken whole: two ways to part the same words would multiply."""
_NEGATORS = re.compile("没有|没得|没|不怎么|不太|不大|并不|不|无|未")
_NOT_NEGATORS = re.compile("不停|不时|时不时|不断")


@cache
def _combination() -> re.Pattern[str]:
    lex = lexicon()
    part = alternatives(lex.parts)
    return re.compile(
        f"(?P<part>{part}){_PLACE}(?:(?:、|和|跟|与|及|还有|连着|连|到|串到|扯到)(?:左边?"
        f"|右边?)?(?P<other>{part}){_PLACE})?(?P<gap>{_FILLER})(?P<sense>{alternatives(lex.sensations)})"
    )


def _dictionary(text: str, lex: Lexicon, without: str = "") -> list[Mention]:
    """Words of the dictionary in ``text`` (folded), but for ``without``."""
    found: list[Mention] = []
    for start, first in enumerate(text):
        word = next((word for word in lex.by_start.get(text[start : start + 2], ()) if word != without and text.startswith(word, start)), "")
        if word or (word := first if first in lex.by_start and first != without else ""):
            found.append(Mention(lex.surfaces.get(word, ""), start, start + len(word)))
    return found


_DEGREE = re.compile("有一点点?|有点儿?|有些|一点点|特别|非常|老是|总是|一直|越来越|稍微|比较|更加|(?<![不没])[很太老]|也|又|都|还|更")
"""Words of degree and manner that people put into any other (气有点短, 吞咽有点呛): left out they leave what is meant."""


def _loosened(plain: str, lex: Lexicon) -> list[Mention]:
    """Words of the dictionary that stand in ``plain`` with words of degree within them."""
    if _DEGREE.search(plain) is None:
        return []
    left_out = {place for match in _DEGREE.finditer(plain) for place in range(*match.span())}
    kept = [place for place in range(len(plain)) if place not in left_out]
    found: list[Mention] = []
    for word in _dictionary("".join(plain[place] for place in kept), lex):
        start, end = kept[word.start], kept[word.end - 1] + 1
        if word.code and end - start > word.end - word.start and plain[start] not in "没无不":
            found.append(Mention(word.code, start, end))
    return found


def _combinations(text: NormalText, lex: Lexicon) -> list[Mention]:
    found: list[Mention] = []
    position = 0
    expression = _combination()
    while match := expression.search(text.text, position):
        position = match.start() + 1
        if _pauses(match, text) > 2:
            continue
        flipped = len(_NEGATORS.findall(_NOT_NEGATORS.sub("", match["gap"]))) % 2 == 1
        sense = lex.sensations[match["sense"]]
        for group in ("part", "other"):
            if match[group] and (code := lex.combos.get((lex.parts[match[group]], sense))):
                found.append(Mention(code, match.start(), match.end(), flipped))
                position = match.end()
        found += _also_felt(match, lex, text)
    return found


@cache
def _further() -> re.Pattern[str]:
    gap = "(?:又|也|还|和|或|或者|更|都|有点|有些|不怎么|不太|没有|没|不){1,6}"
    return re.compile(f"(?:了|的|着)?、?(?P<gap>{gap})(?P<sense>{alternatives(lexicon().sensations)})")


def _also_felt(match: re.Match[str], lex: Lexicon, text: NormalText) -> Iterator[Mention]:
    """What is felt besides in the same place: 胸口不闷也不痛."""
    part = lex.parts[match["part"]]
    position = match.end()
    while further := _further().match(text.text, position):
        if _broken(further, text):
            return
        if code := lex.combos.get((part, lex.sensations[further["sense"]])):
            flipped = len(_NEGATORS.findall(further["gap"])) % 2 == 1
            yield Mention(code, further.start("sense"), further.end(), flipped)
        position = further.end()


@cache
def _denied_alone() -> tuple[re.Pattern[str], re.Pattern[str]]:
    lex = lexicon()
    felt = alternatives(word for word in lex.sensations if len(word) == 1 or word in ("流血", "出血"))
    alone = re.compile(f"(?:不怎么|不咋|不太|没有|没得|莫得|不|没|冇)(?P<sense>{felt})")
    part = re.compile(f"(?P<part>{alternatives(lex.parts)})(?!孢|发|绳|套|机|表|册|术|续|上有人)")
    return alone, part


def _denied_besides(text: NormalText, lex: Lexicon) -> Iterator[Mention]:
    """腿肿,不疼不痒: a feeling denied with no place of its own is denied of the place named last in the sentence, or of the next."""
    content = text.text
    alone, part = _denied_alone()
    for denied in alone.finditer(content):
        before, after = content[: denied.start()], content[denied.end() :]
        opens = denied.start() in text.breaks or _OPENS.search(before[-2:]) is not None or not before
        if not opens or not (denied.end() in text.breaks or _CLOSES.match(after) or part.match(after)):
            continue
        first = max(content.rfind(mark, 0, denied.start()) for mark in "。！？") + 1
        last = min((at for mark in "。！？" if (at := content.find(mark, denied.end())) >= 0), default=len(content))
        places = list(part.finditer(content, max(first, denied.start() - _NEAR), denied.start()))
        place = places[-1] if places else part.search(content, denied.end(), min(last, denied.end() + _NEAR))
        sense = lex.sensations[denied["sense"]]
        if place and places and _GROWTH.search(content, place.start(), denied.start()) and lex.parts[place["part"]] != "breast":
            continue  # 后腰长了个疙瘩，不疼: the lump, not the back
        if place and lex.parts[place["part"]] not in _UNLIKE and (code := lex.combos.get((lex.parts[place["part"]], sense))):
            yield Mention(code, denied.start(), denied.end(), flipped=True, pattern=True)
    for well in _well().finditer(content):
        if code := lex.combos.get((lex.parts[well["part"]], "pain")):
            yield Mention(code, well.start(), well.end(), flipped=True, pattern=True)


@cache
def _well() -> re.Pattern[str]:
    """胸口没事: denies a pain there."""
    return re.compile(f"(?P<part>{alternatives(lexicon().parts)})(?:那儿|那里|这边|里头|里)?(?:也|都"
        f"|倒|倒是|还|还是)*(?:没事|没啥事|没得事|没问题|没啥|好着)(?=$|[，。；！？呢哩的])")


_OPENS = re.compile("[，。；！？也倒都但又可还是点既]$|不[痛疼痒红肿麻胀热烫酸硬干]$|没[痛疼痒红肿]$")
_CLOSES = re.compile("$|[，。；！？不没也又了的还倒就可但]")
_GROWTH = re.compile("疙瘩|圪瘩|圪蛋|肉蛋|[个起]包|大包|小包|鼓包|坨|硬块|瘤|硬核|痣|[红紫白]斑|疹|水泡|红点|球|溃疡|息肉|囊肿|结节|皮|斑块")
_UNLIKE = frozenset(["vulva", "head_skin"])
"""Parts whose combinations stand for something broader than what is felt there."""
_NEAR = 30
"""Characters within which a place named before or after is the one meant."""
_NO_PLACE = frozenset(["下面", "下身", "上面", "尿", "奶", "口子"])
"""Words that name a part only within a sentence."""


@cache
def _afterthought() -> tuple[re.Pattern[str], re.Pattern[str]]:
    lex = lexicon()
    sense = alternatives(word for word in lex.sensations if not word.startswith(("有", "好")))
    edge = "(?:^|(?<=[，。；！？]))"
    felt = re.compile(
        f"{edge}(?:是|也|还|一直|一|就|老|总是|隐隐(?:地|的)?|不是说|不是不[痛胀]，是|又){{0,6}}(?P<sense>{sense})"
        "(?P<rest>(?:痛|得|了|着|的|一阵|好一阵|多厉害|评分|打分|程度|[^，。；！？没不]){0,12})"
    )
    part = alternatives(word for word in lex.parts if word not in _NO_PLACE)
    before, after = "(?:就是|在|是|就在|我(?:的)?|他(?:的)?|左边|右边|左|右|两边)*", "(?:左边|右边|左|右|上面|下面|里面|那颗|那块|这块|的)*"
    place = re.compile(f"[，]{before}(?P<part>{part}){_PLACE}{after}(?=$|[，。；！？])")
    return felt, place


def _afterthoughts(text: str, lex: Lexicon) -> list[Mention]:
    """A place that comes as an afterthought, in a clause of its own: 疼得睡不着，牙."""
    felt, place = _afterthought()
    found = []
    for where in place.finditer(text):
        before = [match for match in felt.finditer(text, 0, where.start()) if not re.search("[。！？]", text[match.end() : where.start()])]
        for match in before[-1:]:
            code = lex.combos.get((lex.parts[where["part"]], lex.sensations[match["sense"]]))
            found += [Mention(code, where.start("part"), where.end("part"))] if code else []
    return found


def _patterns(text: NormalText, lex: Lexicon) -> list[Mention]:
    return [
        Mention(pattern.code, match.start(), match.end(), pattern.absent, pattern=True)
        for pattern in map(lex.patterns.__getitem__, lex.demanding.possible(text.text))
        for match in _matches(pattern, text.text)
        if match.end() > match.start() and _pauses(match, text) <= 1
    ]


_DENIED_GAP = re.compile(
    "(?:没有|没得|莫得|没|不是|不会|不|无|未|冇|木有)(?:被|有|再|怎么|很|明显|太|给|会|是|觉得|变"
    "|感觉|见|发生|出现|去|那么|让|曾|大|进|弄|溅|到|沾|入|碰|掉|过|在|得|减)*$"
)


def _matches(pattern: Pattern, text: str) -> Iterator[re.Match[str]]:
    """Where ``pattern`` holds. A negation at the end of one of its gaps denies what follows: such a match says nothing, neither yes nor no,
    unless the pattern also holds from there without it."""
    for match in pattern.expression.finditer(text):
        if "否认" in match[0][1:]:
            continue  # 拉肚子，否认像淘米水: what was denied in between is not joined with what was said before
        if pattern.absent or not any(gap and _denied(gap) for gap in match.groups()):
            yield match
        elif again := pattern.unnegated.search(text, match.start(), match.end()):
            yield again


def _denied(gap: str) -> bool:
    return _DENIED_GAP.search(_idioms().sub(lambda idiom: "·" * len(idiom[0]), gap)) is not None


@cache
def _idioms() -> re.Pattern[str]:
    """What looks like a negator and is none (不停, 不小心)."""
    return re.compile(alternatives(lexicon().words("not_negators")))


def _broken(match: re.Match[str], text: NormalText) -> bool:
    return any(match.start() < pause < match.end() for pause in text.breaks)


def _pauses(match: re.Match[str], text: NormalText) -> int:
    """Spaces within: 头 有点 痛 is one thing to who puts a space where others take breath."""
    return sum(match.start() < pause < match.end() for pause in text.breaks)


def _within_a_denial(mention: Mention, text: str) -> bool:
    """不存|在化疗, 不存|在高处摔下来."""
    return text[max(0, mention.start - 2) : mention.start + 1] == "不存在"


def _covers(one: Mention, other: Mention) -> bool:
    return one.start < other.end and other.start < one.end


def _resolve(candidates: list[Mention], text: str) -> list[Mention]:
    """Of words within one another the longest stays; two that only share an edge both stay (孕吐, 吐得厉害); a word that begins with a negator gives
    way to one that reaches further."""
    owner: dict[int, Mention] = {}
    kept: list[Mention] = []
    for mention in sorted(set(candidates), key=lambda m: (m.start - m.end, m.start, m.code)):
        places = range(mention.start, mention.end)
        negator = text[mention.start] in "没无不"
        if negator and len(places) <= 4 and any(_reaches_further(other, mention) for other in candidates):
            continue
        holders = {holder for place in places if (holder := owner.get(place)) and (holder.start, holder.end) != (mention.start, mention.end)}
        if all(not negator and _shares_an_edge(holder, mention) for holder in holders):
            kept.append(mention)
            owner.update((place, mention) for place in places)
    return kept


def _shares_an_edge(holder: Mention, mention: Mention) -> bool:
    """Whether neither stands within the other; a word that names nothing (痛经常) gives way only to what begins before it."""
    before, after = mention.start < holder.start, mention.end > holder.end
    return before != after and (before or bool(holder.code)) and bool(mention.code)


def _reaches_further(other: Mention, mention: Mention) -> bool:
    return mention.start < other.start < mention.end < other.end


def mentions(text: NormalText, boundaries: WordBoundaries, *, without: str = "") -> list[Mention]:
    """Every finding or condition named in ``text``, in order of place; ``without``: a folded word that is to be left out."""
    lex = lexicon()
    plain = folded(text.text)
    grandmothers = {match.start() + 1 for match in _GRANDMOTHER.finditer(text.text)}
    candidates = _dictionary(plain, lex, without) + _combinations(text, lex) + _afterthoughts(text.text, lex)
    candidates += [m for m in _loosened(plain, lex) if not any(_covers(m, word) for word in candidates if word.code)]
    resolved = _resolve([m for m in candidates if m.start not in grandmothers], text.text)
    named = [m for m in resolved if m.code and (m.end - m.start > 1 or boundaries.stands_alone(*_context(plain, m.start)))]
    named = [m for m in named if not (m.code == _SLEEPLESS and _SO_BAD.search(plain[max(0, m.start - 7) : m.start]))]
    named = [m for m in named if not (plain[m.start : m.end] == "烧心" and plain[m.start - 1 : m.start] in _FEVERISH)]
    named = [m for m in named if not (plain[m.end - 1 : m.end + 1] == "青春" and m.end - m.start > 1)]  # 嘴边发|青春痘
    named = [m for m in named if not _within_a_denial(m, plain)]
    blocked = [m for m in resolved if not m.code]
    named += [m for m in _denied_besides(text, lex) if not any(_covers(m, other) and other.code == m.code for other in named)]
    for mention in _patterns(text, lex):
        if any(_covers(mention, word) for word in blocked) or _within_a_denial(mention, plain):
            continue
        same = [m for m in named if m.code == mention.code and _covers(m, mention) and m.flipped == mention.flipped]
        if any(m.start <= mention.start and mention.end <= m.end for m in same):
            continue
        within = [m for m in named if mention.flipped and m.code == mention.code and mention.start <= m.start and m.end < mention.end]
        named = [m for m in named if m not in same and m not in within]
        named.append(mention)
    named = [m for m in named if not (m.code in _FITS and _drawn_off(text.text, m))]
    named = _without_idle(text.text, named, lex)
    wholes = [whole for whole in named if whole.pattern and whole.code in _TAKES]
    taken = {m for m in named if any(_takes(whole, m) for whole in wholes)}
    taken |= {m for m in named for beast in _BEAST.finditer(text.text) if beast.start() <= m.start and m.end <= beast.end()}
    return sorted((m for m in named if m not in taken), key=lambda m: (m.start, m.end, m.code))


def _without_idle(content: str, named: list[Mention], lex: Lexicon) -> list[Mention]:
    """``named`` without what the words around it make no danger of anybody (idle.csv); what was denied stays denied."""
    if not named:
        return named
    heard = frozenset(lex.words("always_heard"))
    codes = frozenset(m.code for m in named)
    for idle in lex.idle:
        if not idle.others and idle.codes.isdisjoint(codes):
            continue
        for match in idle.expression.finditer(content):
            start, end = match.span(1 if match.re.groups else 0)
            named = [
                m
                for m in named
                if m.flipped or m.end <= start or end <= m.start or not (m.code in idle.codes or (idle.others and m.code not in heard))
            ]
    return named


_BEAST = re.compile(
    "(?:我家|我们家|俺家|家里|屋里|邻居家|隔壁家|养的|喂的)(?:的|那条|那只|那头|一头|一只|一条)?(?:老|母|公|小|黄|水|奶)?(?:狗|猫|猪|牛|羊|兔子|鸡|鸭|马|驴|鹅|骡子)(?:子|崽)?(?:昨天|昨晚|今天|今早|刚才|刚刚|又|突然|一直|也|老是|老|开始|就|都)*"
    "(?:抽风|抽搐|抽|发烧|发热|不吃|吐|拉稀|拉肚子|咳嗽|咳|喘|流鼻涕|瘫|喘|要生|难产|流产|口吐白沫|吐白沫|发抖|中毒)(?:了|食|东西|血|起来|得厉害|得不行|得凶)*(?:嘴里流沫|口吐白沫|流口水|不吃|不动)?"
)
"""What an animal has is nobody's complaint (我家狗抽风了); that it bit somebody stands elsewhere."""
_FITS = frozenset(["seizure", "seizure_long", "cramp"])
_DRAWN_OFF = re.compile(
    "(?:积水|积液|腹水|胸水|关节液|脓|骨髓|脊髓|脑脊液|羊水|血|水|液)(?:多|也|都|已经|让|给|被|叫|去|到|在|医院|医生|大夫|县里|镇上|里|他们|昨天|今天|上次|前天|刚|又|就|了){0,5}$"
    "|(?:化验|验血|体检|查血)[^。！？]{0,6}$"
)
"""膝盖积水抽了两次: what was drawn off, no fit."""
_DRAWN = re.compile("(?:点|些|一点|[一两几]管|出来?)?(?:水|积液|血(?!压)|脓|液|骨髓)(?!都|也|喝|喂|不|没)"
    "|(?:了)?[一二两三四五六七八九十几好多半\\d]{1,4}(?:来|多)?(?:年|包|根|支|盒)")


def _drawn_off(content: str, fit: Mention) -> bool:
    return _DRAWN_OFF.search(content[max(0, fit.start - 12) : fit.start]) is not None or _DRAWN.match(content, fit.end) is not None


_TAKES = {
    "snoring_apnoea": frozenset(["not_breathing", "dyspnoea", "night_breathless", "orthopnoea"]),
    "standing_dizzy": frozenset(["vision_loss", "dizziness"]),
    "pleuritic_pain": frozenset(["dyspnoea"]),
    "cold_sensitive": frozenset(["cyanosis", "limb_purple"]),
    "heartburn": frozenset(["fever"]),
    "vision_loss": frozenset(["diarrhoea"]),
    "muscle_cramp": frozenset(["seizure", "cramp"]),
    "fishbone_throat": frozenset(["choking"]),
    "blood_streaks": frozenset(["haemoptysis"]),
    "gum_bleeding": frozenset(["haematemesis"]),
    "exertional_worse": frozenset(["not_breathing"]),
    "thunderclap": frozenset(["head_injury", "domestic_violence"]),
    "bulging_fontanelle": frozenset(["headache"]),
    "ear_pain": frozenset(["headache"]),
    "face_pain": frozenset(["face_lip_swelling"]),
    "cyanosis": frozenset(["skin_redness", "facial_flush_spots", "face_red"]),
    "chest_indrawing": frozenset(["seizure"]),
    "inhaler_fails": frozenset(["pesticide_exposure"]),
    "measles_contact": frozenset(["chickenpox_rash", "rash"]),
    "tenesmus": frozenset(["constipation"]),
}
"""What a whole phrase means takes the place of what its words would mean alone: 睡着就不出气,憋醒 is snoring, 喘气就疼 no want of air."""


def _takes(whole: Mention, word: Mention) -> bool:
    if word.code == "limb_purple" and word.end > whole.end:
        return False  # 手冻得发紫没知觉 is more than cold
    return word.code in _TAKES[whole.code] and whole.start < word.end and word.start < whole.end


_GRANDMOTHER = re.compile("(?<!奶)奶奶(?!奶)")
"""奶奶疼得厉害 tells of no breast; 奶奶奶疼 does."""
_FEVERISH = ("发", "高", "低", "退")
"""发烧 心率132 is no heartburn."""
_SLEEPLESS = "insomnia"
_SO_BAD = re.compile("[痛痒胀咳喘闷麻酸烧热]得(?:人|晚上|整晚|一晚上?|整夜|一夜|夜里|根本|都|觉都|他|我|她)*$")
"""痛得睡不着 tells how bad the pain is."""


def _context(text: str, position: int) -> tuple[str, int]:
    """A few characters around ``position``, and where it stands in them (short, so that it can be remembered)."""
    first = max(0, position - 4)
    return text[first : position + 5], position - first
