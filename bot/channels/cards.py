"""Template cards as WeCom's app (JSON and XML) and robot (JSON) write them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.channels.document import cdata
from bot.channels.outgoing import Button, Card, Line, Menu, without_emphasis
from bot.channels.words import cut

MAX_LINES = 6
MAX_BUTTONS = 6
SUB_TITLE_LIMIT = 112
TITLE_LIMIT = 26
LABEL_LIMIT = 10
NOTE_LIMIT = 36


def card_json(card: Card, note: str = "") -> dict[str, Any]:
    """A `template_card`. With `note` its buttons are grey and read so."""
    value: dict[str, Any] = {
        "card_type": "button_interaction" if card.buttons else "text_notice",
        "main_title": {"title": without_emphasis(card.title), "desc": without_emphasis(card.description)},
        "sub_title_text": _sub_title(card),
        "horizontal_content_list": [{"keyname": line.key, "value": line.value} for line in card.lines[:MAX_LINES]],
        "task_id": card.task_id,
    }
    if card.url:
        value["card_action"] = {"type": 1, "url": card.url}
    if card.buttons:
        value["button_list"] = [{"text": button.label, "style": button.style, "key": button.key} for button in card.buttons[:MAX_BUTTONS]]
    if note:
        value["replace_text"] = cut(note, NOTE_LIMIT)
    return value


def card_xml(card: Card, note: str = "") -> str:
    """The same as a `TemplateCard` element, for the answer to a tap."""
    lines = "".join(
        f"<HorizontalContentList><KeyName>{cdata(line.key)}</KeyName><Value>{cdata(line.value)}</Value></HorizontalContentList>"
        for line in card.lines[:MAX_LINES]
    )
    buttons = "".join(
        f"<ButtonList><Text>{cdata(button.label)}</Text><Style>{button.style}</Style><Key>{cdata(button.key)}</Key></ButtonList>"
        for button in card.buttons[:MAX_BUTTONS]
    )
    action = f"<CardAction><Type>1</Type><Url>{cdata(card.url)}</Url></CardAction>" if card.url else ""
    return (
        f"<TemplateCard><CardType>{cdata('button_interaction' if card.buttons else 'text_notice')}</CardType>"
        f"<MainTitle><Title>{cdata(without_emphasis(card.title))}</Title><Desc>{cdata(without_emphasis(card.description))}</Desc></MainTitle>"
        f"<SubTitleText>{cdata(_sub_title(card))}</SubTitleText>{lines}{action}{buttons}"
        f"<TaskID>{cdata(card.task_id)}</TaskID>" + (f"<ReplaceText>{cdata(cut(note, NOTE_LIMIT))}</ReplaceText>" if note else "") + "</TemplateCard>"
    )


def menu_card(menu: Menu) -> tuple[str, Card] | None:
    """A menu as a card, with the text that has to stand before it because a card's own texts are short.

    None where the menu cannot be one: no id, too many choices, or labels too long for buttons.
    """
    if not menu.menu_id or not 1 <= len(menu.choices) <= MAX_BUTTONS:
        return None
    if any(len(choice.label) > LABEL_LIMIT for choice in menu.choices):
        return None
    buttons = tuple(Button(key=choice.code, label=choice.label, style=1 if index == 0 else 2) for index, choice in enumerate(menu.choices))
    title, _, more = without_emphasis(menu.head).strip().partition("\n")
    said = "\n".join(filter(None, [more.strip(), menu.tail]))
    if title and len(title) <= TITLE_LIMIT and len(said) <= SUB_TITLE_LIMIT:
        return "", Card(task_id=menu.menu_id, title=title, sub_title=said, buttons=buttons)
    if len(menu.head) + len(menu.tail) < SUB_TITLE_LIMIT:
        whole = "\n".join(filter(None, [without_emphasis(menu.head), menu.tail]))
        return "", Card(task_id=menu.menu_id, title="请选择", sub_title=whole, buttons=buttons)
    return "\n".join(filter(None, [menu.head, menu.tail])), Card(task_id=menu.menu_id, title="请选择", buttons=buttons)


def _sub_title(card: Card) -> str:
    beyond: Sequence[Line] = card.lines[MAX_LINES:]
    said = [card.sub_title, *(f"{line.key}\uff1a{line.value}" for line in beyond)]
    return cut(without_emphasis("\n".join(filter(None, said))), SUB_TITLE_LIMIT)
