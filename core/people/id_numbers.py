"""Resident identity numbers (GB 11643-1999): 6 digits of region, 8 of birth, 3 of sequence (odd: male), 1 check character (ISO 7064 MOD 11-2).

Residence permits of people from Hong Kong (81), Macao (82) and Taiwan (83) are of the same form and taken. Numbers of 15 digits, passports and
travel permits are told apart, so that their holder hears where to go."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from core.people.errors import IdNumberInvalid

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
_PROVINCES = frozenset(
    str(code)
    for codes in (range(11, 16), range(21, 24), range(31, 38), range(41, 47), range(50, 55), range(61, 66), (71, 81, 82, 83))
    for code in codes
)
"""GB/T 2260 codes of provinces, with 83 for the residence permits of Taiwan residents."""
_PERMIT = re.compile(r"[HM][0-9]{8,10}|[A-Z]{1,2}[0-9]{7,9}|[0-9]{8}|[0-9]{10}[A-Z]?")
"""回乡证 (H or M), passports (E12345678, EA1234567), 台胞证 (8 digits, earlier 10)."""
OLDEST_YEARS = 130


@dataclass(frozen=True, slots=True)
class IdNumber:
    """A checked number, with X in capitals, and what it says."""

    text: str
    birth_date: date
    sex: str
    """"male" or "female"."""


def check_character(first17: str) -> str:
    """The 18th character of the 17 digits ``first17``."""
    return _CHECK[sum(int(digit) * weight for digit, weight in zip(first17, _WEIGHTS, strict=True)) % 11]


def read_id_number(text: str, today: date) -> IdNumber:
    """``text`` as a checked number; :class:`IdNumberInvalid` says which part is wrong. ``today`` is the date in China."""
    number = text.strip().upper()
    _refuse_other_documents(number)
    if len(number) != 18 or not (number[:17].isascii() and number[:17].isdigit()) or number[17] not in "0123456789X":
        raise IdNumberInvalid(reason="应当是 18 位,最后一位可以是 X")
    if number[:2] not in _PROVINCES:
        raise IdNumberInvalid(reason="前两位地区码不对")
    birth = _birth_date(number[6:14])
    if birth is None or birth > today or today.year - birth.year > OLDEST_YEARS:
        raise IdNumberInvalid(reason="里面的出生日期不对")
    if check_character(number[:17]) != number[17]:
        raise IdNumberInvalid(reason="校验位对不上,多半有一位输错了")
    return IdNumber(number, birth, "male" if int(number[16]) % 2 else "female")


def _refuse_other_documents(number: str) -> None:
    """What is a document all the same, but none that this register takes: the person is told where to go instead."""
    if len(number) == 15 and number.isascii() and number.isdigit():
        # The first generation's, out of use since 2013-01-01 (居民身份证法 article 23): whoever has one has a number of 18 digits now.
        raise IdNumberInvalid(reason="这是 15 位的老号码,2013 年起停用,请用新身份证上的 18 位号码")
    if _PERMIT.fullmatch(number):
        raise IdNumberInvalid(reason="线上只收 18 位身份证号和港澳台居民居住证号;用护照或通行证的,请到卫生院登记")


def _birth_date(digits: str) -> date | None:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None
