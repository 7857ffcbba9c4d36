"""Tables of dispatch: the running search for an expert, its offers and rankings; alerts and whom they reached."""

from __future__ import annotations

from typing import Any

from tortoise import fields

from core.foundation.fields import UtcDatetimeField, id_field
from core.foundation.rows import Row


class Search(Row):
    """The search for an expert of one consultation, with the escalation copied into it when it began."""

    consultation_id = id_field(unique=True)
    state = fields.CharField(max_length=10)
    """running, alarmed (nobody left to ask; the desk has been called), ended."""
    reason = fields.CharField(max_length=20)
    """Why it may run: requirements (all there) or emergency (they follow)."""
    chain: fields.Field[dict[str, Any]] = fields.JSONField()
    """The escalation as it stood at the start: see :class:`core.dispatch.waves.Chain`."""
    wave = fields.IntField(default=0)
    step = id_field()
    """The id of the planned step; a due row with another step is late and does nothing."""
    next_at = UtcDatetimeField()
    started_at = UtcDatetimeField()
    ended_at = UtcDatetimeField(null=True)

    class Meta:
        table = "dispatch_search"


class ExpertOffer(Row):
    """One expert asked for one consultation; asked again by the desk, he has another row, one ``times`` higher."""

    consultation_id = id_field(db_index=True)
    practitioner_id = id_field(db_index=True)
    account_id = id_field()
    times = fields.IntField(default=1)
    """The how manieth time he is asked for this consultation."""
    replaced_by_id = id_field(null=True)
    """The offer with which he was asked again: this one is over, whoever presses its card is told so."""
    wave = fields.IntField()
    state = fields.CharField(max_length=10)
    """offered, deferred, accepted, declined, expired, withdrawn."""
    offered_at = UtcDatetimeField()
    expires_at = UtcDatetimeField()
    answered_at = UtcDatetimeField(null=True)
    decline_reason = fields.CharField(max_length=20, default="")
    score = fields.FloatField()
    reasons: fields.Field[list[str]] = fields.JSONField(default=list)

    class Meta:
        table = "expert_offer"
        unique_together = (("consultation_id", "practitioner_id", "times"),)


class RankingRecord(Row):
    """Who was ranked how for one wave: every candidate with score and reasons, or with why he was left out."""

    consultation_id = id_field(db_index=True)
    wave = fields.IntField()
    ranked_at = UtcDatetimeField()
    rules = fields.CharField(max_length=64)
    """Digest of the weights used."""
    entries: fields.Field[list[dict[str, Any]]] = fields.JSONField()

    class Meta:
        table = "ranking_record"


class DangerAlert(Row):
    """A danger that a person must take over: from a pre-consultation, or a consultation that found no expert."""

    kind = fields.CharField(max_length=12)
    """intake, or desk (no expert found)."""
    source_id = id_field(unique=True)
    """The intake's or the consultation's id: each raises one alert."""
    state = fields.CharField(max_length=12)
    """raised, acknowledged, closed."""
    urgency = fields.CharField(max_length=12)
    region_code = fields.CharField(max_length=6, default="")
    links: fields.Field[list[dict[str, Any]]] = fields.JSONField()
    """The chain as it stood at the start: label and accounts of each link."""
    position = fields.IntField(default=0)
    repeats = fields.IntField(default=0)
    step = id_field()
    raised_at = UtcDatetimeField()
    taken_by = id_field(null=True)
    taken_at = UtcDatetimeField(null=True)

    class Meta:
        table = "danger_alert"


class AlertReceiver(Row):
    """Who was told of an alert, and when."""

    alert_id = id_field(db_index=True)
    account_id = id_field()
    position = fields.IntField()
    told_at = UtcDatetimeField()

    class Meta:
        table = "alert_receiver"
        unique_together = (("alert_id", "account_id"),)
