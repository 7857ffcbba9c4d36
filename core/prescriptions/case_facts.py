"""What those who treat a patient read of his safety facts, in words: for the case on one screen."""

from __future__ import annotations

from decimal import Decimal

from core.consultations.models import Consultation
from core.consultations.service import CaseFacts, tells_of_case
from core.foundation.work import Work
from core.prescriptions.drugs import catalogue
from core.prescriptions.facts import facts_of
from core.prescriptions.items import Facts
from core.prescriptions.knowledge_base import knowledge
from core.prescriptions.models import SafetyFacts

PREGNANCY_LABELS = {"unknown": "没有问", "no": "没有怀孕", "yes": "怀孕中", "may_conceive": "可能怀孕"}


@tells_of_case
async def safety_of_case(work: Work, row: Consultation) -> CaseFacts:
    """Allergies, medicines, conditions and pregnancy as recorded; kidney function and potassium among the labs. What was not asked says so."""
    known = await SafetyFacts.get_or_none(patient_id=row.patient_id)
    if known is None:
        return CaseFacts(safety=(("过敏", "还没有问"), ("正在用的药", "还没有问")))
    facts = await facts_of(work, row)
    return CaseFacts(safety=in_words(facts), labs=_labs(facts))


def in_words(facts: Facts) -> tuple[tuple[str, str], ...]:
    """Label and words of each, what was not asked too."""
    known = knowledge()
    drugs = catalogue()
    allergies = [known.allergy_labels.get(one) or drugs[one].name for one in facts.allergies]
    lines = [
        ("过敏", _listed(allergies, facts.allergy_words, "问过,没有" if facts.allergies_asked else "还没有问")),
        ("正在用的药", _listed([drugs[one].name for one in facts.current], facts.current_words, "没有记录")),
    ]
    if facts.conditions:
        lines.append(("疾病", "、".join(known.condition_labels.get(one, one) for one in facts.conditions)))
    if facts.pregnancy != "unknown":
        lines.append(("怀孕", PREGNANCY_LABELS[facts.pregnancy]))
    if facts.weight_kg is not None:
        lines.append(("体重", f"{_plain(facts.weight_kg)} kg"))
    if facts.guardian_present:
        lines.append(("监护人", "在场"))
    return tuple(lines)


def _labs(facts: Facts) -> tuple[tuple[str, str], ...]:
    measured = (("肌酐", facts.creatinine, "µmol/L"), ("eGFR", facts.egfr, "mL/min/1.73 m²"), ("血钾", facts.potassium, "mmol/L"))
    return tuple((label, f"{_plain(value)} {unit}") for label, value, unit in measured if value is not None)


def _listed(names: list[str], words: str, none: str) -> str:
    return "、".join([*names, *([words] if words else [])]) or none


def _plain(value: Decimal) -> str:
    """Rounded to one place, without zeros that say nothing."""
    return f"{round(value, 1).normalize():f}"
