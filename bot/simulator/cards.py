"""Template cards: what the platform takes, in JSON or as the XML of an answer, and what it cuts."""

import re
from typing import Any
from xml.etree.ElementTree import Element  # a type only

Card = dict[str, Any]

KINDS = ("text_notice", "news_notice", "button_interaction", "vote_interaction", "multiple_interaction")
TAPPABLE = ("button_interaction", "vote_interaction", "multiple_interaction")
TASK_ID = re.compile(r"[0-9A-Za-z_\-@]{1,128}")
FIELDS = {"card_type", "source", "action_menu", "main_title", "quote_area", "emphasis_content", "sub_title_text", "horizontal_content_list",
          "jump_list", "card_action", "button_selection", "button_list", "task_id", "card_image", "image_text_area", "vertical_content_list",
          "checkbox", "select_list", "submit_button", "replace_text", "feedback"}  # fmt: skip


class CardError(Exception):
    """The platform refuses this card; the text names the field."""


def check(card: Any, *, new: bool = True) -> list[str]:
    """Refuse a card the platform would not take; cut in place what its clients cut.

    A new card that can be tapped needs a task_id.  The answer lists what was cut, as warnings.
    """
    if not isinstance(card, dict):
        raise CardError("template_card must be an object")
    unknown = set(card) - FIELDS
    if unknown:
        raise CardError(f"template_card.{sorted(unknown)[0]} is not a field of template cards")
    kind = card.get("card_type")
    if kind not in KINDS:
        raise CardError("template_card.card_type is not known")
    warnings: list[str] = []
    _titles(card, kind, warnings)
    _contents(card, warnings)
    _action(card, kind)
    if "task_id" in card or (new and kind in TAPPABLE):
        task_id = card.get("task_id")
        if not isinstance(task_id, str) or not TASK_ID.fullmatch(task_id):
            raise CardError("template_card.task_id must be 1 to 128 of 0-9A-Za-z_-@")
    if kind == "button_interaction":
        _buttons(card, warnings)
    if kind in ("vote_interaction", "multiple_interaction"):
        _text(card.get("submit_button"), "text", "submit_button", 10, warnings, required=True)
        _text(card.get("submit_button"), "key", "submit_button", 1024, warnings, required=True)
    return warnings


def _text(owner: Any, name: str, where: str, limit: int, warnings: list[str], *, required: bool = False) -> None:
    """A text field: right type, and cut at the length that the clients show."""
    if not isinstance(owner, dict):
        raise CardError(f"{where} must be an object")
    value = owner.get(name)
    if value is None and not required:
        return
    if not isinstance(value, str) or (required and not value):
        raise CardError(f"{where}.{name} must be a text" + (" and not empty" if required else ""))
    if len(value) > limit:
        warnings.append(f"{where}.{name}: {len(value)} characters, cut at {limit}")
        owner[name] = value[: limit - 1] + "…"


def _titles(card: Card, kind: str, warnings: list[str]) -> None:
    if "main_title" in card:
        _text(card["main_title"], "title", "main_title", 36, warnings)
        _text(card["main_title"], "desc", "main_title", 44, warnings)
    _text(card, "sub_title_text", "template_card", 112, warnings)
    _text(card, "replace_text", "template_card", 10, warnings)
    if "source" in card:
        _text(card["source"], "desc", "source", 13, warnings)
    titled = isinstance(card.get("main_title"), dict) and card["main_title"].get("title")
    if not titled and not (kind == "text_notice" and card.get("sub_title_text")):
        raise CardError("main_title.title is missing")


def _items(card: Card, name: str, most: int) -> list[Card]:
    items = card.get(name, [])
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise CardError(f"{name} must be a list of objects")
    if len(items) > most:
        raise CardError(f"{name} takes at most {most} items")
    return items


def _contents(card: Card, warnings: list[str]) -> None:
    for item in _items(card, "horizontal_content_list", 6):
        _text(item, "keyname", "horizontal_content_list", 5, warnings, required=True)
        _text(item, "value", "horizontal_content_list", 30, warnings)
        if item.get("type") == 1 and not item.get("url"):
            raise CardError("horizontal_content_list.url is missing for type 1")
    for item in _items(card, "jump_list", 3):
        _text(item, "title", "jump_list", 13, warnings, required=True)
    _items(card, "vertical_content_list", 4)
    _items(card, "button_list", 6)
    for question in [*_items(card, "select_list", 3), *([card["checkbox"]] if "checkbox" in card else [])]:
        _selection(question, warnings, most=20 if question is card.get("checkbox") else 10)
    if "quote_area" in card and not isinstance(card["quote_area"], dict):
        raise CardError("quote_area must be an object")


def _action(card: Card, kind: str) -> None:
    action = card.get("card_action")
    if action is None:
        if kind in ("text_notice", "news_notice"):
            raise CardError("card_action is missing")
        return
    if not isinstance(action, dict) or action.get("type", 0) not in (0, 1, 2):
        raise CardError("card_action.type must be 0, 1 or 2")
    if action.get("type") == 1 and not str(action.get("url", "")).startswith(("http://", "https://")):
        raise CardError("card_action.url must be an address for type 1")
    if action.get("type") == 2 and not action.get("appid"):
        raise CardError("card_action.appid is missing for type 2")


def _buttons(card: Card, warnings: list[str]) -> None:
    buttons = _items(card, "button_list", 6)
    if not buttons:
        raise CardError("button_list needs 1 to 6 buttons")
    keys = set()
    for button in buttons:
        _text(button, "text", "button_list", 10, warnings, required=True)
        if button.get("style", 1) not in (1, 2, 3, 4):
            raise CardError("button_list.style must be 1 to 4")
        if button.get("type", 0) == 1:
            if not str(button.get("url", "")).startswith(("http://", "https://")):
                raise CardError("button_list.url must be an address for type 1")
            continue
        key = button.get("key")
        if not isinstance(key, str) or not 1 <= len(key.encode()) <= 1024:
            raise CardError("button_list.key must have 1 to 1024 bytes")
        if key in keys:
            raise CardError("button_list.key must differ from button to button")
        keys.add(key)
    if "button_selection" in card:
        _selection(card["button_selection"], warnings)


def _selection(selection: Any, warnings: list[str], most: int = 10) -> None:
    _text(selection, "question_key", "button_selection", 1024, warnings, required=True)
    _text(selection, "title", "button_selection", 13, warnings)
    options = _items(selection, "option_list", most)
    if not options:
        raise CardError(f"option_list needs 1 to {most} options")
    for option in options:
        _text(option, "id", "option_list", 128, warnings, required=True)
        _text(option, "text", "option_list", 16, warnings, required=True)
    if len({option["id"] for option in options}) != len(options):
        raise CardError("option_list.id must differ from option to option")


def tap_keys(card: Card) -> set[str]:
    """The keys a person can tap on this card now."""
    if card.get("replace_text") or card.get("replaced"):
        return set()
    keys = {str(b["key"]) for b in card.get("button_list", []) if b.get("type", 0) != 1 and "key" in b}
    submit = card.get("submit_button")
    if isinstance(submit, dict) and submit.get("key"):
        keys.add(str(submit["key"]))
    return keys


def questions(card: Card) -> dict[str, set[str]]:
    """The choices of this card: question key → option ids."""
    asked = [card[name] for name in ("button_selection", "checkbox") if isinstance(card.get(name), dict)]
    asked += [one for one in card.get("select_list", []) if isinstance(one, dict)]
    return {str(q.get("question_key")): {str(o.get("id")) for o in q.get("option_list", []) if isinstance(o, dict)} for q in asked}


_LISTS = {"HorizontalContentList", "JumpList", "ButtonList", "OptionList", "ActionList", "VerticalContentList", "SelectList"}
_NUMBERS = {"Type", "Style", "DescColor", "Disable", "Mode"}


def from_xml(element: Element) -> Card:
    """The card of an XML answer, in the names of the JSON interface (ButtonList → button_list)."""
    card: Card = {}
    for child in element:
        name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", child.tag).lower()
        value: Any
        if len(child):
            value = from_xml(child)
        else:
            value = child.text or ""
            if child.tag in _NUMBERS:
                if not value.isdigit():
                    raise CardError(f"<{child.tag}> must be a number")
                value = int(value)
        if child.tag in _LISTS:
            card.setdefault(name, []).append(value)
        elif name in card:
            raise CardError(f"<{child.tag}> occurs twice")
        else:
            card[name] = value
    return {("keyname" if key == "key_name" else key): value for key, value in card.items()}
