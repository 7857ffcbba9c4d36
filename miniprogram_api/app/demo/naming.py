"""Names, numbers and ids of people who do not exist, drawn from a seed: the same seed gives the same people."""

from __future__ import annotations

import hashlib
import random
from datetime import date, timedelta

from core.people.id_numbers import check_character

SURNAMES = (
    "罗", "杨", "石", "王", "韦", "莫", "陆", "陈", "刘", "张", "李", "黄", "周", "吴", "何", "龙", "潘", "蒙", "覃",
    "唐", "孟", "岑", "班", "邓", "胡", "郭", "谢", "宋", "邹", "熊", "雷", "白", "田", "冉", "向", "卢", "蒋", "余",
    "杜", "戴", "夏", "汪", "方", "任", "姚", "廖", "金", "魏", "薛", "叶",
)
MEN = (
    "建国", "志远", "文博", "明", "国强", "永福", "光华", "大山", "家贵", "正平", "德全", "朝阳", "世昌", "洪波",
    "继业", "立新", "少云", "海涛", "学军", "长林", "俊杰", "思源", "振华", "兴旺", "天佑", "应龙", "开春", "启明",
    "绍文", "登科",
)
WOMEN = (
    "秀英", "小梅", "晓岚", "敏", "静", "玉兰", "春燕", "桂芳", "丽华", "雪梅", "冬妮", "彩云", "美玲", "金花",
    "阿妹", "雅琴", "思雨", "海燕", "红霞", "素珍", "月娥", "慧", "兰英", "婷", "佩珊", "若男", "菊香", "翠萍",
    "银秀", "文静",
)
REGION = "522727"


class Naming:
    """Draws names that are each given once."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._given: set[str] = set()

    def person(self, sex: str, surname: str | None = None) -> str:
        """A name not drawn before."""
        while True:
            family = surname or self._rng.choice(SURNAMES)
            parts = MEN if sex == "male" else WOMEN
            first = self._rng.choice(parts)
            name = family + (first if self._rng.random() < 0.8 or len(first) > 1 else first + self._rng.choice(parts)[-1])
            if name not in self._given:
                self._given.add(name)
                return name


def born(rng: random.Random, today: date, age: int) -> date:
    """A birth date of somebody who is ``age`` years old on ``today`` and stays so for at least a month."""
    birthday = today - timedelta(days=rng.randrange(5, 330))
    return date(birthday.year - age, birthday.month, min(birthday.day, 28))


def id_number(birth: date, sequence: int) -> str:
    """A number of the county with a right check character; an odd ``sequence`` is a man's."""
    first = f"{REGION}{birth:%Y%m%d}{sequence:03d}"
    return first + check_character(first)


def phone(number: int) -> str:
    """1990000xxxx: of the demonstration, never dialled."""
    return f"1990000{number:04d}"


def platform_id(prefix: str, seed: int, key: str, length: int) -> str:
    """An openid or unionid: ``prefix`` and characters as the platform has them, always the same for the same seed and person."""
    digest = hashlib.sha256(f"{prefix}:{seed}:{key}".encode()).hexdigest()
    return (prefix + digest)[:length]
