"""What a developer's server may answer to a callback, read as strictly as the platforms read it.

Official Account and WeCom app answer in XML, the robot in JSON, the mini program with `success` only.  An answer that
breaks a rule raises InvalidAnswer with the reason (and what could be decrypted), and the user sees a notice of failure.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element  # a type only

from . import cards
from .crypto import CallbackCipher, EnvelopeError
from .xmltext import XmlError, branch, leaf, only, parse, whole

Body = dict[str, Any]
XML_TEXT_BYTES = 2048
STREAM_BYTES = 20480
SILENCE = (b"", b"success")


class InvalidAnswer(Exception):
    """The platform cannot use the answer. `decrypted` is what was inside, as far as it could be opened."""

    def __init__(self, reason: str, decrypted: str = "") -> None:
        super().__init__(reason)
        self.reason, self.decrypted = reason, decrypted


@dataclass
class Answer:
    """What the user is to see: new messages, a running stream, or a changed card. All empty = silence."""

    decrypted: str = ""
    messages: list[Body] = field(default_factory=list)
    stream: str = ""
    finished: bool = True
    card: cards.Card | None = None
    replace_name: str = ""
    userids: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Expected:
    """What the answer has to fit: who wrote to whom, and what was asked."""

    cipher: CallbackCipher
    user: str
    account: str
    media_known: Callable[[str], bool]
    kind: str = "message"
    stream: str = ""
    task_id: str = ""
    security: str = "security"


# Official Account and WeCom app

_COMMON = {"ToUserName", "FromUserName", "CreateTime", "MsgType"}
_TYPES = {"text": "Content", "image": "Image", "voice": "Voice", "video": "Video", "music": "Music"}


def read_xml(raw: bytes, expected: Expected, *, wecom: bool) -> Answer:
    """Read the answer of an Official Account (or, with `wecom`, of a WeCom app)."""
    if raw in SILENCE:
        return Answer()
    decrypted = ""
    try:
        envelope = parse(raw.decode("utf-8"))
        if expected.security != "security" and envelope.find("Encrypt") is None:
            decrypted = raw.decode("utf-8")
            answer = _xml_message(envelope, expected, wecom)
            answer.decrypted = decrypted
            return answer
        if expected.security == "plain":
            raise XmlError("an encrypted answer does not belong to plain mode")
        only(envelope, {"Encrypt", "MsgSignature", "TimeStamp", "Nonce"})
        encrypted = leaf(envelope, "Encrypt")
        expected.cipher.check(leaf(envelope, "MsgSignature"), str(whole(envelope, "TimeStamp")), leaf(envelope, "Nonce"), encrypted)
        decrypted = expected.cipher.open(encrypted).decode("utf-8")
        answer = _xml_message(parse(decrypted), expected, wecom)
    except UnicodeDecodeError:
        raise InvalidAnswer("the answer is not UTF-8", decrypted) from None
    except (XmlError, EnvelopeError, cards.CardError) as exc:
        raise InvalidAnswer(str(exc), decrypted) from None
    answer.decrypted = decrypted
    return answer


def _xml_message(root: Element, expected: Expected, wecom: bool) -> Answer:
    if leaf(root, "ToUserName") != expected.user or leaf(root, "FromUserName") != expected.account:
        raise XmlError("ToUserName and FromUserName must be the received ones, swapped")
    if not 1_000_000_000 <= whole(root, "CreateTime") <= 9_999_999_999:
        raise XmlError("<CreateTime> must be seconds since 1970")
    kind = leaf(root, "MsgType")
    if kind == "text":
        only(root, {*_COMMON, "Content"})
        content = leaf(root, "Content")
        size = len(content.encode())
        if not content.strip():
            raise XmlError("<Content> is empty")
        if size > XML_TEXT_BYTES and not wecom:
            raise XmlError(f"<Content> has {size} bytes, {XML_TEXT_BYTES} are allowed")
        warnings = [f"Content: {size} bytes, cut at {XML_TEXT_BYTES}"] if size > XML_TEXT_BYTES else []
        return Answer(messages=[{"type": "text", "content": cut_bytes(content, XML_TEXT_BYTES)}], warnings=warnings)
    if kind in ("image", "voice", "video"):
        return Answer(messages=[_xml_media(root, kind, expected)])
    if kind == "music" and not wecom:
        only(root, {*_COMMON, "Music"})
        music = branch(root, "Music")
        only(music, {"ThumbMediaId"}, {"Title", "Description", "MusicUrl", "HQMusicUrl"})
        return Answer(messages=[{"type": "link", "title": leaf(music, "Title", ""), "description": leaf(music, "Description", ""),
                                 "url": leaf(music, "MusicUrl", "")}])  # fmt: skip
    if kind == "news":
        return Answer(messages=_xml_news(root, 8 if wecom else 1))
    if kind == "transfer_customer_service" and not wecom:
        only(root, _COMMON, {"TransInfo"})
        return Answer()
    if kind == "update_button" and wecom and expected.kind == "card_click":
        only(root, {*_COMMON, "Button"})
        only(branch(root, "Button"), {"ReplaceName"})
        return Answer(replace_name=leaf(branch(root, "Button"), "ReplaceName"))
    if kind == "update_template_card" and wecom and expected.kind == "card_click":
        only(root, {*_COMMON, "TemplateCard"})
        card = cards.from_xml(branch(root, "TemplateCard"))
        return Answer(warnings=cards.check(card, new=False), card=card)
    raise XmlError(f"MsgType {kind[:40]!r} is not allowed here")


def _xml_media(root: Element, kind: str, expected: Expected) -> Body:
    tag = kind.capitalize()
    only(root, {*_COMMON, tag})
    inner = branch(root, tag)
    only(inner, {"MediaId"}, {"Title", "Description"} if kind == "video" else frozenset())
    media = leaf(inner, "MediaId")
    if not expected.media_known(media):
        raise XmlError("<MediaId> is not known or has expired")
    return {"type": kind, "url": f"/simulator/media/{media}", "name": ""}


def _xml_news(root: Element, most: int) -> list[Body]:
    only(root, {*_COMMON, "ArticleCount", "Articles"})
    articles = branch(root, "Articles")
    only(articles, {"item"}, repeated={"item"})
    if whole(root, "ArticleCount") != len(articles) or len(articles) > most:
        raise XmlError(f"<Articles> holds {len(articles)} items; ArticleCount must say so, at most {most}")
    shown = []
    for item in articles:
        only(item, {"Title", "Url"}, {"Description", "PicUrl"})
        shown.append({"type": "link", "title": leaf(item, "Title"), "description": leaf(item, "Description", ""), "url": leaf(item, "Url"),
                      "picture": leaf(item, "PicUrl", "")})  # fmt: skip
    return shown


def cut_bytes(text: str, limit: int) -> str:
    """At most so many bytes of UTF-8, cut between characters."""
    return text.encode()[:limit].decode("utf-8", "ignore")


# mini program


def read_acknowledgement(raw: bytes) -> Answer:
    """The mini program's push takes nothing but `success` or an empty body."""
    if raw not in SILENCE:
        raise InvalidAnswer("only `success` or an empty body is allowed", raw[:2000].decode("utf-8", "replace"))
    return Answer()


# robot


def read_robot(raw: bytes, expected: Expected) -> Answer:
    """Read the robot's answer: a stream, a card, both, a text on entering, a changed card after a tap, or silence."""
    if raw in SILENCE:
        return Answer()
    decrypted = ""
    try:
        envelope = _object(json.loads(raw.decode("utf-8")), "the answer", {"encrypt", "msgsignature", "timestamp", "nonce"})
        encrypted, given, nonce = (_string(envelope, name) for name in ("encrypt", "msgsignature", "nonce"))
        stamp = envelope["timestamp"]
        if isinstance(stamp, bool) or not str(stamp).isdigit():
            raise InvalidAnswer("timestamp must be a number")
        expected.cipher.check(given, str(stamp), nonce, encrypted)
        decrypted = expected.cipher.open(encrypted).decode("utf-8")
        if decrypted == "":
            return Answer()
        answer = _robot_message(json.loads(decrypted), expected)
    except UnicodeDecodeError:
        raise InvalidAnswer("the answer is not UTF-8", decrypted) from None
    except (ValueError, RecursionError):
        raise InvalidAnswer("the answer is not JSON", decrypted) from None
    except (EnvelopeError, cards.CardError) as exc:
        raise InvalidAnswer(str(exc), decrypted) from None
    except InvalidAnswer as exc:
        raise InvalidAnswer(exc.reason, decrypted) from None
    answer.decrypted = decrypted
    return answer


def read_pushed(message: Any, expected: Expected) -> Answer:
    """Read an answer that came over the long connection: the same shapes unencrypted, and markdown besides."""
    try:
        if isinstance(message, dict) and message.get("msgtype") == "markdown" and expected.kind == "message":
            _object(message, "the message", {"msgtype", "markdown"})
            content = _string(_object(message["markdown"], "markdown", {"content"}, {"feedback"}), "content", filled=True)
            if len(content.encode()) > STREAM_BYTES:
                raise InvalidAnswer(f"markdown.content must have at most {STREAM_BYTES} bytes")
            return Answer(messages=[{"type": "markdown", "content": content, "finished": True}])
        return _robot_message(message, expected)
    except cards.CardError as exc:
        raise InvalidAnswer(str(exc)) from None


def _robot_message(message: Any, expected: Expected) -> Answer:
    if expected.kind == "card_click":
        return _robot_card_change(message, expected)
    if not isinstance(message, dict):
        raise InvalidAnswer("the message must be an object")
    kind = message.get("msgtype")
    if kind == "stream" and expected.kind in ("message", "stream"):
        _object(message, "the message", {"msgtype", "stream"})
        return _stream(message["stream"], expected)
    if kind == "template_card" and expected.kind in ("message", "enter"):
        _object(message, "the message", {"msgtype", "template_card"})
        return Answer(warnings=cards.check(message["template_card"]), messages=[{"type": "card", "card": message["template_card"]}])
    if kind == "stream_with_template_card" and expected.kind in ("message", "stream"):
        _object(message, "the message", {"msgtype", "stream"}, {"template_card"})
        answer = _stream(message["stream"], expected)
        if "template_card" in message:
            answer.warnings += cards.check(message["template_card"])
            answer.card = message["template_card"]
        return answer
    if kind == "text" and expected.kind == "enter":
        _object(message, "the message", {"msgtype", "text"})
        text = _object(message["text"], "text", {"content"})
        return Answer(messages=[{"type": "text", "content": _string(text, "content", filled=True)}])
    raise InvalidAnswer(f"msgtype {str(kind)[:40]!r} is not allowed as the answer to this callback")


def _stream(stream: Any, expected: Expected) -> Answer:
    _object(stream, "stream", {"id"}, {"finish", "content", "msg_item", "feedback"})
    stream_id = _string(stream, "id", filled=True)
    if expected.stream and stream_id != expected.stream:
        raise InvalidAnswer("stream.id is not the one asked for")
    finish = stream.get("finish", False)
    if not isinstance(finish, bool):
        raise InvalidAnswer("stream.finish must be true or false")
    content = stream.get("content", "")
    if not isinstance(content, str) or len(content.encode()) > STREAM_BYTES:
        raise InvalidAnswer(f"stream.content must be a text of at most {STREAM_BYTES} bytes")
    if "feedback" in stream:
        _string(_object(stream["feedback"], "stream.feedback", {"id"}), "id", filled=True)
    body: Body = {"type": "markdown", "content": content, "finished": finish}
    if stream.get("msg_item"):
        if not finish:
            raise InvalidAnswer("stream.msg_item is allowed only with finish=true")
        body["images"] = [_image(item) for item in _list(stream["msg_item"], "stream.msg_item", 10)]
    elif finish and not content.strip():
        raise InvalidAnswer("the finished stream has no content")
    return Answer(messages=[body], stream=stream_id, finished=finish)


def _image(item: Any) -> str:
    _object(item, "msg_item", {"msgtype", "image"})
    image = _object(item["image"], "msg_item.image", {"base64", "md5"})
    try:
        data = base64.b64decode(_string(image, "base64", filled=True), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidAnswer("msg_item.image.base64 is not base64") from None
    if hashlib.md5(data, usedforsecurity=False).hexdigest() != image["md5"]:
        raise InvalidAnswer("msg_item.image.md5 does not match the image")
    kind = "png" if data.startswith(b"\x89PNG") else "jpeg" if data.startswith(b"\xff\xd8") else ""
    if not kind:
        raise InvalidAnswer("msg_item.image must be JPG or PNG")
    return f"data:image/{kind};base64,{image['base64']}"


def _robot_card_change(message: Any, expected: Expected) -> Answer:
    _object(message, "the message", {"response_type", "template_card"}, {"userids"})
    if message["response_type"] != "update_template_card":
        raise InvalidAnswer("response_type must be update_template_card")
    userids = message.get("userids", [])
    if not isinstance(userids, list) or not all(isinstance(one, str) for one in userids):
        raise InvalidAnswer("userids must be a list of texts")
    card = message["template_card"]
    warnings = cards.check(card)
    if card.get("task_id") != expected.task_id:
        raise InvalidAnswer("template_card.task_id must be the tapped card's")
    return Answer(warnings=warnings, card=card, userids=userids)


def _object(value: Any, where: str, required: set[str], optional: set[str] | frozenset[str] = frozenset()) -> Body:
    if not isinstance(value, dict):
        raise InvalidAnswer(f"{where} must be an object")
    for name in value:
        if name not in required | set(optional):
            raise InvalidAnswer(f"{where} has a field that does not belong there: {str(name)[:40]!r}")
    for name in required - set(value):
        raise InvalidAnswer(f"{where} lacks {name}")
    return value


def _string(owner: Body, name: str, *, filled: bool = False) -> str:
    value = owner[name]
    if not isinstance(value, str) or (filled and not value):
        raise InvalidAnswer(f"{name} must be a text" + (" and not empty" if filled else ""))
    return value


def _list(value: Any, where: str, most: int) -> list[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise InvalidAnswer(f"{where} must be a list of at most {most}")
    return value
