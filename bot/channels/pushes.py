"""Translation of the pushes that Official Account, mini program and WeCom app share, once they are opened.

The three have the same field names; XML and JSON differ only in numbers and in `List`, which `Document` evens out.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from bot.channels.channel import identifier, instant, number
from bot.channels.crypto import KeyName
from bot.channels.document import Document
from bot.channels.message import ChannelName, Delivery, Incoming, Kind, Media, Place, Subscription, Tap, dedupe_key
from bot.channels.outgoing import KEY_LIMIT
from bot.channels.refused import Reason, Refused

Fields = dict[str, Any]

_SCENE_PREFIX = "qrscene_"
_LISTS = ("SubscribeMsgPopupEvent", "SubscribeMsgChangeEvent", "SubscribeMsgSentEvent")
_REFUSED_BY_PERSON = {43101, 43004, 43019}


def translate(document: Document, channel: ChannelName, account: str, key: KeyName) -> Incoming:
    """One opened push as `Incoming`. An unknown kind becomes `other`; Refused(SHAPE) where sender, time or type is missing."""
    sender = identifier(document, "FromUserName")
    kind = document.text("MsgType").lower()
    sent_at = instant(document, "CreateTime")
    if not kind or len(kind) > 64 or sent_at is None:
        raise Refused(Reason.SHAPE)
    fields = _event(document) if kind == "event" else _message(kind, document)
    return Incoming(
        **{"channel": channel, "account": account, "sender": sender, "chat": sender, "event": kind, **fields},
        dedupe_key=_key(document, channel, account, sender, sent_at),
        sent_at=sent_at,
        opened_with=key,
    )


def _key(document: Document, channel: ChannelName, account: str, sender: str, sent_at: datetime) -> str:
    created = str(int(sent_at.timestamp()))
    if document.text("MsgType").lower() != "event":
        message_id = document.text("MsgId", "MsgID")
        if message_id:
            return dedupe_key(channel, account, sender, message_id)
        return dedupe_key(channel, account, sender, created, document.text("MsgType"), document.text("Content", "MediaId", "Label"))
    named = [document.text(name) for name in ("Event", "EventKey", "AgentID", "TaskId", "MsgID", "trace_id")]
    listed = [f"{one.text('TemplateId')}:{one.text('SubscribeStatusString')}:{one.text('MsgID')}" for one in _listed(document)]
    return dedupe_key(channel, account, sender, created, *named, *listed)


def _message(kind: str, document: Document) -> Fields:
    read = _MESSAGES.get(kind)
    return read(document) if read else {"kind": Kind.OTHER}


def _text(document: Document) -> Fields:
    text, menu = document.text("Content"), document.text("bizmsgmenuid")
    if not menu:
        return {"kind": Kind.TEXT, "text": text}
    # Ids that we gave are "asking:code"; an asking's id holds no colon, a code may.
    menu_id, _, key = menu.partition(":") if ":" in menu else ("", "", menu)
    return {"kind": Kind.TAP, "text": text, "tap": Tap(source="message_menu", key=key, menu_id=menu_id)}


def _media(kind: Kind) -> Callable[[Document], Fields]:
    def read(document: Document) -> Fields:
        media = Media(
            media_id=document.text("MediaId"),
            url=document.text("PicUrl"),
            name=document.text("FileName", "Title"),
            format=document.text("Format"),
        )
        return {"kind": kind, "media": (media,), "text": document.text("Recognition")}

    return read


def _location(document: Document) -> Fields:
    return _placed(Kind.LOCATION, document, "Location_X", "Location_Y")


def _placed(kind: Kind, document: Document, latitude: str, longitude: str) -> Fields:
    north, east = number(document.text(latitude)), number(document.text(longitude))
    if north is None or east is None:
        return {"kind": Kind.OTHER}
    return {"kind": kind, "place": Place(latitude=north, longitude=east, label=document.text("Label"))}


def _link(document: Document) -> Fields:
    said = [document.text("Title"), document.text("Description")]
    return {"kind": Kind.LINK, "text": "\n".join(filter(None, said)), "detail": {"url": document.text("Url", "PagePath")}}


_MESSAGES: dict[str, Callable[[Document], Fields]] = {
    "text": _text,
    "image": _media(Kind.IMAGE),
    "voice": _media(Kind.VOICE),
    "video": _media(Kind.VIDEO),
    "shortvideo": _media(Kind.VIDEO),
    "file": _media(Kind.FILE),
    "location": _location,
    "link": _link,
    "miniprogrampage": _link,
}


def _event(document: Document) -> Fields:
    name = document.text("Event")
    if not name or len(name) > 64:
        raise Refused(Reason.SHAPE)
    read = _EVENTS.get(name.lower())
    return {"event": name.lower(), **(read(document) if read else {"kind": Kind.OTHER})}


def _subscribe(document: Document) -> Fields:
    return {"kind": Kind.SUBSCRIBE, "scene": document.text("EventKey").removeprefix(_SCENE_PREFIX)}


def _scan(document: Document) -> Fields:
    return {"kind": Kind.SCAN, "scene": document.text("EventKey")}


def _plainly(kind: Kind) -> Callable[[Document], Fields]:
    return lambda _document: {"kind": kind}


def _position(document: Document) -> Fields:
    return _placed(Kind.POSITION, document, "Latitude", "Longitude")


def _click(document: Document) -> Fields:
    return {"kind": Kind.TAP, "tap": Tap(source="menu", key=document.text("EventKey"))}


def _view(document: Document) -> Fields:
    return {"kind": Kind.VIEW, "detail": {"opened": document.text("EventKey"), "menu_id": document.text("MenuId")}}


def _card_tap(document: Document) -> Fields:
    selected = {item.text("QuestionKey"): item.child("OptionIds").texts("OptionId") for item in document.child("SelectedItems").each("SelectedItem")}
    tap = Tap(
        source="card",
        key=document.text("EventKey")[:KEY_LIMIT],
        menu_id=document.text("TaskId"),
        task_id=document.text("TaskId"),
        card_type=document.text("CardType"),
        response_code=document.text("ResponseCode"),
        selected=selected,
    )
    return {"kind": Kind.TAP, "tap": tap}


def _template_result(document: Document) -> Fields:
    status = document.text("Status").lower()
    outcome = "delivered" if status == "success" else "blocked" if "block" in status else "failed"
    return {"kind": Kind.TEMPLATE_RESULT, "deliveries": (Delivery.model_validate({"message_id": document.text("MsgID"), "outcome": outcome}),)}


def _listed(document: Document) -> list[Document]:
    wrapped = [one for name in _LISTS for one in document.child(name).each("List")]
    return wrapped or list(document.each("List"))


def _subscriptions(document: Document) -> Fields:
    changes = tuple(
        Subscription(template_id=one.text("TemplateId"), accepted=one.text("SubscribeStatusString").lower() == "accept")
        for one in _listed(document)
        if one.text("TemplateId")
    )
    return {"kind": Kind.SUBSCRIPTION_CHANGE, "subscriptions": changes}


def _subscription_sent(document: Document) -> Fields:
    return {"kind": Kind.TEMPLATE_RESULT, "deliveries": tuple(_delivery(one) for one in _listed(document))}


def _delivery(one: Document) -> Delivery:
    code = one.text("ErrorCode") or "0"
    error = int(code) if code.isascii() and code.isdigit() and len(code) < 10 else -1
    outcome = "delivered" if error == 0 else "blocked" if error in _REFUSED_BY_PERSON else "failed"
    return Delivery.model_validate({"message_id": one.text("MsgID"), "template_id": one.text("TemplateId"), "outcome": outcome, "code": error})


def _service_session(document: Document) -> Fields:
    return {"kind": Kind.SERVICE_SESSION, "detail": _details(document, "KfAccount", "FromKfAccount", "ToKfAccount")}


def _media_check(document: Document) -> Fields:
    detail = _details(document, "trace_id", "errcode")
    return {"kind": Kind.MEDIA_CHECK, "detail": detail | {"suggest": document.child("result").text("suggest")}}


def _details(document: Document, *names: str) -> dict[str, str]:
    return {name: document.text(name) for name in names if document.text(name)}


_EVENTS: dict[str, Callable[[Document], Fields]] = {
    "subscribe": _subscribe,
    "unsubscribe": _plainly(Kind.UNSUBSCRIBE),
    "scan": _scan,
    "location": _position,
    "click": _click,
    "view": _view,
    "view_miniprogram": _view,
    "enter_agent": _plainly(Kind.ENTER),
    "user_enter_tempsession": _plainly(Kind.ENTER),
    "template_card_event": _card_tap,
    "template_card_menu_event": _card_tap,
    "templatesendjobfinish": _template_result,
    "subscribe_msg_popup_event": _subscriptions,
    "subscribe_msg_change_event": _subscriptions,
    "subscribe_msg_sent_event": _subscription_sent,
    "kf_create_session": _service_session,
    "kf_close_session": _service_session,
    "kf_switch_session": _service_session,
    "wxa_media_check": _media_check,
}
