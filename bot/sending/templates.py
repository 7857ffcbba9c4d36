"""Our template messages as data: what each says, in which fields, for the Official Account (模板消息) and the mini program (订阅消息).

Whoever sends gives values by meaning (``code``, ``state``, ``text``, ``time``); the table says in which field of the platform's template each stands.
The platform's library decides how a field is called: an account whose template calls it otherwise says so in its settings (``fields``).
Every value is held against the rule of its field before anything is sent (``bot.channels.api.values``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.channels.api.values import fitting_values

Values = Mapping[str, str]
"""By meaning: ``code`` a code or ``-``, ``state`` at most 5 Chinese characters, ``text`` 20 characters, ``time`` as 2026年11月20日 15:00."""


@dataclass(frozen=True, slots=True)
class Field:
    """One value: what it means, how the platform's field is called unless the settings say otherwise, its label there, an example."""

    meaning: str
    name: str
    label: str
    example: str


@dataclass(frozen=True, slots=True)
class Template:
    """``official`` and ``mini``: the fields of each product. ``why``: what the mini program says when it asks for leave, in a few words.

    ``long_term``: worth applying for as a long-term template (open to medical services)."""

    name: str
    title: str
    official: tuple[Field, ...]
    mini: tuple[Field, ...]
    why: str
    long_term: bool = False


_CODE = Field("code", "character_string1", "编号", "C-7K2M")
_STATE = Field("state", "phrase2", "状态", "会诊进度")
_TEXT = Field("text", "thing3", "说明", "专家已接诊,村医会带您一起会诊")
_TIME = Field("time", "time4", "时间", "2026年11月20日 15:00")
_WHAT, _SAYS = Field("state", "thing1", "事项", "到时间了"), Field("text", "thing2", "说明", "该量血压了")
_PROGRESS, _APPOINTMENT, _PLAIN = (_CODE, _STATE, _TEXT), (_CODE, _STATE, _TEXT, _TIME), (_WHAT, _SAYS)

TEMPLATES: dict[str, Template] = {
    one.name: one
    for one in (
        Template("progress", "会诊、处方、报销的进度", _PROGRESS, _PROGRESS, "会诊有了进展、药可以取了,马上告诉您"),
        Template("appointment", "预约约好或取消", _APPOINTMENT, _APPOINTMENT, "预约有变化,出门前告诉您"),
        Template("reminder", "随访提醒", _PLAIN, _PLAIN, "到时间提醒您量血压、测血糖、复诊", long_term=True),
        Template("reply", "助手的新回复,以及别处发不到时请人来看", _PLAIN, _PLAIN, "回复您的话没发到时,提醒您来看"),
    )
}
STANDS_IN = "progress"
"""What is sent where the account has no template of the wanted name: its fields hold any of the others' values."""


def chosen(wanted: str, configured: Mapping[str, str]) -> tuple[Template, str] | None:
    """The template to use, with the platform's id; None where none is configured. An appointment needs its own: no other has a place for its time."""
    for name in (wanted, STANDS_IN) if wanted != "appointment" else (wanted,):
        if configured.get(name):
            return TEMPLATES[name], configured[name]
    return None


def filled(fields: tuple[Field, ...], values: Values, renamed: Mapping[str, str], call: str) -> dict[str, str]:
    """The platform's field → value, each held against its rule. ValueRefused (47003) names a field that its value does not fit.

    ``renamed``: our field name → the account's.
    """
    data = {renamed.get(field.name, field.name): values.get(field.meaning) or "-" for field in fields}
    return {name: item["value"] for name, item in fitting_values(data, call).items()}
