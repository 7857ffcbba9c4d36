"""What can go wrong with a conversation."""

from __future__ import annotations

from core.foundation.errors import Conflict, NotFound


class MessageUnknown(NotFound):
    code = "message.unknown"
    sentence = "没有找到这条消息。"


class AlreadyAnswered(Conflict):
    code = "message.answered"
    sentence = "这条消息已经答复过了。"


class DialogueMoved(Conflict):
    code = "conversation.moved"
    sentence = "刚才的对话已经往下走了,请看最新一条。"
