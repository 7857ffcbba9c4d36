"""Which emergency dose an opinion asks for: only what it plainly says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.phrases.proposed_dose import proposed_dose
from core.prescriptions.commands_doses import DoseChoice
from core.prescriptions.doses import spoken_amount
from core.prescriptions.drugs import drug
from core.prescriptions.knowledge_base import knowledge

DOSES = [
    DoseChoice(
        code=one.code, name=drug(one.drug).name, amount=spoken_amount(one.amount, drug(one.drug)), directions=one.directions, when=one.when,
        contraindications=one.contraindications,
    )
    for one in knowledge().doses.values()
]


@pytest.mark.parametrize(("text", "code"), [
    ("考虑急性下壁心梗,立即嚼服阿司匹林300mg,转县医院导管室", "aspirin_chewed"),
    ("阿司匹林 0.3g 嚼服", "aspirin_chewed"),
    ("阿司匹林３００ｍｇ", "aspirin_chewed"),
    ("不要用硝酸甘油,马上嚼服阿司匹林 300 毫克", "aspirin_chewed"),
    ("硝酸甘油 0.5mg 舌下含服", "nitroglycerin_sublingual"),
    ("肾上腺素 0.5mg 大腿外侧肌注", "adrenaline_intramuscular"),
    ("沙丁胺醇吸入4揿", "salbutamol_inhaled"),
    ("50%葡萄糖 40ml 静推", "glucose_intravenous"),
])
def test_what_is_plainly_asked_for(text: str, code: str) -> None:
    found = proposed_dose(text, DOSES)
    assert found is not None
    assert found.code == code


@pytest.mark.parametrize("text", [
    "阿司匹林 100mg 每日一次", "阿司匹林150mg立即嚼服", "阿司匹林 300mg 每天一次", "避免阿司匹林", "先别给阿司匹林300mg", "去甲肾上腺素 0.5mg 静推",
    "继续观察", "", "平时吃阿司匹林", "氨氯地平 5mg 立即",
])
def test_what_is_not(text: str) -> None:
    assert proposed_dose(text, DOSES) is None


@given(st.text(alphabet="阿司匹林硝酸甘油肾上腺素不立即嚼服0123456789.mg克 ,。", max_size=40) | st.text(max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    proposed_dose(text, DOSES)
