"""Whom each part of the text concerns, and what is said of that person: relation, age, sex, pregnancy."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import pairwise

from .clauses import Clause
from .lexicon import Kin, lexicon
from .normal import HARD_BREAKS, NormalText
from .numbers import NUMBER, number

DAYS_A_YEAR, DAYS_A_MONTH = 365.25, 30.4375


@dataclass(frozen=True, slots=True)
class Named:
    """A person named at ``start``; ``gone``: said to have died, or to be treated while the writer asks for herself; ``crowd``: people who are
    only told of in passing (学堂头好多娃儿): what follows is not about them; ``also``: has it as well (老公也有脚气)."""

    kin: Kin
    start: int
    end: int
    gone: bool = False
    crowd: bool = False
    also: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """Something said of a person: ``what`` is age (days), sex ("male"/"female"), pregnant (bool) or weeks."""

    what: str
    value: float | str | bool
    start: int
    end: int


_MINE = "(?:我|俺|额|咱|阮|偶|吾|阿拉)(?:们)?(?:家里|家|屋里|屋头|屋)?(?:的)?(?:那个|这个|那|这)?"


@cache
def _people() -> re.Pattern[str]:
    known = lexicon().people
    words = sorted(known, key=lambda word: (-len(word), word))

    def one(word: str) -> str:
        unless = "|".join(map(re.escape, known[word].unless_before))
        return re.escape(word) + (f"(?!{unless})" if unless else "")

    def any_of(chosen: list[str]) -> str:
        return "|".join(map(one, chosen))

    others = any_of([word for word in words if known[word].relation not in ("self", "third")])
    alone = any_of([word for word in words if not known[word].possessed])
    own = any_of([word for word in words if word[0] in "我俺额咱" and known[word].relation != "self"])
    return re.compile(f"(?!{own}){_MINE}(?:大|小|老|二|三|四|五|幺|亲)??(?P<mine>{others})|(?P<alone>{alone})")


_NO_PERSON = re.compile(
    "(?<=[我俺额])(?:和|跟|同|与)(?:我|俺|额)?[^，。；！？]{1,5}?(?:都|两个|两口子|俩|一起|一样)"
    "|(?:我|俺|额)(?:们)?(?:这边|跟前|面前|那边)|大姨妈|姨妈(?=来|巾|痛|疼|期|量|推迟|没来|不来|刚走|晚)"
    "|妈呀|我的妈|我的娘|好娘|大娘家|(?<!我家)(?<!我)(?<!俺)(?<!俺家)(?<!屋)(?<!屋里)(?<!屋头)(?<!她家)(?<!他家)(?<!咱家)姑娘|娘家|孩子他(?![爸妈爹娘大达奶爷外姥])|自己好|他汀|其他|他们|怀孩子|生孩子|怀娃|生娃"
    "|怀着孩子|怀了孩子|肚里(?:的)?孩子|肚里(?:的)?娃|刚生完孩子|生完孩子|生了孩子|生了娃|爱人民|新生儿科|小孩子气|孩子在肚子里|娃在肚子里"
    "|胎儿|自己好了|宝宝不动|一家人|全家人|我们一家|孕[^，。；！？]{0,6}?(?:娃儿?|孩子|宝宝|毛毛)"
    "|(?<!我)(?<!他)(?<!她)自己(?:就|会|也)?(?:好|停|没|缓|淤青|青了|肿|消)|(?:我|俺)(?:们)?(?:村|这里|这边|屋|们)"
    "|(?:姥姥|姥爷|外婆|外公|奶奶|爷爷|舅舅|姑姑|阿姨|姨妈|叔叔|同学|邻居|亲戚|朋友|同事|丈母娘|岳母"
    "|婆婆|婶婶)家(?!人|的?(?:娃|孩子|儿子|女儿|小孩|老|狗))"
    "|(?:他|她|娃|孩子)[他她]?(?:妈妈?|爸爸?|奶奶|爷爷|外婆|老汉儿?|老者)(?:说|讲|告诉|打电话)"
    "|(?:我|俺|咱)(?:们)?家里?的?(?=农药|百草枯|敌敌畏|除草剂|老鼠药|鼠药)"
    "|(?:[痛疼得]|直|嗷嗷)(?:喊|叫|叫唤|直喊|直叫|哭)(?:爹|娘|妈|老娘|亲娘)(?:叫娘|喊娘|叫妈|喊妈)?(?=$|[，。；！？的了])"
    "|(?:一个|有个|那个|是个?)老(?:汉|者|倌)(?!儿)|毛毛(?=汗|雨|虫|躁)|带(?:娃儿?|孩子|娃娃|小孩|孙子|孙娃)(?=抱|累|太|久|多|辛苦)"
    "|(?:爷爷|奶奶|外公|外婆|爸爸?|妈妈?|姥姥|姥爷|大人|别人)的(?:[^，。；！？]{0,4}药|药)"
    "|(?:跟|和|同|与)(?:我)?(?:妈妈?|爸爸?|老公|老婆|婆婆|媳妇|对象|男朋友|女朋友|父母)(?:又|刚|老"
    "|总)?(?:吵|闹|打架|生气|离婚)|告诉(?:我)?(?:妈妈?|爸爸?|父母|老师|家里人)"
    "|(?:急|烦|笑|吓|忙|愁)死我|(?:(?<![医先学后])生|怀着?|养)我(?=的?时|那|的|$|[，。])|自己(?:又"
    "|慢慢|都)?(?:没了|消|退|下去|掉)|女儿红|娃娃鱼|娃娃脸|娃娃亲|人老婆|小子弹|爷们儿?气|老汉田|婆婆丁|公公正|爱人如"
    "|生(?:完|了|过|下来?|罢|咧)+(?:第?[一二两三四五几\\d]+(?:个|胎)|头胎|小)?(?:娃儿?|孩子|小孩|宝宝|崽|儿子|闺女|女儿|丫头|毛毛|男孩|女孩)"
    "|(?:奶头|乳头|喂奶|奶子|奶上|奶水)[^。！？]{0,8}?(?:娃儿?|孩子|宝宝|小娃|毛毛|崽)(?=一?吃|咂|吸|嘬|含|叼|咬|不吃|不肯)"
    "|(?:想|准备|打算|还想|没|没有|还没|不)要(?:个|一个|二胎|上)?(?:孩子|小孩|娃儿?|宝宝)|要(?:不上|不了|不起|个)(?:孩子|小孩|娃儿?|宝宝)"
    "|(?:这个|这|肚里的?)?(?:孩子|小孩|娃儿?|宝宝)(?:还|到底)?(?:能不能|可不可以|能|可以|该不该)(?:要|留|保|生下)"
    "|(?:能不能|能|可以)要(?:这个)?(?:孩子|小孩|娃儿?|宝宝)|(?:传染|遗传|传|过)(?:给|到)(?:我|俺)?(?:的|家)?(?:孩子|小孩|娃儿?|宝宝|崽|儿子|女儿|闺女)"
    "|(?:对|影响(?:到)?)(?:孩子|小孩|娃儿?|宝宝)(?=有|会|好|不好|没|吗|$|[，。？])"
    "|(?:孩子|小孩|娃娃|娃儿?|宝宝|毛毛|崽|伢|小囡|孩儿)(?:今天|昨天|昨晚|这两天|一直|好像|都|也)*在(?:我|俺)?(?:的)?肚(?:子|皮)?(?:里头|里面|里|头)"
    "|(?:左边|右边|两边|一边|两个|左|右)的?奶奶|(?:怀孕|怀起|怀了)[^。；！？]{0,14}(?:孩子|娃|宝宝|娃娃|娃儿|崽)[^，。；！？]{0,2}动"
)


_ACTS = re.compile(
    "(?:就是|只是|就|又|刚|赶紧|马上|一直|也|都|现在|早上|今早|晚上|下班){0,4}(?:(?:过|回|跑|赶"
    "|上)?去(?:一)?(?:看|叫|喊|扶|找|拉)|(?:回|过)?来(?:一)?看|(?:叫|喊|拍|推|摇)(?:他|她|也|都|了半天)|"
    "(?:给|让|叫|帮|替|扶|背|抱|送|带|陪|听|看|看着|见)(?:他|她|娃|孩子|老人)|摸(?:他|她|着|了摸)"
    "|发现|估计|怀疑(?!自己)|想问|在外(?:地|面|头)?(?:打工|上班)?|该(?:怎么|咋)|(?:不知道|不晓得)(?:该)?(?:怎么|咋)办)"
)
"""What the speaker does about somebody else: he stays who he is, and the talk stays with the other."""
_NURSING = re.compile(
    rf"(?:坐月子|月子里|产后|奶水|喂奶|奶头)[^。！？]{{0,8}}?[，。](?:娃儿?|孩子|宝宝|小孩|毛毛)(?:才"
    rf"|刚|都|现在|已经)*{NUMBER}(?:天|个月|周)(?:了|大)*(?=[，。；！？]|$)"
    rf"|生(?:完|了|过)[^，。；！？]{{0,5}}?(?:娃儿?|孩子|宝宝|小孩|毛毛)(?:才|刚|都|已经|有)*{NUMBER}(?:天|个月|周)"
)
"""坐月子，娃才十二天 tells of the mother."""
_CARES = re.compile(
    "(?:就|又|刚|赶紧|马上|一直|天天|昨天|今天|昨晚|今早){0,4}(?:接|陪|带|领|送|搀|扶|背|抱|照顾|伺候|守)(?:着|了|过)?(?:他|她|我|俺|额)(?!们?的)"
    "|(?:愁|急|担心|心疼)得|(?:儿子|女儿)?(?:要|马上|下个?月|明天|后天|过几天|今年|快|就)+(?:结婚|出嫁|娶|高考|中考|毕业|办酒|办事|订婚)"
)
"""Who brings or pities the patient, or only marries, is not the patient."""
_GONE = re.compile("(?:[^。！？]{0,30}?(?:去世|过世|病故|人没了|没救过来|不在人世|不在了|殁了|走得早"
    "|得[^，。！？]{1,6}死的|死于|(?:喝|吃|吞|淹|摔|吊)[^，。！？]{0,8}死的(?=[，。！？]|$)|喝[^，。！？痛疼]{0,8}(?<![痛疼痒累烦吓气急饿渴困热冷晕愁恨])死(?:的|了|掉|哒)"
    "|(?:癌|瘤|病|出血|心梗|梗死|脑梗|中风|肝硬化|尿毒症|车祸|难产|药)走(?:的|了|哒)(?=$|[，。！？]))|[^。！？]{0,8}?(?:走了(?=以后|之后|后|[，。]|$)"
    "|岁(?:上)?就?(?:死|没)))(?P<since>以后|之后|后)?")
_ASKS_FOR = re.compile(
    "(?:我|俺|额|本人)(?:们)?是(?:这个|这|本|咱|个)?[^，。；！？]{0,6}(?:医生|村医|大夫|护士|卫生室"
    "|卫生所|卫生院|诊所|驻村干部|村干部|网格员|社工|护工|志愿者|班主任|老师)"
    "|(?:替|帮|代|给)(?!我(?:问|看|查|咨询))(?P<whom>[^，。；！？]{1,6})(?:来)?(?:问|咨询|打听)"
)
"""Who asks for another does not speak of himself."""
@cache
def _acquainted() -> re.Pattern[str]:
    """王婶, 李大爷."""
    return re.compile(
        f"(?<![我俺额咱姓])(?:老)?[{lexicon().scope['surnames']}](?:家)?"
        "(?:(?P<female>婶儿?|嫂子?|大妈|大娘|大姐|阿姨|奶奶|婆婆|姨)"
        "|(?P<male>叔|大爷|大伯|伯伯|爷爷|大哥|老汉|老头|师傅|(?<=老.)头(?![晕痛疼]|上|里|皮|发)))"
    )


def named(text: NormalText) -> list[Named]:
    """The words for people in ``text``, in order; left out are idioms that name nobody, who only brings the patient, and who asks for another."""
    return list(_named(text.text))


@lru_cache(maxsize=16)
def _named(content: str) -> tuple[Named, ...]:
    """Ages, subjects and asides all look for the people of one text."""
    idle = [match.span() for expression in (_NO_PERSON, _NURSING) for match in expression.finditer(content)]
    known = [
        Named(_neighbour(match), match.start(), match.end())
        for match in _acquainted().finditer(content)
        if not any(first <= match.start() < last for first, last in idle)
    ]
    found = list(known)
    for match in _people().finditer(content):
        word = match["mine"] or match["alone"]
        start = match.end() - len(word)
        left_out = any(first <= start < last for first, last in idle)
        if left_out or any(one.start <= start < one.end for one in known) or _CARES.match(content, match.end()):
            continue
        found.append(Named(lexicon().people[word], match.start(), match.end()))
    found = _kin_of_kin(sorted(found, key=lambda one: one.start), content)
    found = _with_crowds(found, content)
    if _for_another(content, found):
        found = [one for one in found if one.kin.relation != "self"]
    first = next((one.start for one in found if one.kin.relation not in ("self", "third")), len(content))
    found = [one for one in found if one.kin.relation != "self" or one.start < first or not _ACTS.match(content, one.end)]
    kept = [kept for one, following in pairwise([*found, None]) if one and (kept := _with_fate(one, content, following))]
    fated = [replace(one, gone=True) if _in_good_hands(one, content) else one for one in kept]
    fated = [replace(one, crowd=True) if one.kin.relation != "self" and _LIKEWISE.match(content, one.end) else one for one in fated]
    asked_for = {match["whom"] for match in _ASKS_FOR.finditer(content) if match["whom"]}
    return tuple(
        replace(one, also=True) if _ALSO.match(content, one.end) and content[one.start : one.end] not in asked_for else one for one in fated
    )


_LIKEWISE = re.compile("(?:以前|之前|去年|前阵子|当时|那时候)?也(?:是|都)?(?:这样|这个样|这么个?样|一样)(?:子)?(?:的|过|了)?(?=$|[，。；！？])")
"""我朋友也这样，…: nothing of him is told, and what follows is not about him."""


_ALSO = re.compile(
    "(?:他|她|自己|自个儿?|最近|这两天|这几天|前两天|前几天|前阵子|昨天|昨晚|今天|今早|现在|以前|好像|就|身上){0,3}"
    "也(?!许|不(?!舒|得|好)|没(?!力|劲|胃口|精神))"
)
"""Not 嘎嘎也不喝, which may be no grandmother."""


_CROWD = re.compile(
    "(?:学堂|学校|班上|班里|幼儿园|托儿所|宿舍|厂里|厂头|工地上?|村里|村子里|寨子里?|院坝里?|镇上|单位上?|公司里?)(?:头|里头|里面|里)?(?:也|都)?(?:有|的)?"
    "(?:好多|好几个|几个|几十个|不少|很多|一大片|好些|多数)(?:个)?(?:娃儿|娃娃|娃|同学|人|学生|孩子|小朋友|工友)?(?=[也都]|在|拉|吐|咳|发|得|起|喊|说|痒|流)"
)
"""村里好几个人拉肚子: what they have is theirs."""


def _with_crowds(found: list[Named], content: str) -> list[Named]:
    crowds = list(_CROWD.finditer(content))
    if not crowds:
        return found
    others = [one for one in found if not any(crowd.start() <= one.start < crowd.end() for crowd in crowds)]
    named_so = [Named(Kin("neighbour", None, False), crowd.end() - 1, crowd.end(), crowd=True) for crowd in crowds]
    return sorted([*others, *named_so], key=lambda one: one.start)


_TREATED = re.compile("[^。！？]{0,8}?(?:送(?:到|去|进|的)?(?:县|市|镇)?(?:上|里)?医院(?:说|查|一查|检查)"
    "|医生说|查出|确诊|开了刀|做了手术)[^。！？]{0,12}?"
    "[，。](?:我|俺)(?:自己|现在|这会儿?)?(?:也|现在)(?:是|才|刚|已经|正)?(?:怀|有了|孕)")
"""我姐晕倒送医院说是宫外孕，我也怀起6周: she asks for herself."""


def _in_good_hands(one: Named, content: str) -> bool:
    return one.kin.relation not in ("self", "third", "child") and _TREATED.match(content, one.end) is not None


_HIS = re.compile("(?:家|屋里|他|她)?(?:的|他|她|家)")


def _kin_of_kin(found: list[Named], content: str) -> list[Named]:
    """我妈的妹妹 is of the wider family, 同事他爸 a stranger; whose child it is is left (我女儿家的孩子 is a child)."""
    joined: list[Named] = []
    for at, one in enumerate(found):
        between = one.kin.relation == "third" and at and at + 1 < len(found) and found[at - 1].end == one.start
        if between and found[at + 1].start - one.end <= len("的"):
            continue  # 同事他爸
        owner = joined[-1] if joined else None
        of = owner is not None and _HIS.fullmatch(content[owner.end : one.start]) is not None
        if not of or owner is None or "child" in (one.kin.relation, owner.kin.relation) or "self" in (one.kin.relation, owner.kin.relation):
            joined.append(one)
            continue
        stranger = owner.kin.relation in ("neighbour", "friend", "third")
        if owner.kin.relation == "third":
            joined[-1] = one
        else:
            joined[-1] = Named(Kin("neighbour" if stranger else "relative", one.kin.sex, False), owner.start, one.end)
    return joined


def _neighbour(match: re.Match[str]) -> Kin:
    return Kin("neighbour", "female" if match["female"] else "male", False)


def _for_another(content: str, found: list[Named]) -> bool:
    """Whether the speaker asks for somebody else: a doctor of a village for his patient, 替我爸问, 帮她问."""
    for match in _ASKS_FOR.finditer(content):
        if match["whom"] is None:
            return True
        if any(match.start("whom") <= one.start < match.end("whom") and one.kin.relation != "self" for one in found):
            return True
    return False


def _with_fate(one: Named, content: str, following: Named | None) -> Named | None:
    """``one``, and whether what follows up to the next person tells of his death; None where that only tells when something was (老伴走了以后)."""
    if one.kin.relation in ("self", "third"):
        return one
    gone = _GONE.match(content[one.end : following.start if following else len(content)])
    if gone is None:
        return one
    return None if gone["since"] else replace(one, gone=True)


_YEARS = re.compile(rf"(?P<years>{NUMBER})(?P<more>多|来|几|好几|啷当|出头|大几)?(?:周|虚)?岁(?:(?P<half>半)|零?(?P<months>{NUMBER})个?月)?")
_MONTHS = re.compile(rf"(?P<months>{NUMBER})个(?P<half>半)?(?:多)?月")
_OLD = "大(?!便|小便|小[都也]|量|概|约|夫|腿|脑|汗|姨|出血|把|片|口|碗|清早|半)"
"""八个月大, not 三个月大便带血."""
_CHILD_AFTER = re.compile(
    f"^(?:{_OLD}|的?(?:宝宝|奶娃|毛娃|月娃|小娃|奶伢|小子|丫头|妹妹|弟弟|孙子|孙女|外孙|闺女|娃|孩子|婴儿|小孩|女儿|儿子|毛毛|男|女|崽|伢|小儿|患儿))"
)
_CHILD_BEFORE = re.compile(
    "(?:娃|娃儿|孩子|小孩|宝宝|宝贝|娃娃|崽|崽崽|伢子|婴儿|毛毛|儿子|女儿|闺女|孙子|孙女|幺儿|伢"
    "|小宝|二宝|小儿|患儿|外孙|外孙女)(?:才|刚|今年|现在|有|已经|快|满|，)*$"
)
_DAYS = re.compile(
    rf"(?:出生|生下来|生下|出世)(?:才|刚|了|有|后|第)*(?P<days>{NUMBER})天|(?P<alone>{NUMBER})天(?:大)?(?:的)?(?:宝宝|新生儿|婴儿|娃|孩子|毛毛)"
    rf"|(?:新生儿|新生宝宝|月子里的(?:娃|孩子|宝宝))(?:才|刚|了)*第?(?P<newborn>{NUMBER})天"
)
_YOUNG_CHILD = "宝宝|宝贝|娃|娃儿|娃娃|孩子|小孩|婴儿|毛毛|崽|崽崽|伢子|伢|奶娃|月娃|毛娃|小宝|二宝|孙子|孙女|儿子|女儿|闺女"
_DAYS_OLD = re.compile(
    rf"(?:{_YOUNG_CHILD})(?:今天|现在|还|都|已经|也)*"
    rf"(?:(?:才|刚|满)+(?P<few>{NUMBER})天|(?P<many>{NUMBER})天(?:大|(?=[，。；！？ ]|$)))"
)
"""孩子才四十天, 宝宝四十天,发烧. With neither 才 nor 大 a small number may be the length of an illness (娃三天,一直拉)."""
_LEAST_DAYS = 14
_DAYS_ANSWERED = re.compile(
    r"^(?:孩子|宝宝|娃|娃儿|他|她|今天|现在|才|刚|满|有|出生|生下来|快|已经|大概)*"
    rf"(?P<days>{NUMBER})(?P<unit>天|周|个?星期|个?礼拜)(?:大|了|多)*(?=$|[，。；！？ ])"
)
_WEEKS_OLD = re.compile(rf"(?:出生|生下来)(?:才|刚|了|有)*(?P<weeks>{NUMBER})(?:周|个?星期)")
_AGE_ALONE = re.compile(
    rf"(?:我家|我们家|家里)?(?:他|她|它|这|是|{_YOUNG_CHILD})?(?:今年|现在|今天|刚刚?|快|还|也就|(?P<only>才|满)){{0,3}}(?P<value>{NUMBER})"
    rf"(?:(?P<months>个(?P<half>半)?月)(?:零?{NUMBER}天|多|半)?|(?P<unit>天|个?星期|个?礼拜|周))(?P<old>{_OLD})?(?:的|吧|左右|多)?(?:了|啊|呀|呢|哈|哦|嘛)*"
)
"""八个月, 才三个月大, 现在满八个月了: nothing else stands between two pauses. Words of duration (有三个月了, 都好几个月) are no part of it."""
_DAYS_ONLY_AGE = 28
"""才四十天 of a child is its age; fewer days may be those of the illness."""
_MOST_MONTHS = 35
"""Of older children one says the years."""
_NEWBORN = {
    "新生儿": 14.0,
    "刚出生": 2.0,
    "月子里的娃": 20.0,
    "月子里的孩子": 20.0,
    "没满月": 20.0,
    "还没满月": 20.0,
    "未满月": 20.0,
    "刚满月": 30.0,
    "满月": 30.0,
    "百天": 100.0,
    "半岁": 183.0,
}
_BARE_AGE = re.compile(
    rf"^(?:我|他|她|今年|年龄|虚岁|快|都|有|已经|是|满)*(?P<years>{NUMBER})(?:多)?(?:了|周岁)?"
    r"(?=$|[，。；！？ ]|有|没|无|糖|高|男|女|都|身|哮|怀|患|血|慢|冠|心)"
)
_AGE_THEN = re.compile(rf"(?P<this>今年|虚岁|周岁)?(?:都|也|快|已经|有|才|刚|满){{0,4}}(?P<years>{NUMBER})(?:了|多|好几)*")
"""我爸七十三: a bare number right after the person, up to a pause."""
_AGE_AFTER_SEX = re.compile(rf"(?:^|[，。；！？])(?:男|女)(?:性|的)?[，、]?(?P<this>)(?P<years>{NUMBER})(?=$|[，。；！？])")
"""女，三十四."""
_ONCE_BEFORE = re.compile("(?:自从|打从|打)(?:我|他|她|俺)?$")
_ONCE_AFTER = re.compile("(?:左右|上下)?(?:那年|那一年|那时|那会|那阵|的时候|时候|时(?!不时|常|而))")
"""自从十二岁, 十岁的时候: the age of another time."""
_PERHAPS_BEFORE = re.compile("从(?:我|他|她|俺)?$")
_PERHAPS_AFTER = re.compile(
    "(?:左右)?(?:起|以前|之前|以后|开始|就(?:开始|得|有|查|患|起|发|犯)|查出|得的|得过|得了"
    "|去(?:过|医院|看)|做过|做的|患|确诊|发病|生的)"
)
"""20岁，12岁去医院: the age of another time beside one that nothing of the kind is said of."""
_COULD_BE_A_TEMPERATURE = range(34, 44)
_AGE_CLAUSE = re.compile(
    rf"(?:^|[，。；！？])(?:我|俺|他|她|老人|人)?(?P<this>今年|虚岁|周岁|年纪)?(?:都|也|快|已经|有|才|刚|满|上|得){{0,3}}"
    rf"(?P<years>{NUMBER})(?:多|好几|出头|来|几){{0,2}}(?P<already>了)?(?:(?=$|[，。；！？])|(?<=了)(?=没|还|也|就|一直|从|又|再))"
)
"""今年快七十; 八十三了: a clause that tells nothing but the age."""
_AGE_OPENS = re.compile("(?:我|他|她)?(?P<this>)(?P<years>(?:[二三四五六七八九]十[一二三四五六七八九]?))(?=，)")
"""八十二，坐地上起不来."""
_FEVER_NEXT = re.compile(f"，[^，。；！？]{{0,4}}{NUMBER}度")
_NO_YEARS = re.compile("(?:血压|高压|低压|心率|心跳|脉搏|血氧|饱和度|血糖|体温|温度|斤|量|测|烧|呼吸)[^。！？]{0,8}$")
_LEAST_YEARS_ALONE = 20
_INFANT_MONTHS = re.compile(rf"^(?:才|刚|满|快)*(?P<months>{NUMBER})个(?P<half>半)?(?:多)?月(?:了|大)?(?=[，。])")
"""五个月，… at the very beginning: a baby's age where the rest speaks of a baby."""
_OF_INFANT = re.compile("尿布|尿不湿|吃奶|喂奶|奶粉|不吃奶|吐奶|呛奶|囟门|哭|辅食|预防针|黄疸|抱着|抱起|蹬腿|缩腿")
_SUCKLING_MONTHS = re.compile(rf"(?:^|[，。；！？])(?:才|刚|满)?(?P<months>{NUMBER})个(?P<half>半)?月(?:大|了)?(?=$|[，。；！？])")
_SUCKLES = re.compile("(?<!喂)吃奶|奶(?:也|都|就)?不(?:肯|想|会)?吃|不(?:肯|想|会)吃奶|尿不湿|囟门|辅食")
_NURSES = re.compile("奶头|乳头|喂奶|奶[痛疼胀硬]|奶上|乳房|月子|产后|奶水")
"""一分钟喘六十八下，七个月，奶也不吃: a suckling's age; of the mother it is none."""
_AGE_LABEL = re.compile(rf"年龄(?:是|为|:|：)?(?P<years>{NUMBER})")
_SEX = re.compile(
    r"(?:^|[，。；！？ \d岁])(?P<sex>男|女)(?:性|的|士|，|。|$|\d|,|孩|宝|患)|"
    r"(?P<word>男性|女性|女士|男士|女的|男的|妇女|男人家|小伙|老太婆|老头|大姐(?!家)|大嫂(?!家)|孕妇"
    r"|月经|例假|怀孕|大姨妈|前列腺|睾丸|阴道|白带|女大学生|女学生|女生|男生"
    r"|末次月经|来事了|宫颈|子宫|卵巢|流产|剖腹产|剖宫产|坐月子|哺乳期|验孕|更年期|胎动|月子里|阴茎|龟头|包皮|阴囊"
    r"|生(?:完|了|过)(?:第?[一二两三四五几\d]+(?:个|胎)|头胎|小)?(?:娃儿?|孩子|小孩))"
)
_MALE_WORDS = frozenset(["男性", "男士", "男的", "男人家", "小伙", "老头", "前列腺", "睾丸", "男生", "阴茎", "龟头", "包皮", "阴囊"])
_NO_SEX = re.compile("流产(?:的|过)?(?:牛|羊|猪|母)|(?:牛|羊|猪|母牛|母羊|母猪)[^，。；！？]{0,3}流产")
_WEEKS = re.compile(
    rf"(?:怀孕|怀了|怀上|妊娠|(?<!肚)大肚子(?=[四五六七八九]个)|孕妇|孕|怀着|怀起|怀得有|怀|有孕)(?:了|期|有|已经|快|大概|都|我|满|,|，|孩子"
    rf"|娃|儿|到|得)*(?P<value>{NUMBER})(?:\+\d)?(?P<month>个)?(?:多|半"
    rf"|来)?(?P<unit>周|月|星期|个星期|个礼拜|礼拜)"
    rf"|(?P<value2>{NUMBER})(?:\+\d)?周(?:的)?(?:孕妇|孕|身孕|胎)"
    rf"|(?P<value3>{NUMBER})个(?:多|半|来)?(?P<unit3>月)(?:的)?(?:身子|身孕|孕妇|大肚子|肚子)"
)
_WEEKS_BARE = re.compile(rf"(?:^|[，。；！？]|我|俺|额|她|才|刚|现在|今天|已经|都|快|到|满"
    rf"|足)(?P<value>{NUMBER})(?:\+\d|零[一二三四五六]天|多)?周(?:\+\d|了|多|整|零\d天)*(?=$|[，。；！？])")
_OF_PREGNANCY = re.compile("胎动|见红|破水|羊水|宫缩|产检|预产期|胎心|孕妇|怀孕|怀着|身孕|肚里的?(?:娃|孩子)|早产|胎位|脐带"
    "|胎膜|产房|待产|保胎|胎盘|难产")
"""我28周 beside 胎动: a bare number of weeks in a talk of a pregnancy."""
_LEAST_BARE_WEEKS = 12
_PREGNANT = re.compile(
    "(?:怀孕|怀了孕|孕妇|有喜了|怀着孩子|怀着娃|怀了孩子|怀了娃|怀上了|孕期|身孕|怀着孕|怀了二胎|怀二胎|有了身孕|孕早期|孕晚期|孕中期|孕\\d|怀起的|大着(?:个)?肚子|挺着(?:个)?大?肚子|(?<!肚)大肚子(?=[四五六七八九4-9]个?(?:多|半)?月|\\d+周))"
)
_NOT_PREGNANT = re.compile(
    "(?:没有?|不是|未|没得|不可能|不会|排除|不)(?:有|在|是|想|能)?(?:怀孕|怀着|身孕|孕妇|孕期|怀娃"
    "|怀上|怀)|备孕|避孕|怀孕前|怀不上|怀孕以前|验孕没|不孕"
)
_MAYBE_PREGNANT = re.compile("(?:怀孕|怀上|有喜|有了)(?:了)?(?:吗|么|没有?|不是|不)(?=$|[，。？])"
    "|(?:是不是|会不会|可能|怀疑|不知道|不晓得|怕|有没有|不确定)[^，。；！？]{0,6}(?:怀孕|怀上|有了)")


def _age_alone(text: NormalText, *, of_child: bool) -> list[Told]:
    """The age of a child that stands by itself between two pauses (便血,八个月). ``of_child``: the talk is of a child though none is named here."""
    content = text.text
    pauses = sorted({*text.breaks, *(at for at, character in enumerate(content) if character in HARD_BREAKS), len(content)})
    people = [one for one in named(text) if one.kin.relation != "third" and not one.gone]
    start = 0
    for pause in pauses:
        first, start = start, pause + (pause < len(content) and content[pause] in HARD_BREAKS)
        match = _AGE_ALONE.fullmatch(content, first, pause)
        if match is None:
            continue
        before = [one for one in people if one.start < pause]
        whose = before[-1] if before else (people[0] if people else None)
        if (whose.kin.relation != "child") if whose else not of_child:
            continue
        days = _days_alone(match)
        if days is not None:
            return [Told("age", days, first, pause)]
    return []


def _days_alone(match: re.Match[str]) -> float | None:
    value = number(match["value"])
    if value is None:
        return None
    if match["months"]:
        return (value + (0.5 if match["half"] else 0)) * DAYS_A_MONTH if value <= _MOST_MONTHS else None
    days = value * (1 if match["unit"] == "天" else 7)
    return days if match["old"] or (match["only"] and days >= _DAYS_ONLY_AGE) else None


def ages(text: NormalText, *, expecting_age: bool, of_child: bool = False) -> list[Told]:
    """Ages in days with their places; ``expecting_age``: a bare number answers the question for the age. ``of_child``: the talk is of a child
    whose age is not known."""
    content = text.text
    found: list[Told] = []
    for match in _YEARS.finditer(content):
        value = number(match["years"])
        if value is None or value > 125:
            continue
        days = value * DAYS_A_YEAR + (DAYS_A_YEAR / 2 if match["half"] else 0)
        if match["months"]:
            days += (number(match["months"]) or 0) * DAYS_A_MONTH
        found.append(Told("age", days, match.start(), match.end()))
    for match in _MONTHS.finditer(content):
        value = number(match["months"])
        if value is not None and (
            _CHILD_AFTER.match(content[match.end() :]) or _CHILD_BEFORE.search(content[max(0, match.start() - 6) : match.start()])
        ):
            found.append(Told("age", (value + (0.5 if match["half"] else 0)) * DAYS_A_MONTH, match.start(), match.end()))
        elif value is not None and expecting_age and match.end() >= len(content) - 1:
            found.append(Told("age", value * DAYS_A_MONTH, match.start(), match.end()))
    for expression, factor in ((_DAYS, 1.0), (_WEEKS_OLD, 7.0)):
        for match in expression.finditer(content):
            value = number(next(group for group in match.groups() if group))
            if value is not None and value < 800:
                found.append(Told("age", value * factor, match.start(), match.end()))
    for match in _DAYS_OLD.finditer(content) if not found else ():
        value = number(match["few"] or match["many"])
        if value is not None and value < 800 and (match["few"] or match[0].endswith("大") or value >= _LEAST_DAYS):
            found.append(Told("age", value, match.start("few" if match["few"] else "many"), match.end()))
    if not found and expecting_age and (answer := _DAYS_ANSWERED.match(content)) and (value := number(answer["days"])) is not None and value < 800:
        found.append(Told("age", value * (1.0 if answer["unit"] == "天" else 7.0), answer.start("days"), answer.end()))
    if not found:
        found.extend(_age_alone(text, of_child=of_child))
    if not found:
        for word, days in sorted(_NEWBORN.items(), key=lambda item: -len(item[0])):
            if (place := content.find(word)) >= 0:
                found.append(Told("age", days, place, place + len(word)))
                break
    after = [said for one in named(text) if (said := _age_after(one, text)) and not any(_covers(said, age) for age in found)]
    found.extend(told for match in after for told in _years(match) if _is_an_age(match))
    if not found:
        found.extend(told for match in _AGE_AFTER_SEX.finditer(content) for told in _years(match))
    if not found:
        found.extend(_told_alone(content))
    if not found and (match_ := _AGE_LABEL.search(content)):
        found.extend(_years(match_))
    if not found and expecting_age and (match_ := _BARE_AGE.match(content)):
        found.extend(_years(match_))
    nursing = [match.span() for match in _NURSING.finditer(content)]
    return _of_now([age for age in found if not any(start <= age.start < end for start, end in nursing)], content)


def _told_alone(content: str) -> list[Told]:
    """The age that a clause of its own tells."""
    if (baby := _INFANT_MONTHS.match(content)) and _OF_INFANT.search(content) and not _OF_PREGNANCY.search(content):
        months = (number(baby["months"]) or 0) + (0.5 if baby["half"] else 0)
        return [Told("age", months * DAYS_A_MONTH, baby.start("months"), baby.end())] if 0 < months <= 36 else []
    if (baby := _INFANT_MONTHS.match(content)) and _FEVER_NEXT.match(content, baby.end()):
        return [Told("age", (number(baby["months"]) or 0) * DAYS_A_MONTH, baby.start("months"), baby.end())]
    if (baby := _SUCKLING_MONTHS.search(content)) and _SUCKLES.search(content) and not (_OF_PREGNANCY.search(content) or _NURSES.search(content)):
        months = (number(baby["months"]) or 0) + (0.5 if baby["half"] else 0)
        return [Told("age", months * DAYS_A_MONTH, baby.start("months"), baby.end())] if 0 < months <= 24 else []
    if (opening := _AGE_OPENS.match(content)) and _is_an_age(opening):
        return _years(opening)
    for match in _AGE_CLAUSE.finditer(content):
        spelt = len(match["years"]) > 1 and not match["years"].isdigit()
        years = number(match["years"]) or 0
        sure = match["this"] is not None and _is_an_age(match)
        alone = spelt and match["already"] is not None and years >= _LEAST_YEARS_ALONE and _is_an_age(match)
        if (sure or alone) and not _NO_YEARS.search(content, 0, match.start("years")):
            return _years(match)
    return []


def _of_now(found: list[Told], content: str) -> list[Told]:
    """``found`` without what somebody's age was at another time (今年25岁，自从12岁)."""
    present = [age for age in found if not _ONCE_BEFORE.search(content, 0, age.start) and not _ONCE_AFTER.match(content, age.end)]
    sure = [age for age in present if not _PERHAPS_BEFORE.search(content, 0, age.start) and not _PERHAPS_AFTER.match(content, age.end)]
    return sure or present


def _covers(match: re.Match[str], age: Told) -> bool:
    return match.start() < age.end and age.start < match.end()


def _age_after(one: Named, text: NormalText) -> re.Match[str] | None:
    """A bare number right after ``one``, where a pause follows."""
    match = _AGE_THEN.match(text.text, one.end)
    if match is None:
        return None
    end = match.end()
    return match if end == len(text.text) or text.text[end] in HARD_BREAKS or end in text.breaks else None


def _is_an_age(match: re.Match[str]) -> bool:
    years = number(match["years"]) or 0
    return 12 <= years <= 110 and (years not in _COULD_BE_A_TEMPERATURE or match["this"] == "今年")


def _years(match: re.Match[str]) -> list[Told]:
    value = number(match["years"])
    if value is not None and value != int(value):
        return []  # 38.5 is a temperature
    return [Told("age", value * DAYS_A_YEAR, match.start(), match.end("years"))] if value is not None and value <= 125 else []


def told(text: NormalText, *, expecting_age: bool, of_child: bool = False) -> list[Told]:
    """Age, sex and pregnancy said in ``text``, each with its place."""
    content = text.text
    found = ages(text, expecting_age=expecting_age, of_child=of_child)
    not_pregnant = list(_NOT_PREGNANT.finditer(content))
    for match in _SEX.finditer(content):
        word = match["sex"] or match["word"]
        female = word != "男" and word not in _MALE_WORDS
        if (word == "怀孕" and not_pregnant) or _NO_SEX.search(content[max(0, match.start() - 6) : match.end() + 2]):
            continue
        found.append(Told("sex", "female" if female else "male", match.start(), match.end()))
    for match in _WEEKS.finditer(content):
        value = number(match["value"] or match["value2"] or match["value3"])
        if value is not None:
            weeks = value * DAYS_A_MONTH / 7 if "月" in (match["unit"], match["unit3"]) else value
            if 1 <= weeks <= 44:
                found += [Told("weeks", int(weeks), match.start(), match.end()), Told("pregnant", True, match.start(), match.end())]
    if not any(told.what == "weeks" for told in found) and _OF_PREGNANCY.search(content):
        for match in _WEEKS_BARE.finditer(content):
            value = number(match["value"])
            if value is not None and _LEAST_BARE_WEEKS <= value <= 44:
                found += [Told("weeks", int(value), match.start("value"), match.end()), Told("pregnant", True, match.start("value"), match.end())]
    doubtful = {place for match in (*not_pregnant, *_MAYBE_PREGNANT.finditer(content)) for place in range(*match.span())}
    for match in _PREGNANT.finditer(content):
        if match.start() not in doubtful:
            found.append(Told("pregnant", True, match.start(), match.end()))
    for match in not_pregnant:
        if match[0] not in ("备孕", "避孕", "怀孕前", "怀孕以前"):
            found.append(Told("pregnant", False, match.start(), match.end()))
    return found


def carried(text: NormalText, clauses: tuple[Clause, ...], people: list[Named]) -> dict[int, Kin | None]:
    """For each clause the person that earlier clauses left in mind (None: nobody named yet)."""
    result: dict[int, Kin | None] = {}
    current: Kin | None = None
    for clause in clauses:
        result[clause.index] = current
        for person in people:
            if clause.holds(person.start) and person.kin.relation not in ("third",) and not person.crowd:
                current = person.kin
    return result
