"""Tables of notifications: whom was told what, how it was sent, who wants no reminders."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from core.conversations.words import KIND, SUBJECT, words_key
from core.foundation.encryption.fields import LaterKey, Subject, has_later_key, sealed_field
from core.foundation.fields import UtcDatetimeField, id_field
from core.foundation.ids import made_at
from core.foundation.rows import Row


class Notification(Row):
    """Something to be told to one account, or to one group conversation. ``ids`` say what it is about; words are made when it is sent."""

    account_id = id_field(null=True, db_index=True)
    conversation_id = id_field(null=True, db_index=True)
    kind = fields.CharField(max_length=40)
    ids: fields.Field[dict[str, str]] = fields.JSONField(default=dict)
    urgent = fields.BooleanField(default=False)
    state = fields.CharField(max_length=10)
    """queued, held (quiet hours), sent, failed, stopped (the account wants no reminders)."""
    created_at = UtcDatetimeField()
    release_at = UtcDatetimeField(null=True)
    sent_at = UtcDatetimeField(null=True)
    channel = fields.CharField(max_length=20, default="")
    failure = fields.CharField(max_length=60, default="")
    words_key = fields.CharField(max_length=40, null=True)
    words = sealed_field(SUBJECT, Subject("account", "account_id"), Subject("conversation", "conversation_id"), null=True)
    """What was sent, under the key of what was said to the account (in the group) in that month, real time; where there is no ``words_key``, from
    before there were such keys, under the account's (the conversation's)."""

    class Meta:
        table = "notification"


has_later_key(
    LaterKey(
        "notification", "words_key", KIND, ("id", "account_id", "conversation_id"),
        lambda row: words_key(row["account_id"] or row["conversation_id"] or "", made_at(row["id"])),
    )
)  # fmt: skip


class ReminderChoice(Model):
    """停止提醒 / 恢复提醒 of one account."""

    account_id = fields.CharField(max_length=40, primary_key=True)
    stopped = fields.BooleanField()
    changed_at = UtcDatetimeField()

    class Meta:
        table = "reminder_choice"


class ChannelTrouble(Row):
    """A platform refused an account for good: once for each account, error number and day (China). Nothing of a person."""

    account = fields.CharField(max_length=100)
    """official_account:<appid>, mini_program:<appid>, wecom:<corpid>:<agentid>."""
    call = fields.CharField(max_length=40)
    """The call that met it first that day."""
    code = fields.IntField()
    day = fields.DateField(db_index=True)
    first_at = UtcDatetimeField()
    until = UtcDatetimeField()
    """When the call is tried again, real time as ``first_at``."""

    class Meta:
        table = "channel_trouble"
        unique_together = (("account", "code", "day"),)


class CardRecord(Row):
    """The platform's facts of a card that was sent, so that a later notification about the same ``ref`` can change it."""

    notification_id = id_field(unique=True)
    account_id = id_field()
    kind = fields.CharField(max_length=40)
    ref = id_field(db_index=True)
    """What the card is about: the offer, the alert, the consultation."""
    channel = fields.CharField(max_length=20)
    task_id = fields.CharField(max_length=128, default="")
    message_id = fields.CharField(max_length=128, default="")
    response_code = sealed_field(Subject("account", "account_id"), null=True)
    """A short-lived right to change the card, sealed under the account's key."""
    sent_at = UtcDatetimeField()
    changed_at = UtcDatetimeField(null=True)

    class Meta:
        table = "card_record"


class Rung(Row):
    """One attempt of a notification on one rung of its ladder. What ended here (refused, failed) is not tried again, whoever is killed in between.

    ``state``: trying (begun: it may or may not be out), sent, refused (the platform does not take it), failed (taken, and not delivered).
    """

    notification_id = id_field()
    rung = fields.CharField(max_length=20)
    identity_id = fields.CharField(max_length=26, default="")
    """Through which of the person's identities; empty where the rung needs none (SMS)."""
    state = fields.CharField(max_length=10)
    parts = fields.IntField(default=0)
    """How many of its messages are out, where it takes several."""
    message_id = fields.CharField(max_length=64, default="", db_index=True)
    """The platform's, to which its report of the delivery refers."""
    failure = fields.CharField(max_length=60, default="")
    begun_at = UtcDatetimeField()
    """Real time, as ``ended_at``."""
    ended_at = UtcDatetimeField(null=True)

    class Meta:
        table = "notification_rung"
        unique_together = (("notification_id", "rung", "identity_id"),)


class Subscription(Row):
    """What one person allowed one template of the mini program (or the Official Account) to send: the ledger of one platform template.

    An accept is told twice, by the page that asked and by the platform's event; each counts for itself, so that neither loses one nor counts it
    double: what is left is the larger of both, less what was spent. A refusal sets all three to 0.
    """

    identity_id = id_field()
    account_id = id_field(db_index=True)
    template = fields.CharField(max_length=64)
    """The platform's id of the template."""
    asked = fields.IntField(default=0)
    heard = fields.IntField(default=0)
    spent = fields.IntField(default=0)
    changed_at = UtcDatetimeField()
    """Real time."""

    class Meta:
        table = "subscription"
        unique_together = (("identity_id", "template"),)
