"""Whether the hospital has signed the drug list, the safety rules and the emergency doses as they are now."""

from __future__ import annotations

import hashlib

from core.foundation.models import RuleSignature
from core.foundation.practice import Practice
from core.intake.errors import RulesUnsigned
from core.prescriptions.knowledge_base import rule_sets


async def rules_signed() -> bool:
    wanted = {(rules.name, rules.digest) for rules in rule_sets()}
    signed = await RuleSignature.filter(digest__in=[digest for _, digest in wanted]).values_list("rule_set", "digest")
    return wanted <= {(str(name), str(digest)) for name, digest in signed}


async def require_rules(practice: Practice) -> bool:
    """True when signed; False when not, in the demonstration; :class:`RulesUnsigned` outside it."""
    signed = await rules_signed()
    if not signed and not practice.demo:
        raise RulesUnsigned
    return signed


def rules_digest() -> str:
    """One digest of everything that a check ran on, kept with each signature."""
    return hashlib.sha256("\x00".join(rules.digest for rules in rule_sets()).encode()).hexdigest()
