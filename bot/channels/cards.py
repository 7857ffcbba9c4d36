"""Template cards as WeCom's app (JSON and XML) and robot (JSON) write them."""

from __future__ import annotations

from typing import Any

from bot.channels.document import cdata
from bot.channels.outgoing import Button, Card, Line, Menu, without_emphasis
from bot.channels.words import cut

MAX_LINES = 6
MAX_BUTTONS = 6
SUB_TITLE_LIMIT = 112
TITLE_LIMIT = 26
SHORTEST_TITLE = 4
_STOPS, _OPENS, _CLOSES = "。;,:!?;:!?", "((", "))"
LABEL_LIMIT = 10
NOTE_LIMIT = 20
LINE_KEY_LIMIT = 5


def card_json(card: Card, note: str = "") -> dict[str, Any]:
    """A `template_card`. With `note` its buttons are grey and read so."""
    buttons = _buttons(card, note)
    value: dict[str, Any] = {
        "card_type": "button_interaction" if buttons else "text_notice",
        "main_title": {"title": without_emphasis(card.title), "desc": without_emphasis(card.description)},
        "sub_title_text": _sub_title(card),
        "horizontal_content_list": [{"keyname": line.key, "value": line.value} for line in _lines(card)],
        "task_id": card.task_id,
    }
    if card.url:
        value["card_action"] = {"type": 1, "url": card.url}
    if buttons:
        value["button_list"] = [{"text": button.label, "style": button.style, "key": button.key} for button in buttons]
    if note:
        value["replace_text"] = cut(note, NOTE_LIMIT)
    return value


def card_xml(card: Card, note: str = "") -> str:
    """The same as a `TemplateCard` element, for the answer to a tap."""
    lines = "".join(
        f"<HorizontalContentList><KeyName>{cdata(line.key)}</KeyName><Value>{cdata(line.value)}</Value></HorizontalContentList>"
        for line in _lines(card)
    )
    given = _buttons(card, note)
    buttons = "".join(
        f"<ButtonList><Text>{cdata(button.label)}</Text><Style>{button.style}</Style><Key>{cdata(button.key)}</Key></ButtonList>" for button in given
    )
    action = f"<CardAction><Type>1</Type><Url>{cdata(card.url)}</Url></CardAction>" if card.url else ""
    return (
        f"<TemplateCard><CardType>{cdata('button_interaction' if given else 'text_notice')}</CardType>"
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
    short, rest = _heading(title)
    whole = "\n".join(filter(None, [rest, said]))
    if short and len(whole) <= SUB_TITLE_LIMIT:
        return "", Card(task_id=menu.menu_id, title=short, sub_title=whole, buttons=buttons)
    return "\n".join(filter(None, [menu.head, menu.tail])), Card(task_id=menu.menu_id, title=short or "请选择", buttons=buttons)


def _heading(line: str) -> tuple[str, str]:
    """A first line as the card's heading: broken at the last stop that leaves it short enough, with what comes after the stop."""
    if len(line) <= TITLE_LIMIT:
        return line, ""
    stops, depth = [], 0
    for place, sign in enumerate(line[: TITLE_LIMIT + 1]):
        # What stands in brackets stays together.
        if depth == 0 and sign in _STOPS + _OPENS and place >= SHORTEST_TITLE:
            stops.append(place)
        depth += (sign in _OPENS) - (sign in _CLOSES)
    if not stops:
        return cut(line, TITLE_LIMIT), line
    rest = line[stops[-1] :]
    return line[: stops[-1]], rest[rest[0] not in _OPENS :].strip()


def _buttons(card: Card, note: str) -> tuple[Button, ...]:
    # A card without buttons needs an address to open; a changed one without either carries the note as a button.
    if card.buttons or card.url or not note:
        return card.buttons[:MAX_BUTTONS]
    return (Button(key="done", label=cut(note, LABEL_LIMIT), style=2),)


def _fits(line: Line) -> bool:
    # The clients show five characters of a line's key; longer ones would be cut and lose their sense.
    return 1 <= len(line.key) <= LINE_KEY_LIMIT


def _lines(card: Card) -> list[Line]:
    return [line for line in card.lines if _fits(line)][:MAX_LINES]


def _sub_title(card: Card) -> str:
    shown = _lines(card)
    beyond = [line for line in card.lines if line not in shown]
    said = [card.sub_title, *(f"{line.key}\uff1a{line.value}" if line.key else line.value for line in beyond)]
    return cut(without_emphasis("\n".join(filter(None, said))), SUB_TITLE_LIMIT)
