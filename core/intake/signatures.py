"""Whether the rules of care that the engine uses are signed by the hospital's clinician."""

from __future__ import annotations

from core.foundation.database.statements import find_all
from core.foundation.models import RuleSignature
from core.foundation.practice import EngineAway, Practice
from core.intake.errors import RulesUnsigned
from nlp.interface.engine import ClinicalEngine, RuleSet


def clinical_engine(practice: Practice) -> ClinicalEngine:
    """The engine of this process; EngineAway where it does not live."""
    engine: ClinicalEngine | None = practice.engines.clinical
    if engine is None:
        raise EngineAway
    return engine


async def require_rules(practice: Practice) -> bool:
    """True when every rule set of the engine is signed in its present edition; False when not, in the demonstration.

    :class:`RulesUnsigned` outside it; EngineAway without an engine.
    """
    signed = not await unsigned_rule_sets(clinical_engine(practice))
    if not signed and not practice.demo:
        raise RulesUnsigned
    return signed


async def unsigned_rule_sets(engine: ClinicalEngine) -> tuple[RuleSet, ...]:
    """The engine's rule sets whose present data nobody signed."""
    sets = engine.rule_sets
    signed = {(row.rule_set, row.digest) for row in await find_all(RuleSignature, digest__in=[rules.digest for rules in sets])}
    return tuple(rules for rules in sets if (rules.name, rules.digest) not in signed)
