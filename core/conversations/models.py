"""Tables of the conversations: chats, messages with their replies, what the platforms still allow us to send."""

from __future__ import annotations

from typing import Any

from tortoise import fields

from core.conversations.words import KIND, SUBJECT
from core.foundation.encryption.fields import Blind, LaterKey, Subject, blind_field, has_later_key, sealed_field
from core.foundation.fields import UtcDatetimeField, id_field
from core.foundation.rows import Row


class Conversation(Row):
    """One chat of one channel: a person's single chat, or a group. ``app`` is the appid (corpid for WeCom)."""

    channel = fields.CharField(max_length=20)
    app = fields.CharField(max_length=64)
    chat_blind = blind_field(
        Blind("chat", of="chat", also=("channel", "app"), text=lambda chat, row: f"{row['channel']}\x1f{row['app']}\x1f{chat}")
    )
    """Blind index of the openid, userid or chatid."""
    chat = sealed_field(Subject("account", "account_id"), Subject("account", "id"))
    """The same, sealed under the account (a group's under its own conversation id)."""
    group = fields.BooleanField(default=False)
    account_id = id_field(null=True, db_index=True)
    """None for a group: everybody there writes under an account of his own."""
    dialogue: fields.Field[dict[str, Any]] = fields.JSONField(default=dict)
    """What was asked last and what the answer would mean: ids and codes only."""
    created_at = UtcDatetimeField()

    class Meta:
        table = "conversation"
        unique_together = (("channel", "app", "chat_blind"),)


class Message(Row):
    """Something a person said (``direction`` in) with its reply, or something the service said of itself (out). Times are real times.

    ``state`` of a message in: received → answered → delivered (in the HTTP answer) or late (by push); delivered → late when the platform
    shows that the HTTP answers do not arrive. ``window``: whether a web process may still answer in the HTTP answer. ``push``: none, waiting,
    sent, failed: what is left to push after that, kept in ``rest``.
    """

    conversation_id = id_field(db_index=True)
    account_id = id_field()
    direction = fields.CharField(max_length=3, default="in")
    dedupe_key = fields.CharField(max_length=100, unique=True)
    kind = fields.CharField(max_length=20)
    words_key = fields.CharField(max_length=40, null=True)
    """Under whose key the words are (``words.words_key``): the account's in the month of ``received_at``. Null in rows from before there were such
    keys: the account's."""
    body = sealed_field(SUBJECT, Subject("account", "account_id"))
    reply = sealed_field(SUBJECT, Subject("account", "account_id"), null=True)
    rest = sealed_field(SUBJECT, Subject("account", "account_id"), null=True)
    aside = sealed_field(SUBJECT, Subject("account", "account_id"), null=True)
    """What is said to the sender alone, in his single chat, because the place of the message is a group."""
    settled: fields.Field[dict[str, Any]] = fields.JSONField(default=dict)
    """What this message was found to mean (ids and codes), so that a repeated turn means the same."""
    state = fields.CharField(max_length=10)
    window = fields.CharField(max_length=8, default="closed")
    push = fields.CharField(max_length=8, default="none")
    aside_push = fields.CharField(max_length=8, default="none")
    response_used = fields.BooleanField(default=False)
    """The robot's one late answer to this message has been used."""
    received_at = UtcDatetimeField()
    answered_at = UtcDatetimeField(null=True)
    delivered_at = UtcDatetimeField(null=True)

    class Meta:
        table = "message"
        indexes = (("state", "received_at"),)


# As both databases give a time, UTC: 2026-11-20 …
has_later_key(LaterKey("message", "words_key", KIND, ("account_id", "received_at"), lambda row: f"{row['received_at']!s:.7}.{row['account_id']}"))


class Allowance(Row):
    """How many customer-service messages the platform still takes for a chat, because of its last ``trigger`` (message or tap). Real time."""

    conversation_id = id_field()
    trigger = fields.CharField(max_length=10)
    remaining = fields.IntField()
    until = UtcDatetimeField()

    class Meta:
        table = "allowance"
        unique_together = (("conversation_id", "trigger"),)
