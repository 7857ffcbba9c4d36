"""Names of people: those that the practice knows, and those that only the words around them or jieba's tag give away."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib import resources

from nlp.interface.masking import Kind
from nlp.masking.numbers import Found

_HAN = r"\u4e00-\u9fff\u3400-\u4dbf"
_H = f"[{_HAN}]"
_DOT = r"[·•‧・.．]"
Tagged = Callable[[str], Iterable[tuple[str, str]]]
"""Words of a text with their part of speech (jieba's: nr is a person)."""


@cache
def surnames() -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Of one character, of two, and those of the first that are everyday characters as well."""
    lines = resources.files("nlp.masking").joinpath("lexicon/surnames.txt").read_text("utf-8").splitlines()
    single, double, everyday = (line for line in lines if not line.startswith("#"))
    return frozenset(single), frozenset(double.split()), frozenset(everyday.removeprefix("- "))


@cache
def given() -> frozenset[str]:
    """The characters that given names are made of."""
    lines = resources.files("nlp.masking").joinpath("lexicon/given.txt").read_text("utf-8").splitlines()
    return frozenset("".join(line for line in lines if not line.startswith("#")))


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    """By how much the words around say: ``form`` and ``strong`` take any name, the others one of likely characters."""
    single, double, everyday = surnames()
    family = f"(?:{'|'.join(sorted(double))}|[{''.join(sorted(single))}])"
    sure = f"(?:{'|'.join(sorted(double))}|[{''.join(sorted(single - everyday))}])"
    own = f"[{''.join(sorted(given()))}]"
    gap = "[ ]?"
    name = rf"{family}{gap}{_H}(?:{gap}{_H})?"
    mark = "[ :：,，「“\"']{0,2}"
    return {
        "form": re.compile(
            rf"(?:姓[ ]?名|名字|联系人|家属|监护人|签名|签字|户主|持卡人|收件人|医师|医生|患者|病人|护士|记录人|申请人|报告人|审核人)[ ]?(?:是|为)?[:：][ ]?({_H}{{2,4}}?)"  # noqa: E501
            r"(?=[ ,，。;；、(（/|.!！?？\ue000]|$|性别|男|女|年龄|电话|手机|\d)"
        ),
        "strong": re.compile(rf"(?:姓[ ]?名|患者姓名|名字|联系人|签名|签字|户主|申请人|报告人|审核人|经手人|记录人|持卡人|收件人|我[ ]?叫|[他她][ ]?叫|名叫|叫做|俺叫)(?:是|为|系)?{mark}({name})"),  # noqa: E501
        "weak": re.compile(
            r"(?:患者|病人|患儿|家属|家长|监护人|陪护|陪同|叫|是|本人|老公|老婆|丈夫|妻子|爱人|儿子|女儿|父亲|母亲|爸爸|妈妈|爷爷|奶奶|外婆|外公|哥哥|弟弟|姐姐|妹妹|媳妇|婆婆|公公|孙子|孙女|找|通知|转告|请|打给|告诉|帮|跟|和|与|给|让|"
            rf"医生|大夫|主任|护士|村医|医师|药师|院长|@){mark}({family}{own}{own}?)"
        ),
        "titled": re.compile(rf"({sure}{gap}{own}{{1,2}})(?={_TITLE})"),
        "title": re.compile(rf"(?<!{_H})({family})(?={_TITLE})|({sure})(?={_TITLE})"),
        "old": re.compile(rf"(?:老|小|阿)({sure})(?=[ ,，。!！?？、:：;；(（)）]|$|说|讲|在|来|去|的|家|给|打|啊|呀|他|她|今年|最近|昨天|今天|又|这|那)"),  # noqa: E501
        "somebody": re.compile(rf"({sure}(?:某某?|[xX×*＊○]{{1,2}}))(?!{_H}*病)"),
        "dotted": re.compile(rf"({_H}{{2,6}}[·•‧・]{_H}{{2,6}}(?:[·•‧・]{_H}{{2,6}})?)"),
        "free": re.compile(rf"(?<!{_H})({family}{own}{own})(?=[^{_HAN}]|$|{_AFTER})|(?<!{_H})({sure}{own})(?=[^{_HAN}\d]|$|{_AFTER})"),
        "apart": re.compile(rf"({family}[ ]{own}[ ]{own})(?!{own})|(?<!{_H})({family}[ ]{own})(?=[ ]*(?:[,，。;；:：]|$|{_AFTER}))"),
    }  # fmt: skip


_TITLE = r"(?:医生|大夫|医师|主任|副主任|护士长?|院长|科长|所长|站长|老师|师傅|大姐|大哥|大嫂|阿姨|叔叔?|大叔|大爷|大娘|大妈|大伯|伯伯|奶奶|爷爷|婆婆|公公|嫂子?|婶子?|姑娘|女士|先生|小姐|书记|村长|支书|队长|经理|老板|药师|局长|处长|同志|同学)"  # noqa: E501
_AFTER = r"(?:家[的里]|说|的|来|去|在|是|也|昨|今|又|有|没|住|男|女|[ ]*[男女]|患|因|于)"
_AFTER_NAME = re.compile(
    "[的了在是有我你他她它们这那哪个就跟与或及把被让给对很没都也还又再说问看走坐吗呢吧啊呀哦,，。;；:：、!！?？ 男女岁头痛疼胸腹腰咳嗽烧热晕吐泻肿病药血尿便查诊院科室急\ue000]|今[年天早]|昨[天晚]|明[天早]|"  # noqa: E501
    "年龄|天[前后]|日[前后]|月[前后]|从[昨今]|因为|电话|手机|从|到|去|来"
)
"""What seldom stands in a given name and often after one."""
_NO_NAME = re.compile(
    "高血压|高血糖|高血脂|高烧|高热|高压|高度|高原|高中|高考|高龄|黄疸|黄色|黄痰|白色|白痰|白天|白带|白细胞|白内障|白酒|方便|方面|方法|时间|时候|时常|安全|安静|安眠|安定|安乃近|安胎|常常|常用|常规|"
    "任何|任务|何时|何况|金额|金属|石头|石膏|石淋|文化|文字|毛病|毛巾|毛细|万一|向上|向下|关节|关系|关注|关键|江湖|江边|孔径|史无|段时|雷贝|武汉|文件|左边|左侧|左手|左脚|左腿|左眼|左右|左肩|左胸|左下|左上|左耳|"
    "管子|管理|温度|温水|温热|水肿|牛奶|牛肉|牛黄|马上|马路|钱包|于是|于今|余下|单位|单子|单独|单纯|成人|成年|华法|车祸|车上|车间|房颤|房间|房室|边上|边缘|古怪|米饭|米汤|全身|全部|全家|全血|项目|项链|曲线|"
    "康复|康泰|康健|应该|应急|解放|解热|解大|解小|解释|解决|都是|都有|来院|来看|来电|原来|原因|原发|平时|平常|平安|平躺|平卧|和尚|和平|明天|明显|明白|明确|鲜红|鲜血|宁可|习惯|保健|保守|保持|保险|保证|农药|农村|"
    "连续|连着|占位|强心|强烈|强直|木香|木讷|花粉|花生|计划|简单|简直|商量|封闭|官能|党参|党员|麻木|麻醉|麻烦|麻疹|阴道|阴天|阴部|阴影|乌青|沙眼|沙哑|布洛|易感|易怒|易疲|易累|屈曲|席汉|冷汗|冷水|冷痛|冷敷|"
    "古田|童年|游泳|游走|阳性|阳光|阳痿|甘油|甘草|甘露|景象|包块|包皮|包扎|司机|位置|植物|付费|付款|谢谢|谢了|贺喜|贺词|严重|严格|施行|施工|柳氮|路上|路边|路过|梅毒|梅花|梅尼|程度|程序|许多|许久|盛饭|"
    "查体|查血|查房|查出|查看|查明|查找|查尿|段落|汤药|汤水|龙胆|钟头|钟点|钟后|江河|顾虑|顾客|武器|季节|季度|卫生|葛根|柴胡|车前|桂枝|桑叶|冀望|连翘|连花|花红|莫名|莫非|莫西|牟利|祝愿|祝您|祝好|时而|时不|田里|田间|"
    "夏天|夏季|秦皮|陈旧|陈皮|陶瓷|姜汤|姜片|范围|范畴|方式|方案|方向|苏醒|苏打|叶酸|叶子|杜仲|杜绝|戴口|戴帽|戴眼|曾经|曾有|胡说|胡话|胡须|胡乱|林区|何处|何种|高兴|高低|高潮|高危|梁上|宋体|唐氏|唐筛|冯了|董事|程控|"
    "袁大|邓小|许可|傅立|沈阳|彭湃|吕梁|卢比|蒋介|蔡司|丁香|魏氏|薛定|阎王|余额|余热|余地|潘生|田七|石斛|金银|金黄|金匮|陆续|陆地|白芍|白芷|白术|毛囊|毛孔|秦艽|江苏|史前|侯门|邵阳|孟鲁|龙骨|万分|段子|雷公|钱币|"
    "和胃|尹氏|黎明|易于|乔装|赖床|文静|庞大|樊笼|兰花|殷红|洪水|洪亮|颜色|颜面|温和|温病|芦荟|季肋|章程|鲁莽|伍用|申请|尤其|毕竟|聂氏|焦虑|焦急|焦痂|邢台|岳父|岳母|齐全|齐整|庄稼|庄严|辛苦|辛辣|管道|涂抹|涂药|谷丙|谷草|"
    "谷物|祁门|舒服|舒张|舒适|舒缓|耿直|卜卦|关心|关闭|关门|苗条|凌晨|费用|费力|费劲|纪录|纪念|欧洲|成功|成绩|裴氏|霍乱|植入|景色|薄弱|薄荷|柏油|柯萨|阮囊|闵行|强迫|冉冉|辜负|吉祥|饶恕|戚风|池塘|晋级|臧否|宫颈|宫缩|宫外|宫腔|"
    "全麻|褚遂|廉价|简易|符合|穆斯|燕麦|郎当|谈话|屠宰|连带|晏起|郁闷|商场|蒙古|喻为|窦性|迟到|迟钝|迟缓|敖包|卓越|仇恨|艾滋|艾灸|艾草|蓝色|蓝光|都好|巩膜|巩固|井水|练习|仲夏|乐观|封口|原位|楚痛|佟氏|栗子|匡正|宗教|应激|台阶|台风|"
    "巫医|鞠躬|荆芥|银行|银屑|扬声|伏案|胥吏|保暖|保温|蔺氏|濮氏|桓温|羊水|羊肉|骆驼|雍容|巴掌|冶炼|乌鸡|乌梅|龚氏|叶片|向来|向前|范例|何必|何苦|何尝|孙子|孙女|孙儿|小孙|张口|张嘴|张力|张开|周围|周期|周岁|周末|周身|周一|周二|周三|周四|周五|周六|周日|"
    "李子|王牌|刘海|陈述|杨梅|赵公|黄连|黄芪|黄瓜|黄豆|黄体|黄斑|吴茱|徐徐|孙辈|朱砂|郭沫|马虎|马桶|马尾|罗红|罗列|郑重|谢绝|韩式|曹操|袁隆|江米|金钱|方剂|常人|常温|常年|汪汪|任意|任性|金针|倪氏|严寒|严密|牛皮|俞穴|韦氏|尤为|丛生|邱氏|"
    "肖像|胡萝|鲍鱼|于右|贾第|项背|华支|司美|宁心|甘肃|吉林|江西|安徽|安慰|安排|安心|安宫|安装|成分|成为|成都|毛玻|牛痘|万古|那边|那天|那个|那儿"
)


def known_names(tight: str, names: Iterable[str]) -> Iterator[Found]:
    """Whole names anywhere (``tight`` is without spaces, marks between the characters do not help), and given names of two characters."""
    for name in names:
        clean = re.sub(rf"{_DOT}|\s", "", name)
        if len(clean) < 2:
            continue
        between = r"[\-_—·•‧・.．,，、/|*]{0,2}"
        yield from ((Kind.NAME, *match.span()) for match in re.finditer(between.join(map(re.escape, clean)), tight))
        family = 2 if clean[:2] in surnames()[1] and len(clean) > 2 else 1
        given = clean[family:]
        if len(given) == 2 and "·" not in name:
            yield from ((Kind.NAME, *match.span()) for match in re.finditer(re.escape(given), tight))
        if len(given) == 1 or "·" not in name:
            yield from ((Kind.NAME, *match.span()) for match in re.finditer(rf"{re.escape(clean[:family])}(?:某某?|[xX×*]{{1,2}})", tight))


def likely_names(text: str, tagged: Tagged) -> Iterator[Found]:
    """Names by what stands around them, and by jieba's tag where the characters are those of names."""
    _, double, everyday = surnames()
    for way, expression in _patterns().items():
        for match in expression.finditer(text):
            group = next(index for index in range(1, match.re.groups + 1) if match[index] is not None)
            start, end = match.span(group)
            if way == "form":
                if _is_family(match[group]) or "·" in match[group]:
                    yield Kind.NAME, start, end
                continue
            if way != "dotted" and _NO_NAME.match(text, start):
                continue
            if way in ("strong", "weak"):
                end = _trimmed(text, start, end)
            if way == "weak" and end - start == 2 and (text[start] in everyday or not _closed(text, end)):
                continue
            if end > start:
                yield Kind.NAME, start, end
    position = 0
    for word, tag in tagged(text):
        start, position = position, position + len(word)
        if not tag.startswith("nr") or tag == "nrt" or not 2 <= len(word) <= 4 or not _is_family(word) or _NO_NAME.match(text, start):
            continue
        own = word[2 if word[:2] in double and len(word) > 2 else 1 :]
        if not set(own) <= given() or (len(word) == 2 and (word[:1] in everyday or not _closed(text, position))):
            continue
        yield Kind.NAME, start, position


_CLOSED = re.compile(rf"[^{_HAN}]|{_AFTER}")


def _closed(text: str, end: int) -> bool:
    """Whether a word of two characters ends there: a longer word may begin with the same two."""
    return end >= len(text) or _CLOSED.match(text, end) is not None


def _is_family(said: str) -> bool:
    single, double, _ = surnames()
    return said[:1] in single or said[:2] in double


def _trimmed(text: str, start: int, end: int) -> int:
    """A name in running text without what follows it: 李秀英今 → 李秀英, 张伟头 → 张伟. ``start`` when nothing is left."""
    family = 2 if text[start : start + 2] in surnames()[1] else 1
    reached, characters = start, 0
    while reached < end:
        if text[reached] != " ":
            if characters >= family and _AFTER_NAME.match(text, reached):
                break
            characters += 1
        reached += 1
    while reached > start and text[reached - 1] == " ":
        reached -= 1
    return reached if characters > family else start
