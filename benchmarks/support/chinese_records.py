"""Generated sentences of patients and doctors with invented people in them: what stands where is known, so that a masker can be judged.

It shares nothing with the masker: own names, places, ways of writing. Nobody in it exists. The sentences around come from here and, where
HUIZHEN_DATA names a folder, from the dialogues in it, which are read and not kept.
"""

# ruff: noqa: E501 (sentences are read better whole)
from __future__ import annotations

import gzip
import json
import os
import random
from dataclasses import dataclass
from pathlib import Path

FAMILY = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
DOUBLE = ("欧阳", "上官", "司马", "诸葛", "皇甫", "令狐")
GIVEN_WOMEN = ["秀英", "桂芳", "玉兰", "丽", "敏", "静", "霞", "小燕", "春梅", "雪", "婷婷", "雨萱", "梓涵", "欣怡", "翠花", "金凤", "素芬", "美玲", "红", "艳", "晓慧", "海燕", "兰", "月娥", "冬梅", "思琪", "佳怡", "若曦", "彩云", "仕珍", "启秀", "光会", "明珍"]
GIVEN_MEN = ["伟", "强", "建国", "志明", "军", "磊", "洋", "勇", "杰", "涛", "浩然", "宇轩", "子豪", "俊", "德才", "光荣", "天佑", "国庆", "大山", "永贵", "铁柱", "一鸣", "家豪", "文博", "振华", "新民", "世昌", "昌平", "仕林", "启发", "明月", "日升", "才", "胜利", "云龙", "春生", "年丰"]
MINORITY = ("阿依古丽·买买提", "买买提·艾力", "扎西·多吉", "吉克·阿木", "古丽娜尔·阿不都", "尼玛·次仁")
COUNTIES = ("榕溪县", "白水县", "石门坎县", "望江县", "云岭县", "清河县", "罗洞县", "沙湾县")
TOWNS = ("塘头镇", "大坪乡", "新场镇", "金坑乡", "龙井街道", "三合镇", "甲茶镇", "白岩乡", "老场镇", "油杉街道")
VILLAGES = ("新华村", "岩脚寨", "大湾村", "高坡村", "龙塘村", "摆金村", "下坝村", "苗寨村", "红星村", "长冲屯")
ROADS = ("中山路", "解放西路", "环城东路", "桥头街", "文昌巷", "迎宾大道", "建设路", "东门街")
ESTATES = ("阳光花园", "锦绣小区", "金桂苑", "滨江新城", "安居小区", "华庭")
HOSPITALS = ("榕溪县人民医院", "白水县中医院", "塘头镇卫生院", "大坪乡卫生院", "新华村卫生室", "望江县妇幼保健院", "康宁诊所")
PROVINCES = ("贵州省", "湖南省", "云南省", "四川省", "广西", "甘肃省", "江西省")
CITIES = ("遵义市", "怀化市", "昭通市", "达州市", "河池市", "天水市", "赣州市")
PLATE = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新"
AROUND = (
    "咳嗽三天了,有点低烧,晚上睡不好", "昨天开始肚子疼,拉了四五次", "血压 168/95,头晕,脚有点肿", "血糖空腹 9.8,餐后 14.2,最近口干", "右膝盖疼了半个月,上下楼更疼",
    "胸口闷,走几步就喘,出冷汗", "孩子发烧 38.9,吃了美林退了又烧", "腰椎间盘突出,左腿麻", "白细胞 12.3,中性粒 85%,C 反应蛋白 40", "心率 110 次/分,呼吸 22 次/分,血氧 93%",
    "阿莫西林 0.5g 每天三次吃了 5 天", "高血压十来年了,吃氨氯地平 5mg", "小便有点疼,次数多", "怀孕 34 周,头疼,眼睛看东西花", "摔了一跤,手腕肿了,动不了",
    "130/85、140/90、150/95 三次量的都不一样", "从 2 楼摔下来,当时没昏过去", "嗓子疼、流鼻涕,浑身没劲,体温 37.6-38.2", "以前做过阑尾手术,2019 年", "走路 500 米就要歇,一晚上起来 3 次",
)
_NUMERAL = "零一二三四五六七八九"
_BIG = "零壹贰叁肆伍陆柒捌玖"
_WIDE = str.maketrans("0123456789", "０１２３４５６７８９")


@dataclass(frozen=True)
class Planted:
    """One identifier: ``kind`` by its name in docs, ``written`` the way in which it is written, its place in the text."""

    kind: str
    written: str
    start: int
    end: int


@dataclass(frozen=True)
class Record:
    text: str
    planted: tuple[Planted, ...]
    names: tuple[str, ...]
    """The whole names in it, as a practice would have them in its tables."""


def records(count: int, seed: int) -> list[Record]:
    rng = random.Random(seed)  # noqa: S311 invented people
    around = [*AROUND, *_from_data(rng)]
    return [_record(rng, around) for _ in range(count)]


def _from_data(rng: random.Random) -> list[str]:
    folder = os.environ.get("HUIZHEN_DATA")
    if not folder:
        return []
    found: list[str] = []
    said = Path(folder) / "nlu" / "patient_utterances.dev.jsonl"
    asked = Path(folder) / "triage" / "internal_medicine.dev.jsonl.gz"
    if said.exists():
        found += [json.loads(line)["text"] for line in said.read_text("utf-8").splitlines()]
    if asked.exists():
        with gzip.open(asked, "rt", encoding="utf-8") as lines:
            found += [json.loads(line)["ask"] for line in lines]
    found = [text.strip() for text in found if 6 <= len(text.strip()) <= 200]
    rng.shuffle(found)
    return found[:1500]


def _record(rng: random.Random, around: list[str]) -> Record:
    parts: list[str] = []
    planted: list[Planted] = []
    names: list[str] = []
    length = 0

    def add(text: str) -> None:
        nonlocal length
        parts.append(text)
        length += len(text)

    add(rng.choice(around) + rng.choice(("。", ",", " ", "\n", ";")))
    for maker in rng.sample(_MAKERS, rng.randint(1, 4)):
        kind, written, before, value, after, whole = maker(rng)
        add(before)
        planted.append(Planted(kind, written, length, length + len(value)))
        add(value)
        add(after)
        if whole:
            names.append(whole)
        add(rng.choice(("。", ",", " ", "\n", ";", ",")))
    if rng.random() < 0.6:
        add(rng.choice(around))
    return Record("".join(parts), tuple(planted), tuple(names))


Made = tuple[str, str, str, str, str, str]


def _name_of(rng: random.Random) -> str:
    if rng.random() < 0.04:
        return rng.choice(MINORITY)
    family = rng.choice(DOUBLE) if rng.random() < 0.03 else rng.choice(FAMILY)
    return family + rng.choice(GIVEN_WOMEN if rng.random() < 0.5 else GIVEN_MEN)


def _name(rng: random.Random) -> Made:
    whole = _name_of(rng)
    frame = rng.choice((
        ("我叫", ",想问一下", "said"), ("患者", ",女,56 岁", "record"), ("姓名:", " 性别:男", "form"), ("患者姓名 ", " 年龄 67", "form"), ("", " 男 45岁", "head"),
        ("我是", "的女儿", "said"), ("请帮我通知", "来拿药", "said"), ("", "说她头晕", "bare"), ("病人", "昨天入院", "record"), ("联系人:", "", "form"), ("", "家的娃儿发烧", "bare"),
        ("跟", "是一个病房的", "bare"), ("这是", "的片子", "bare"), ("我老公", "也咳", "said"), ("签名:", "", "form"), ("我姓名", "", "said"), ("记录人 ", "", "record"),
    ))  # fmt: skip
    value, way = whole, frame[2]
    if "·" not in whole and rng.random() < 0.06:
        value, way = " ".join(whole), "spaced"
    return "name", way, frame[0], value, frame[1], whole


def _called(rng: random.Random) -> Made:
    """Only a family name, with what one calls him."""
    family = rng.choice(FAMILY)
    before, after = rng.choice((("", "医生说要拍片"), ("", "主任看过了"), ("让", "大夫看看"), ("", "阿姨也这样"), ("老", "昨天送来的"), ("小", "在旁边照顾"), ("", "大爷 82 了"), ("找", "护士换药")))
    return "family name with title", before + "…" if before in ("老", "小") else "title", before, family, after, ""


def _digits(rng: random.Random, number: str) -> tuple[str, str]:
    """A number in one of the ways in which people write it."""
    way = rng.choice(("plain",) * 6 + ("spaced groups", "dashes", "numerals", "each apart", "wide", "capital numerals", "dots", "mixed"))
    if way == "spaced groups":
        return " ".join((number[:3], number[3:7], number[7:])), way
    if way == "dashes":
        return "-".join((number[:3], number[3:7], number[7:])), way
    if way == "numerals":
        return "".join(_NUMERAL[int(one)] if one.isdigit() else one for one in number), way
    if way == "capital numerals":
        return "".join(_BIG[int(one)] if one.isdigit() else one for one in number), way
    if way == "each apart":
        return " ".join(number), way
    if way == "wide":
        return number.translate(_WIDE), way
    if way == "dots":
        return ".".join((number[:3], number[3:7], number[7:])), way
    if way == "mixed":
        return "".join(_NUMERAL[int(one)] if one.isdigit() and rng.random() < 0.4 else one for one in number), way
    return number, way


def _phone(rng: random.Random) -> Made:
    number = f"1{rng.choice('3456789')}{rng.randrange(10**9):09d}"
    value, way = _digits(rng, number)
    if way == "numerals" and rng.random() < 0.5:
        value = value.replace("一", "幺")
    before, after = rng.choice((
        ("电话", ""), ("手机号是", ""), ("有事打", ""), ("我的号码:", ",微信同号"), ("", "这是我手机"), ("联系电话:", ""), ("☎", ""), ("家属 ", " 随时联系"), ("加我", "微信"), ("tel:", ""), ("回我 ", "")
    ))  # fmt: skip
    return "phone", way, before, value, after, ""


def _landline(rng: random.Random) -> Made:
    area, number = rng.choice(("0854", "0851", "010", "0731", "0870")), f"{rng.randint(2, 8)}{rng.randrange(10**6):06d}"
    value = rng.choice((f"{area}-{number}", f"({area}){number}", f"{area} {number}", f"{area}{number}"))
    before = rng.choice(("座机", "卫生院电话", "打", "固话:", "值班电话 "))
    return "phone", "landline", before, value, "", ""


def _id_number(rng: random.Random) -> Made:
    first = f"{rng.choice(('522727', '430102', '510321', '110101'))}{rng.randint(1935, 2023)}{rng.randint(1, 12):02d}{rng.randint(1, 28):02d}{rng.randrange(1000):03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    number = first + "10X98765432"[sum(int(one) * weight for one, weight in zip(first, weights, strict=True)) % 11]
    way = rng.choice(("plain",) * 5 + ("groups", "numerals", "lower x", "wide", "each apart"))
    value = {
        "plain": number, "groups": f"{number[:6]} {number[6:14]} {number[14:]}", "numerals": "".join(_NUMERAL[int(one)] if one.isdigit() else one for one in number),
        "lower x": number.lower(), "wide": number.translate(_WIDE), "each apart": " ".join(number),
    }[way]  # fmt: skip
    before = rng.choice(("身份证", "身份证号:", "", "证件号码 ", "我的身份证是", "ID "))
    return "ID number", way, before, value, "", ""


def _card(rng: random.Random) -> Made:
    kind = rng.choice(("bank", "bank groups", "insurance", "letters"))
    if kind.startswith("bank"):
        number = f"62{rng.randrange(10**17):017d}"
        value = " ".join((number[:4], number[4:8], number[8:12], number[12:16], number[16:])) if kind == "bank groups" else number
        return "card", kind, rng.choice(("卡号", "银行卡 ", "农行卡:", "打到", "工行")), value, "", ""
    if kind == "insurance":
        return "card", kind, rng.choice(("医保卡号", "医保号:", "新农合证号 ", "社保卡")), f"{rng.randrange(10**10):010d}", "", ""
    return "card", kind, rng.choice(("医保编号", "参保号 ", "保单号:")), f"{rng.choice(('GZ', 'P', 'YB'))}{rng.randrange(10**9):09d}", "", ""


def _record_number(rng: random.Random) -> Made:
    value = rng.choice((f"{rng.randint(2015, 2026)}{rng.randrange(10**6):06d}", f"{rng.choice('ZMAB')}{rng.randrange(10**6):06d}", f"{rng.randrange(10**6):06d}", f"{rng.randint(15, 26)}-{rng.randrange(10**5):05d}", f"CT{rng.randrange(10**6)+100000}"))
    before = rng.choice(("住院号", "住院号:", "门诊号 ", "病历号是", "病案号:", "就诊卡号", "片号 ", "检查号:", "登记号", "住院 号 ", "CT号", "我的号是", "编号"))
    return "record number", "unnamed" if before in ("我的号是", "编号") else "named", before, value, "", ""


def _wechat(rng: random.Random) -> Made:
    letters = "abcdefghijklmnopqrstuvwxyz"
    value = rng.choice((
        f"wxid_{''.join(rng.choice(letters + '0123456789') for _ in range(14))}", f"{''.join(rng.choice(letters) for _ in range(5))}{rng.randint(10, 9999)}",
        f"{''.join(rng.choice(letters) for _ in range(4))}_{rng.randint(100, 999)}", f"{''.join(rng.choice(letters) for _ in range(6)).title()}-{rng.randint(1, 99)}",
    ))  # fmt: skip
    before = rng.choice(("微信", "微信号:", "加我微信 ", "vx:", "wx ", "V信", "薇信:", "加v ", "我微信是", "VX", "加个威信 ", "绿色软件 ", "➕v "))
    return "WeChat", "hidden word" if before in ("绿色软件 ", "➕v ") else "word", before, value, rng.choice(("", " 看图", ",谢谢")), ""


def _qq(rng: random.Random) -> Made:
    return "WeChat", "QQ", rng.choice(("QQ", "qq:", "扣扣", "QQ号 ")), str(rng.randint(10**7, 10**10)), "", ""


def _address(rng: random.Random) -> Made:
    form = rng.choice(("whole", "village", "town", "road", "estate", "county", "bare hamlet", "numerals"))
    group, house = rng.randint(1, 9), rng.randint(1, 200)
    value = {
        "whole": f"{rng.choice(PROVINCES)}{rng.choice(CITIES)}{rng.choice(COUNTIES)}{rng.choice(TOWNS)}{rng.choice(VILLAGES)}{group}组{house}号",
        "village": f"{rng.choice(TOWNS)}{rng.choice(VILLAGES)}", "town": f"{rng.choice(COUNTIES)}{rng.choice(TOWNS)}",
        "road": f"{rng.choice(ROADS)}{house}号", "estate": f"{rng.choice(ESTATES)}{group}栋{rng.randint(1, 4)}单元{rng.randint(1, 9)}0{rng.randint(1, 4)}",
        "county": rng.choice(COUNTIES), "bare hamlet": rng.choice(("大井", "坪上", "岩门", "水淹坝", "羊场", "冷水沟")),
        "numerals": f"{rng.choice(VILLAGES)}{_NUMERAL[group]}组{_NUMERAL[rng.randint(1, 9)]}号",
    }[form]  # fmt: skip
    before = rng.choice(("住", "家住", "地址:", "家在", "现住址 ", "我是", "户籍", "从", "在"))
    after = {"我是": "人", "从": "过来的", "在": "上班"}.get(before, "")
    return "address", form, before, value, after, ""


def _hospital(rng: random.Random) -> Made:
    before, after = rng.choice((("在", "看过"), ("", "让转院"), ("从", "转来"), ("去过", ""), ("是", "的病人")))
    return "house", "hospital", before, rng.choice(HOSPITALS), after, ""


def _plate(rng: random.Random) -> Made:
    number = "".join(rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789") for _ in range(4)) + str(rng.randrange(10))
    way = rng.choice(("plain", "dot", "space", "green"))
    mark = {"plain": "", "dot": "·", "space": " ", "green": "D"}[way]
    return "plate", way, rng.choice(("车牌", "开的是", "车号:", "坐", "肇事车 ")), f"{rng.choice(PLATE)}{rng.choice('ABCDEFGHJ')}{mark}{number}", rng.choice(("", "的车")), ""


def _mail(rng: random.Random) -> Made:
    return "mail", "mail", rng.choice(("邮箱", "发到 ", "email:")), f"{rng.choice(('lixy', 'zhang.wei', 'doc_88', 'chen2000'))}{rng.randint(1, 99)}@{rng.choice(('qq.com', '163.com', 'gmail.com'))}", "", ""


_MAKERS = (
    _name, _name, _name, _called, _phone, _phone, _phone, _landline, _id_number, _id_number, _card, _record_number, _wechat, _qq, _address, _address, _hospital, _plate, _mail,
)  # fmt: skip
