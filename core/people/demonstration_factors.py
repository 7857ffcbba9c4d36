"""The factors of the demonstration's people: made all at once, and known to the phones that are played for them. Nowhere else."""

from __future__ import annotations

import secrets

from core.foundation.demonstration import OnlyInDemonstration
from core.foundation.orders import Done, handles
from core.foundation.practice import Practice
from core.foundation.work import Work
from core.people.commands_second_factor import EnrolDemonstration
from core.people.models import Identity, Practitioner, RoleHeld, SecondFactor
from core.people.roles import LICENSED
from core.people.totp import SECRET_BYTES, spelled


@handles(EnrolDemonstration)
async def enrol_demonstration(work: Work, order: EnrolDemonstration) -> Done:
    if not work.practice.demo:
        raise OnlyInDemonstration
    held = RoleHeld.filter(role__in=[role.value for role in LICENSED], ended_at__isnull=True)
    accounts = {one.account_id for one in await held}
    enrolled = {one.practitioner_id for one in await SecondFactor.all()}
    missing = [row for row in await Practitioner.filter(demonstration=True).order_by("id") if row.account_id in accounts and row.id not in enrolled]
    await work.practice.keys.fetch("practitioner", [row.id for row in missing])
    rows = []
    for row in missing:
        factor_id = work.new_id()
        sealer = await work.sealer("practitioner", row.id)
        secret = sealer.seal_bytes("second_factor", "secret", factor_id, secrets.token_bytes(SECRET_BYTES))
        rows.append(SecondFactor(id=factor_id, practitioner_id=row.id, secret=secret, confirmed_at=work.practice.clock.real_now()))
    await SecondFactor.bulk_create(rows)
    return Done(done=bool(rows))


async def demonstration_secrets(practice: Practice, app: str) -> dict[str, str]:
    """The secrets (base 32) by the people's ids in ``app``, as their authenticators take them."""
    if not practice.demo:
        raise OnlyInDemonstration
    factors = await SecondFactor.filter(secret__isnull=False)
    await practice.keys.fetch("practitioner", [row.practitioner_id for row in factors])
    accounts = {row.id: row.account_id for row in await Practitioner.filter(demonstration=True)}
    subjects = {row.account_id: row.subject for row in await Identity.filter(app=app)}
    found = {}
    for row in factors:
        if (subject := subjects.get(accounts.get(row.practitioner_id, ""))) is not None:
            sealer = await practice.keys.sealer("practitioner", row.practitioner_id)
            found[subject] = spelled(sealer.open_bytes("second_factor", "secret", row.id, bytes(row.secret or b"")))
    return found
