"""Kidney function from creatinine: CKD-EPI 2021 (Inker et al., N Engl J Med 2021;385:1737), for adults. Pure.

Not for acute kidney injury, pregnancy, amputation or extreme muscle: who calls it leaves those out.
"""

from __future__ import annotations

from decimal import Decimal

ADULT_YEARS = 18
UMOL_PER_MG_DL = 88.4


def egfr_2021(creatinine_umol_l: Decimal, age_years: int, sex: str) -> Decimal:
    """mL/min/1.73 m² to one decimal, from creatinine in µmol/L; ValueError below 18 years."""
    if age_years < ADULT_YEARS:
        raise ValueError("the formula is for adults")
    female = sex == "female"
    ratio = float(creatinine_umol_l) / UMOL_PER_MG_DL / (0.7 if female else 0.9)
    alpha = -0.241 if female else -0.302
    value = 142 * min(ratio, 1) ** alpha * max(ratio, 1) ** -1.200 * 0.9938**age_years * (1.012 if female else 1)
    return Decimal(value).quantize(Decimal("0.1"))
