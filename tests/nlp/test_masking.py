"""The masker: what must go and what must stay, never an exception, and nothing more to find in what it gives."""

# ruff: noqa: E501 (sentences and facts are read better whole)
from __future__ import annotations

import os
import random
import re
from datetime import date

import pytest

from nlp.interface.masking import Kind, Known, Masker
from nlp.masking.masker import build

FULL = os.environ.get("HUIZHEN_TEST_SCALE") == "full"
ROUNDS = 3_000 if FULL else 150
KNOWN = Known(
    names=("李秀英", "阿依古丽·买买提", "王芳"), numbers=("19900000011", "522727196803090117", "GZ520000112233"), places=("平塘县人民医院", "塘边镇", "新塘村"),
    age=58, band="50-59", shift_days=-100, written_on=date(2026, 11, 20),
)  # fmt: skip
NOBODY = Known()


@pytest.fixture(scope="module")
def masker() -> Masker:
    return build()


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("我叫李秀英", "李秀英"), ("李 秀 英的电话", "李 秀 英"), ("秀英昨天没来", "秀英"), ("李·秀·英", "秀·英"), ("李某某", "李某"), ("阿依古丽买买提", "买买提"),
        ("一九九零零零零零零一一", "一九九"), ("199 0000 0011", "0000"), ("1-9-9-0-0-0-0-0-0-1-1", "0-0"), ("１９９００００００１１", "００"), ("幺九九洞洞洞洞洞洞幺幺", "洞"),
        ("尾号0011", "0011"), ("522727 1968 0309 0117", "0309"), ("gz 5200 0011 2233", "0011"), ("在塘 边 镇", "边 镇"), ("平塘縣人民醫院", "平塘"),
    ],
)  # fmt: skip
def test_what_the_practice_knows_goes_however_it_is_written(masker: Masker, text: str, gone: str) -> None:
    assert gone not in masker.mask(text, KNOWN).text


@pytest.mark.parametrize(
    ("text", "gone", "kind"),
    [
        ("打我手机 138-0013-8000", "8000", Kind.PHONE), ("一三八零零一三八零零零", "一三八", Kind.PHONE), ("座机0854-4820123", "4820123", Kind.PHONE),
        ("电话:一三八,零零一三,八零零零", "八零零零", Kind.PHONE), ("身份证 110101 19900307 7715", "7715", Kind.ID_NUMBER), ("11010119900307771x", "771x", Kind.ID_NUMBER),
        ("卡号6228 4801 2345 6789 012", "6789", Kind.CARD), ("住院号2023001234", "001234", Kind.RECORD), ("门诊号:A12345", "A12345", Kind.RECORD),
        ("加我微信 abc_12345", "abc_12345", Kind.WECHAT), ("vx:zhang2000", "zhang2000", Kind.WECHAT), ("QQ 123456789", "123456789", Kind.WECHAT),
        ("住贵州省独山县麻尾镇金林村三组12号", "三组12号", Kind.ADDRESS), ("幸福小区3栋2单元501", "501", Kind.ADDRESS), ("在独山县人民医院看过", "独山", Kind.PLACE),
        ("车牌贵J·A1234", "A1234", Kind.PLATE), ("邮箱 abc@qq.com", "abc@", Kind.LINK), ("患者张桂芳,女", "张桂芳", Kind.NAME), ("联系人:欧阳建国 电话", "欧阳", Kind.NAME),
        ("王主任看过了", "王主", Kind.NAME), ("古丽娜尔·阿不都", "古丽", Kind.NAME), ("1968年3月9日出生", "1968", Kind.BIRTH), ("他92岁", "92", Kind.AGE),
    ],
)  # fmt: skip
def test_what_is_written_by_everyday_patterns_goes(masker: Masker, text: str, gone: str, kind: Kind) -> None:
    masked = masker.mask(text, NOBODY)
    assert gone not in masked.text
    assert kind in masked.counts


@pytest.mark.parametrize(
    "text",
    [
        "血压180/110,心率 98,体温38.5,血糖12.3", "130/85 140/90 150/95 160/100", "胸痛2小时 出冷汗 血压90/60 紧急", "阿莫西林 0.5g 每天三次,吃了 5 天", "微信同号",
        "白细胞 12.3,中性粒 85%", "左侧肢体麻木,高血压十年", "我们村里好多人都咳,去县城看过", "尿路感染,走路 500 米就喘", "肚子右下边疼,昨天晚上开始的,吃不下饭", "怀孕34周,头疼",
        "血小板 2500000", "血小板计数:2500000,白细胞 12.3", "PLT2500000", "病毒载量 12000000 copies/ml", "乙肝DNA定量 1200000000 IU/mL", "菌落数 1000000 CFU/ml", "肌酸激酶 1250000 U/L",
        "尿里红细胞 3000000 个/L", "HBV-DNA 35000000", "β-HCG 2500000 mIU/mL",
    ],
)  # fmt: skip
def test_what_the_doctor_needs_stays(masker: Masker, text: str) -> None:
    assert masker.mask(text, NOBODY).text == text


@pytest.mark.parametrize(
    "text",
    [
        "血小板正常,QQ 12345678", "血小板 13800138000", "血小板的单子 12345678", "白细胞报告号 20231234567", "病毒载量 123456789012", "12345678 我的号", "DNA 鉴定编号 12345678",
        "A1234567 IU/ml", "血小板 852 号 12345678", "电话 84820123 个/升", "载量123456789", "住院号2500000 U/L",
    ],
)  # fmt: skip
def test_a_number_near_a_value_goes_all_the_same(masker: Masker, text: str) -> None:
    longest = max(re.findall("[0-9]+", text), key=len)
    assert longest not in masker.mask(text, NOBODY).text


def test_days_move_together_and_the_age_becomes_the_band(masker: Masker) -> None:
    text = masker.mask("2026年11月3日咳嗽,11月5号发烧,今年58岁,他妈 81 岁,外婆九十三岁", KNOWN).text
    assert text == "[日期2026-07-26]咳嗽,[日期2026-07-28]发烧,今年[50-59岁],他妈 81 岁,外婆[90以上岁]"
    assert "2026" not in masker.mask("2026年11月3日咳嗽", NOBODY).text


PIECES = (
    "李秀英", "我叫", "张伟", "电话", "138", "0013", "8000", "一三八", "微信", "abc_1", "住", "平塘县", "塘边镇", "三组", "12号", "[姓名]", "[日期2026-01-01]", "[", "]", "年", "月", "日",
    "2026", "11", "岁", "9", " ", "\n", ",", "。", "王", "主任", "·", "贵J", "A1234", "\u200b", "１", "①", "é", "😀", "\ud800", "\ue000", "住院号", "x", "@", "qq.com", "医院", "的", "是", "疼",
)  # fmt: skip


def test_any_text_is_taken_and_a_masked_text_stays(masker: Masker) -> None:
    rng = random.Random(7)
    for _ in range(ROUNDS):
        text = "".join(rng.choice(PIECES) for _ in range(rng.randint(0, 24)))
        once = masker.mask(text, KNOWN)
        assert masker.mask(once.text, KNOWN).text == once.text
        assert "李秀英" not in once.text
        assert "19900000011" not in once.text


def test_a_long_text_takes_a_time_in_proportion(masker: Masker) -> None:
    """Patterns that go back and forth would take minutes here."""
    for piece in ("1 ", "一", "王", "住院号", "a@", "县", "([", "岁12", "13 8-"):
        masker.mask(piece * 800, KNOWN)
