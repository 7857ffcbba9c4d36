"""Taps: on a card's button, an item of a menu message, a menu link in a text, or the account's own menu."""

import re
from typing import Any
from urllib.parse import parse_qs

from . import cards, events
from .deliveries import Courier
from .official_account_api import grant
from .talking import invalid
from .wecom_api import card_code
from .world import Chat, PeopleError, World

Body = dict[str, Any]


def tap(world: World, courier: Courier, chat: Chat, tapped: Body) -> Body:
    """A tap on a card's button, an item of a menu message, or (without seq) the account's menu."""
    seq, key, selected = tapped.get("seq"), tapped.get("key"), tapped.get("selected")
    if set(tapped) - {"seq", "key", "selected"}:
        raise invalid("点击里有多余的内容")
    if not isinstance(key, str) or not key or len(key) > 1024:
        raise invalid("没有说明点了哪个按钮")
    if seq is None:
        return _tap_account_menu(world, courier, chat, key)
    row = world.message(seq) if isinstance(seq, int) and not isinstance(seq, bool) and 0 < seq < 2**62 else None
    if row is None or row["conversation"] != chat.conversation or row["origin"] != "service":
        raise PeopleError("message.unknown", 404, "这条消息不在这个聊天里")
    body = world.view(row, chat.person)
    if body["type"] == "menu":
        return _tap_menu_message(world, courier, chat, body, key)
    if body["type"] == "text" and chat.id == "official_account":
        linked = [{"id": ident, "content": content} for content, ident in _menu_links(body["content"])]
        return _tap_menu_message(world, courier, chat, {"items": linked}, key)
    if body["type"] == "card":
        return _tap_card(world, courier, chat, row["seq"], body["card"], key, selected)
    raise PeopleError("message.not_tappable", 409, "这条消息上没有可以点的按钮")


def _menu_links(content: str) -> list[tuple[str, str]]:
    """The menu links in a text, as (words sent, item id): <a href="weixin://bizmsgmenu?msgmenucontent=…&msgmenuid=…">."""
    found = []
    for query in re.findall(r"weixin://bizmsgmenu\?([^\"'>\s]+)", content):
        asked = parse_qs(query.replace("&amp;", "&"))
        if asked.get("msgmenuid") and asked.get("msgmenucontent"):
            found.append((asked["msgmenucontent"][0], asked["msgmenuid"][0]))
    return found


def _tap_menu_message(world: World, courier: Courier, chat: Chat, body: Body, key: str) -> Body:
    for item in body["items"]:
        if item["id"] == key:
            break
    else:
        raise PeopleError("button.unknown", 404, "这条消息上没有这个选项")
    if not world.follows(chat.person):
        raise PeopleError("account.not_followed", 409, f"还没有关注{world.platform.title('official_account')},请先点“关注”")
    with world.store.transaction():
        plain = events.official_message(world, chat.person, "text", {"Content": item["content"], "bizmsgmenuid": key})
        delivery, exchange = events.queue(world, "official_account", "message", chat.person, chat.conversation, plain)
        grant(world, chat.person, "tap")
        seq = world.post(chat.conversation, "person", chat.person.key, {"type": "text", "content": item["content"], "menu_id": key}, exchange)
    world.announce(seq)
    courier.dispatch(delivery)
    return {"seq": seq, "exchange": exchange}


def _tap_card(world: World, courier: Courier, chat: Chat, seq: int, card: Body, key: str, selected: Any) -> Body:
    for button in card.get("button_list", []):
        if button.get("type", 0) == 1 and key in (button.get("key"), button.get("url")):
            return {"url": button["url"]}
    keys = cards.tap_keys(card)
    if not keys:
        raise PeopleError("card.closed", 409, "这张卡片已经处理过了")
    if key not in keys:
        raise PeopleError("button.unknown", 404, "这张卡片上没有这个按钮")
    chosen = _chosen(card, selected)
    task_id = str(card.get("task_id", ""))
    with world.store.transaction():
        context = {"seq": seq, "task_id": task_id}
        if chat.id == "wecom_app":
            items = [{"QuestionKey": question, "OptionIds": {"OptionId": options}} for question, options in chosen.items()]
            fields: Body = {"EventKey": key, "TaskId": task_id, "CardType": card["card_type"], "ResponseCode": card_code(world, task_id)}
            if items:
                fields["SelectedItems"] = {"SelectedItem": items}
            plain = events.app_event(world, chat.person, "template_card_event", fields)
            delivery, exchange = events.queue(world, "wecom_app", "card_click", chat.person, chat.conversation, plain, context)
        else:
            detail: Body = {"card_type": card["card_type"], "event_key": key, "task_id": task_id}
            if chosen:
                detail["selected_items"] = {"selected_item": [{"question_key": q, "option_ids": {"option_id": o}} for q, o in chosen.items()]}
            plain = events.robot_event(world, chat, "template_card_event", detail)
            delivery, exchange = events.queue(world, "wecom_robot", "card_click", chat.person, chat.conversation, plain, context)
    courier.dispatch(delivery)
    return {"exchange": exchange}


def _chosen(card: Body, selected: Any) -> dict[str, list[str]]:
    """What was selected, checked against the card: question key → option ids. The preselected option counts when nothing is said."""
    asked = cards.questions(card)
    if selected is None:
        preset = card.get("button_selection", {}).get("selected_id")
        return {str(card["button_selection"]["question_key"]): [preset]} if preset else {}
    if not isinstance(selected, dict):
        raise invalid("选择的格式不对")
    chosen = {}
    for question, options in selected.items():
        listed = options if isinstance(options, list) else [options]
        if question not in asked or not listed or not all(isinstance(one, str) and one in asked[question] for one in listed):
            raise PeopleError("option.unknown", 404, "这张卡片上没有这个选项")
        chosen[question] = listed
    return chosen


def _tap_account_menu(world: World, courier: Courier, chat: Chat, key: str) -> Body:
    if chat.id != "official_account":
        raise invalid("没有说明是哪条消息上的按钮")
    if not world.follows(chat.person):
        raise PeopleError("account.not_followed", 409, f"还没有关注{world.platform.title('official_account')},请先点“关注”")
    buttons = [one for button in world.store.fact("menu", []) for one in (button.get("sub_button") or [button])]
    for button in buttons:
        if key in (button.get("key"), button.get("url"), button.get("pagepath")):
            break
    else:
        raise PeopleError("button.unknown", 404, "菜单里没有这一项")
    event, fields = {"click": ("CLICK", {"EventKey": key}), "view": ("VIEW", {"EventKey": button.get("url", ""), "MenuId": "1"}),
                     "miniprogram": ("view_miniprogram", {"EventKey": button.get("pagepath", ""), "MenuId": "1"})}[button["type"]]  # fmt: skip
    with world.store.transaction():
        plain = events.official_event(world, chat.person, event, fields)
        kind = "menu" if event == "CLICK" else "event"
        delivery, exchange = events.queue(world, "official_account", kind, chat.person, chat.conversation, plain)
        if event == "CLICK":
            grant(world, chat.person, "tap")
    courier.dispatch(delivery)
    answer: Body = {"exchange": exchange}
    if event == "VIEW":
        answer["url"] = button["url"]
    if event == "view_miniprogram":
        answer["page"] = button["pagepath"]
    return answer
