"""Signing the rules of care: every set that is in use, and who signed it."""

from __future__ import annotations

import os
import pwd
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from core.foundation.actor import Actor
from core.foundation.clock import SystemClock, shanghai
from core.foundation.database.connection import close_database, open_database
from core.foundation.ids import Ids
from core.foundation.models import RuleSignature
from core.foundation.practice import Practice
from core.foundation.signals import LocalSignals
from miniprogram_api.app.files import open_files
from miniprogram_api.app.key_ring import key_ring
from miniprogram_api.app.presence import check_there, reading
from miniprogram_api.app.settings import Settings
from nlp.interface.engine import RuleSet


def _user() -> str:
    """The operating system's user who runs this, with him who became it by sudo: ``root:wang``. Whoever is root can have written anything here."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = str(os.getuid())
    before = os.environ.get("SUDO_USER", "")
    return f"{name}:{before}" if before else name


OPERATOR = Actor.system("operator", user=_user())
"""Whoever may run commands on the machine: the operating system decided about him, and the audit names its user."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A set of rules in use and its signature, if it has one."""

    rules: RuleSet
    signed_by: str = ""
    signed_on: str = ""

    @property
    def signed(self) -> bool:
        return bool(self.signed_by)


def rule_sets_in_use() -> tuple[RuleSet, ...]:
    """Every set of rules of care that this version runs on: the language engine's and the practice's own. Loads the engine (a second)."""
    from core.dispatch.service import rule_sets as rule_sets_of_practice
    from core.followups.service import rule_sets as rule_sets_of_followups
    from core.prescriptions.service import rule_sets as rule_sets_of_prescriptions
    from nlp.engine import build

    return (*build().rule_sets, *rule_sets_of_practice(), *rule_sets_of_followups(), *rule_sets_of_prescriptions())


async def standings(sets: tuple[RuleSet, ...]) -> list[Standing]:
    """Each set with the signature under its present edition. The database must be open."""
    rows = await RuleSignature.filter(digest__in=[rules.digest for rules in sets])
    signatures = {(row.rule_set, row.digest): row for row in rows}
    found = []
    for rules in sets:
        row = signatures.get((rules.name, rules.digest))
        found.append(Standing(rules) if row is None else Standing(rules, row.signed_by, f"{shanghai(row.signed_at):%Y-%m-%d}"))
    return found


@asynccontextmanager
async def open_for_signing(settings: Settings) -> AsyncIterator[Practice]:
    """A practice with its databases and keys and nothing else, closed at the end. FileNotFoundError without master keys, NothingHere."""
    await check_there(settings)
    clock = SystemClock()
    rng = random.SystemRandom()
    keys = key_ring(settings, clock)
    await open_database(settings.database_url, settings.keyring_url)
    try:
        with reading(settings):
            await keys.start()
        yield Practice(
            clock=clock,
            ids=Ids(clock.real_now, rng),
            rng=rng,
            keys=keys,
            blobs=open_files(settings, keys),
            signals=LocalSignals(),
            demo=settings.demo,
        )
    finally:
        await close_database()
