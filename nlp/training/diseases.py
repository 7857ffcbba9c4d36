"""``python -m nlp.training.diseases``: takes what published tables and recorded cases say of the diseases into ``from_tables.csv``.

Two origins, each by itself:

table    a table of diseases lists a symptom and tells not how often: grade E (seldom), the least that can be meant
counted  recorded inquiries of at least LEAST_CASES patients: the share of whom a yes is on record, as the nearest grade. What nobody asked for is
         not on record, so that these rates are rather too low; less than LEAST_SHARE tells nothing

The reviewed corrections are the other files of the folder: a row written by hand in ``<group>.links.csv`` stands wherever both speak, and
``refused.csv`` names what of the tables is not believed, of one disease or of all, and why. A name or a symptom counts only when it is, letter for
letter, a name of ours: what a table writes as a sentence, or what could mean two things, is left out.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm

from nlp.clinical.diseases import FREQUENCY, FROM_TABLES, FROM_TABLES_COLUMNS, Disease, refused, written_diseases
from nlp.language.lexicon import lexicon, rows, surface_files

from .sources import data_folder, json_lines

FOLDER = Path(__file__).resolve().parents[1] / "clinical" / "knowledge" / "diseases"
KNOWLEDGE = "ReMeDi knowledge_entities 6af37ce, 2021"
CASES = "DxFormer data 0e56c10: Dxy 2019, MZ-4 2018, MZ-10 2023"
LEAST_CASES, LEAST_SHARE = 30, 0.03
_BRACKETS = re.compile(r"[((].*?[))]")
_RECORDED = {
    "上呼吸道感染": "common_cold", "小儿感冒": "common_cold", "过敏性鼻炎": "allergic_rhinitis", "小儿手足口病": "hand_foot_mouth",
    "肺炎": "pneumonia_child", "小儿支气管肺炎": "pneumonia_child", "新生儿黄疸": "neonatal_jaundice_physiological",
    "小儿便秘": "functional_constipation", "小儿支气管炎": "acute_bronchitis", "小儿腹泻": "acute_gastroenteritis",
}  # fmt: skip
"""Labels of the recorded cases that are one disease of ours; 小儿发热, 小儿咳嗽 and 小儿消化不良 are none."""


def terms() -> dict[str, str]:
    """The finding that a term names, for terms and physicians' words that name exactly one."""
    named: dict[str, set[str]] = {}
    for row in rows("findings.csv"):
        named.setdefault(row["term"], set()).add(row["code"])
    for row in (row for file in surface_files() for row in rows(file)):
        if row["kind"] == "medical" and row["code"] not in lexicon().conditions:
            named.setdefault(row["surface"], set()).add(row["code"])
    return {term: next(iter(codes)) for term, codes in named.items() if len(codes) == 1}


def names(diseases: dict[str, Disease]) -> dict[str, str]:
    """The disease that a name means, with and without what stands in brackets behind it."""
    return {name: disease.code for disease in diseases.values() for name in (_BRACKETS.sub("", disease.name).strip(), disease.name)}


def listed(folder: Path, diseases: dict[str, Disease], named: dict[str, str]) -> Iterator[dict[str, str]]:
    """One row for each symptom that the table of diseases lists with a disease of ours."""
    meant = names(diseases)
    for entry in tqdm(json_lines(folder / "knowledge" / "diseases.jsonl.gz"), desc="table", unit=" diseases"):
        code = next((meant[name] for name in (entry["name"], *entry.get("aliases", ())) if name in meant), None)
        if code is None:
            continue
        for symptom in (*entry.get("symptoms", ()), *entry.get("related_symptoms", ())):
            if symptom in named:
                yield {"disease": code, "finding": named[symptom], "grade": "E", "origin": "table", "source": KNOWLEDGE, "cases": ""}


def counted(folder: Path, diseases: dict[str, Disease], named: dict[str, str]) -> Iterator[dict[str, str]]:
    """One row for each symptom that is on record often enough in the recorded cases of a disease."""
    yes: Counter[tuple[str, str]] = Counter()
    cases: Counter[str] = Counter()
    files = [folder / "inquiry" / f"{name}.{part}.jsonl" for name in ("dxy", "mz4", "mz10") for part in ("train", "dev")]
    for file in tqdm(files, desc="cases", unit=" files"):
        for case in json_lines(file):
            code = _RECORDED.get(case["disease"])
            if code not in diseases:
                continue
            cases[code] += 1
            answers = {**case["implicit"], **case["explicit"]}
            yes.update((code, finding) for finding in {named[symptom] for symptom, answer in answers.items() if answer == 1 and symptom in named})
    for (code, finding), found in yes.items():
        if cases[code] >= LEAST_CASES and found >= LEAST_SHARE * cases[code]:
            grade = nearest(found / cases[code])
            yield {"disease": code, "finding": finding, "grade": grade, "origin": "counted", "source": CASES, "cases": f"{found}/{cases[code]}"}


def nearest(rate: float) -> str:
    """The grade whose frequency lies nearest; never N, which speaks against: of that no count of suspects tells."""
    return min((grade for grade in FREQUENCY if grade != "N"), key=lambda grade: abs(FREQUENCY[grade] - rate))


def table() -> str:
    """The content of ``from_tables.csv``: counted before listed, without what is written by hand, told with it, or refused."""
    folder, diseases, named, no = data_folder(), written_diseases(), terms(), refused()
    found: dict[tuple[str, str], dict[str, str]] = {}
    for row in (*counted(folder, diseases, named), *listed(folder, diseases, named)):
        pair = (row["disease"], row["finding"])
        if pair not in no and ("*", row["finding"]) not in no and not _told(diseases[row["disease"]], row["finding"]):
            found.setdefault(pair, row)
    written = io.StringIO()
    writer = csv.DictWriter(written, FROM_TABLES_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(row for _, row in sorted(found.items()))
    return written.getvalue()


def _told(disease: Disease, finding: str) -> bool:
    """Whether a row written by hand speaks of ``finding``, of a wider or of a narrower one."""
    linked = {link.finding for link in disease.links}
    broader = lexicon().broader
    return finding in linked or any(finding in broader.get(code, ()) for code in linked) or bool(linked & set(broader.get(finding, ())))


def main() -> None:
    (FOLDER / FROM_TABLES).write_text(table(), encoding="utf-8")


if __name__ == "__main__":
    main()
