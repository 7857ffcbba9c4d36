"""One notice into a group: by the robot's one late answer, else into the group the app made beside it, else by the group's message push.

Nothing that names a patient passes: whatever a renderer made is held against the case's patient before it leaves.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Awaitable, Callable

from bot.channels.api.errors import ApiError
from bot.channels.message import ChannelName, Incoming
from bot.channels.words import as_words, markdown
from bot.sending.notice import Notice
from bot.sending.notices import GROUP_STEPS
from bot.sending.outlets import Outlets, is_final
from core.consultations.commands import ConsultationStatus, Status
from core.conversations import reading
from core.conversations.commands import UseResponse
from core.conversations.models import Conversation, Message
from core.foundation.actor import Actor
from core.foundation.practice import Practice
from core.notifications.models import Notification
from core.notifications.service import mark_failed, mark_sent
from core.people.names import DEMONSTRATION_MARK

logger = logging.getLogger("huizhen.sending")
_SYSTEM = Actor.system("worker")
APP_GROUP, WEBHOOK = "app_group", "group_webhook"

_FILLING = re.compile(r"[\s*_\-.·,,、]+")
_NUMBERS = re.compile(r"(?<!\d)(?:1[3-9]\d{9}|\d{17}[\dXx]|\d{15})(?!\d)")

Rung = Callable[[], Awaitable[bool]]
"""Sends and says so; False where there is no such way."""


def identifies(text: str, full_name: str) -> bool:
    """Whether ``text`` holds this name, or what looks like a mobile or an identity number, however it is spaced or set."""
    bare = _FILLING.sub("", unicodedata.normalize("NFKC", text))
    name = _FILLING.sub("", unicodedata.normalize("NFKC", full_name))
    return bool(name and name in bare) or _NUMBERS.search(bare) is not None


async def tell_group(outlets: Outlets, practice: Practice, row: Notification, notice: Notice) -> None:
    """Send ``notice`` into the group of ``row`` on the first way there is, and mark the row. ApiError where it may be tried again."""
    words = "\n\n".join(filter(None, (as_words(shape) for shape in notice.shapes)))
    if await _names_the_patient(practice, row, words):
        logger.error("notification %s %s names a patient and is not sent into a group", row.kind, row.id)
        await mark_failed(practice, row.id, channel="", failure="patient_named")
        return
    conversation = await Conversation.get(id=row.conversation_id)
    chatid = await reading.chat_key(practice, conversation)
    ways: tuple[tuple[str, Rung], ...] = (
        (ChannelName.WECOM_ROBOT.value, lambda: _late_answer(outlets, practice, row, notice)),
        (ChannelName.WECOM_ROBOT.value, lambda: _line(outlets, chatid, notice)),
        (APP_GROUP, lambda: _app_group(outlets, chatid, notice)),
        (WEBHOOK, lambda: _webhook(outlets, chatid, words)),
    )
    refused = "response_used" if row.ids.get("step") in GROUP_STEPS else "single_chat_only"
    for channel, send in ways:
        try:
            if await send():
                await mark_sent(practice, row.id, channel=channel)
                return
        except ApiError as no:
            # Whatever is refused for good, such as an app that is no longer visible to the whole corporation, leaves the next way open.
            if not is_final(no):
                raise
            refused = type(no).__name__
    await mark_failed(practice, row.id, channel="", failure=refused)


async def _names_the_patient(practice: Practice, row: Notification, words: str) -> bool:
    name = ""
    if consultation_id := row.ids.get("consultation_id"):
        status: ConsultationStatus = await practice.ask(_SYSTEM, Status(consultation_id=consultation_id, reader="village_doctor"))
        name = (status.patient or "").removesuffix(DEMONSTRATION_MARK)
    return identifies(words, name)


async def _late_answer(outlets: Outlets, practice: Practice, row: Notification, notice: Notice) -> bool:
    """The robot may speak once more about the message that began it: kept for what ends the waiting."""
    robot, api = outlets.channels.wecom_robot, outlets.apis.robot
    message = await Message.get_or_none(id=row.ids.get("message_id", ""))
    if row.ids.get("step") not in GROUP_STEPS or message is None or robot is None or api is None:
        return False
    incoming = Incoming.model_validate_json(await reading.opened(practice, message, "body"))
    payload, _ = robot.late_answer(notice.shapes)
    if not incoming.response_url or payload is None or not (await practice.execute(_SYSTEM, UseResponse(message_id=message.id))).won:
        return False
    try:
        await api.respond(incoming.response_url, payload)
    except ApiError as error:
        # It works once: whatever became of it, the words go another way.
        logger.warning("late answer into a group refused: %s", type(error).__name__)
        return False
    return True


async def _line(outlets: Outlets, chatid: str, notice: Notice) -> bool:
    """Over the robot's long connection, which may speak unprompted where somebody wrote before."""
    robot, line = outlets.channels.wecom_robot, outlets.apis.robot_line
    if robot is None or line is None or not line.live:
        return False
    payload, _ = robot.late_answer(notice.shapes)
    if payload is None:
        return False
    try:
        await line.send(chatid, True, payload)
    except ApiError as error:
        logger.warning("words into a group not taken over the robot's connection: %s", type(error).__name__)
        return False
    return True


async def _app_group(outlets: Outlets, chatid: str, notice: Notice) -> bool:
    wecom = outlets.settings.wecom
    group = wecom.app_groups.get(chatid) if wecom is not None else None
    channel, api = outlets.channels.wecom_app, outlets.apis.wecom
    if group is None or not group.chatid or channel is None or api is None:
        return False
    for payload in channel.group_push(notice.shapes, group.chatid):
        await api.appchat_send(payload)
    return True


async def _webhook(outlets: Outlets, chatid: str, words: str) -> bool:
    api = outlets.apis.group_webhook
    if api is None or not api.reaches(chatid):
        return False
    await api.send(chatid, markdown(words))
    return True
