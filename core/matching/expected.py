"""Which diseases a complaint points to, as ICD-10 ranges: by finding where the finding says so, else by department.

It narrows the choice of experts, it is no diagnosis and is shown to nobody as one. Ranges are blocks of WHO ICD-10 (2019); which finding
points to which block is this project's own proposal, to be signed by the hospital.
"""

from __future__ import annotations

from collections.abc import Iterable

from core.matching.icd10 import Span, parse

BY_DEPARTMENT: dict[str, tuple[str, ...]] = {
    "02": ("R50-R69",),
    "03.01": ("J09-J18", "J40-J47", "J80-J99"),
    "03.02": ("K20-K31", "K50-K63", "K70-K77"),
    "03.03": ("I60-I69", "G40-G47", "G20-G26"),
    "03.04": ("I20-I25", "I30-I52", "I10-I15"),
    "03.05": ("D50-D89",),
    "03.06": ("N00-N19",),
    "03.07": ("E10-E14", "E00-E07"),
    "03.08": ("M05-M14", "M30-M36"),
    "03.10": ("I10-I15", "I60-I69"),
    "04.01": ("K35-K38", "K40-K46", "K80-K87"),
    "04.02": ("S00-S09", "I60-I62"),
    "04.03": ("S40-S99", "M00-M25", "M40-M54"),
    "04.04": ("N20-N23", "N30-N39", "N40-N51"),
    "04.05": ("S20-S29", "J93"),
    "04.07": ("T20-T32",),
    "05.01": ("N70-N98",),
    "05.02": ("O00-O99",),
    "07": ("J00-J22", "A00-A09", "P00-P96"),
    "08": ("Q00-Q99", "K35-K46"),
    "10": ("H00-H59",),
    "11": ("H60-H95", "J30-J39"),
    "12": ("K00-K14",),
    "13": ("L00-L99",),
    "15": ("F00-F99",),
    "16": ("A00-B99",),
    "17": ("A15-A19",),
    "19": ("C00-D48",),
    "20": ("T36-T78", "R57"),
    "21": ("Z50",),
    "27": ("M40-M54", "R52"),
    "28": ("R57", "J96"),
    "32": (),
    "50": (),
}
"""Department code (:mod:`nlp.interface.departments`) → the blocks it treats first."""

BY_FINDING: dict[str, tuple[str, ...]] = {
    "chest_pain": ("I20-I25",),
    "chest_tightness": ("I20-I25",),
    "radiating_pain": ("I20-I25",),
    "tearing_pain": ("I70-I79",),
    "palpitations": ("I44-I49",),
    "face_droop": ("I60-I69",),
    "one_side_weak": ("I60-I69",),
    "speech_trouble": ("I60-I69",),
    "thunderclap": ("I60-I69",),
    "seizure": ("G40-G47",),
    "seizure_long": ("G40-G47",),
    "wheeze": ("J40-J47",),
    "haemoptysis": ("J09-J18", "A15-A19"),
    "haematemesis": ("K20-K31",),
    "black_stool": ("K20-K31",),
    "right_lower_pain": ("K35-K38",),
    "rigid_abdomen": ("K20-K31", "K35-K38"),
    "jaundice": ("K70-K77",),
    "no_urine": ("N00-N19",),
    "flank_pain": ("N20-N23",),
    "polyuria": ("E10-E14",),
    "fruity_breath": ("E10-E14",),
    "low_sugar_signs": ("E10-E14",),
    "heavy_vaginal_bleeding": ("O00-O99", "N70-N98"),
    "labour_pains": ("O00-O99",),
    "waters_broken": ("O00-O99",),
    "head_injury": ("S00-S09",),
    "deformed_limb": ("S40-S99",),
    "open_fracture": ("S40-S99",),
    "burn": ("T20-T32",),
    "burn_large": ("T20-T32",),
    "chemical_burn": ("T20-T32",),
    "pesticide_swallowed": ("T36-T78",),
    "pesticide_exposure": ("T36-T78",),
    "mushroom_eaten": ("T36-T78",),
    "overdose": ("T36-T78",),
    "co_exposure": ("T36-T78",),
    "snake_bite": ("T36-T78",),
    "suicidal": ("F30-F39",),
    "suicide_act": ("F30-F39", "T36-T78"),
}
"""Finding code of the language engine → the block it points to before the department does."""


def expected_spans(department_code: str, findings: Iterable[str]) -> tuple[Span, ...]:
    """What experts are looked for, most telling first; empty when neither finding nor department says anything."""
    named = [block for code in findings for block in BY_FINDING.get(code, ())]
    blocks = [*named, *(block for block in BY_DEPARTMENT.get(department_code, ()) if block not in named)]
    return tuple(parse(block) for block in dict.fromkeys(blocks))
