"""The real-name check said no."""

from __future__ import annotations

from core.foundation.errors import Invalid


class RealNameMismatch(Invalid):
    code = "people.real_name_mismatch"
    sentence = "姓名和身份证号对不上。常见的是打错了一个字,请对照身份证再输一次;改过名的,请带身份证找村医或卫生院登记。急事不用等登记,直接打 120。"
