"""The rules as a clinician reads them are the rules that run."""

import re
from pathlib import Path

import pytest

from nlp.clinical.condition_words import condition_words, finding_term, term_words
from nlp.clinical.guide import document
from nlp.clinical.knowledge import complaints, modifiers, rules, sources, table
from nlp.interface.urgency import Urgency

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_committed_text_is_what_the_data_say() -> None:
    published = (DOCS / "triage-rules.md").read_text(encoding="utf-8")
    assert published == f"{document()}\n", "run: python -m nlp.clinical.guide > docs/triage-rules.md"


def test_every_rule_stands_there_with_its_level_and_every_source_is_explained() -> None:
    text = document()
    for rule in rules():
        assert f"### {rule.title}\n" in text
        assert f"编号 `{rule.id}`;级别:" in text
    for modifier in modifiers():
        assert f"`{modifier.id}`" in text
    for name, source in sources().items():
        assert f"| {name} | {source['title']} |" in text


def test_every_danger_of_one_finding_stands_there_with_what_it_rests_on() -> None:
    text = document()
    for level, name in ((Urgency.CRITICAL, "危急"), (Urgency.EMERGENT, "急重"), (Urgency.URGENT, "急")):
        found = [one for one in complaints().values() if one.level is level]
        ours = [finding_term(one.code) for one in found if one.sources == ("DESIGN",)]
        part = text.partition(f"### 单独就是{name}({len(found)} 个)\n")[2].partition("\n#")[0]
        assert f"只有本系统设计({len(ours)} 个):{'、'.join(ours)}。" in part
        for one in found:
            cited = re.search(rf"^\| {re.escape(finding_term(one.code))} \| (.+) \|$", part, re.MULTILINE)
            assert bool(cited) == (one.sources != ("DESIGN",)), one.code
            assert not cited or all(source == "DESIGN" or source in cited[1] for source in one.sources), one.code


def test_every_shared_combination_has_its_own_name() -> None:
    assert set(term_words()) == set(table("terms.toml"))
    assert len(set(term_words().values())) == len(term_words())


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("barking_cough & (stridor | cyanosis)", "犬吠样咳嗽 且 (吸气有响声 或 嘴唇发紫)"),
        ("!cleared_quickly", "没有说过一会儿自己好了"),
        ("choking & !absent(dyspnoea)", "噎住了 且 没有否认(喘不上气)"),
        ("headache.sudden & temperature>=38.5", "头痛[突然] 且 体温 ≥ 38.5℃"),
        ("cough>=336h & age<90d", "咳嗽持续 ≥ 14 天 且 年龄 < 90 天"),
        ("weeks>=20 | chest_any", "孕周 ≥ 20 或 「胸痛或胸闷」"),
    ],
)
def test_conditions_are_told_in_words(condition: str, words: str) -> None:
    assert condition_words(condition) == words


def test_no_code_is_left_in_a_condition() -> None:
    lines = [line for line in document().splitlines() if line.startswith("- 成立条件:")]
    assert len(lines) == len(rules())
    assert not [line for line in lines if re.search(r"[a-z]{4,}|_", line.replace("mmol/L", ""))]


def test_the_explanation_names_files_and_commands_that_exist() -> None:
    text = (DOCS / "triage.md").read_text(encoding="utf-8")
    root = DOCS.parent
    named = set(re.findall(r"`((?:nlp|tests|docs)/[\w./-]+)`", text)) | {f"docs/{name}" for name in re.findall(r"\]\(([\w./-]+\.md)\)", text)}
    assert named
    assert not [path for path in sorted(named) if not (root / path).exists()]
