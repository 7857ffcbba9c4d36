"""The port through which the practice has free text masked. The implementation is ``nlp.masking.masker.build()``."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Protocol

from .reading import Span, Value


class Kind(StrEnum):
    """What was masked; the value stands between square brackets in its place."""

    NAME = "姓名"
    PHONE = "电话"
    ID_NUMBER = "证件号"
    CARD = "卡号"
    RECORD = "病历号"
    WECHAT = "微信号"
    ADDRESS = "地址"
    PLACE = "机构"
    PLATE = "车牌"
    LINK = "网址"
    NUMBER = "号码"
    AGE = "年龄"
    BIRTH = "出生日期"
    DATE = "日期"


class Known(Value):
    """What the practice itself knows of the people in a text; it is masked wherever it stands, however it is spaced or written.

    ``names``: whole names. ``numbers``: phones, ID numbers, member numbers, codes. ``places``: names of houses, villages, townships.
    ``band``: what stands for the age of the patient (``age``), in years; "": nothing does.
    ``shift_days``: by how many days a date is moved; None: a date is masked.
    ``written_on``: the day on which the text was written, for dates without a year.
    """

    names: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    age: int | None = None
    band: str = ""
    shift_days: int | None = None
    written_on: date | None = None


class Masked(Value):
    """``text`` with every place replaced; ``counts`` by kind."""

    text: str
    counts: dict[Kind, int]


class Place(Value):
    """Something found in the original text."""

    kind: Kind
    span: Span


class Masker(Protocol):
    """Deterministic; safe to call from a thread; raises nothing on any text; a masked text is not changed by masking it again."""

    @property
    def version(self) -> str: ...

    def find(self, text: str, known: Known) -> tuple[Place, ...]:
        """What one look finds, in order, without overlaps."""
        ...

    def mask(self, text: str, known: Known) -> Masked: ...
