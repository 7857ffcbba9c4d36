"""How much of what names people a masked text still holds: ours and a plain set of regular expressions on the same generated records."""

# ruff: noqa: E501 (sentences are read better whole)
from __future__ import annotations

import os
import platform
import re
import time
from collections import Counter
from collections.abc import Callable
from importlib.metadata import version

from benchmarks.support.chinese_records import Planted, Record, records
from benchmarks.support.figure import Figure, number, show
from nlp.interface.masking import Kind, Known
from nlp.masking.masker import build

COUNT = int(os.environ.get("HUIZHEN_BENCH_RECORDS", "4000"))
SEED = 20261120
_TIMED = (Kind.DATE, Kind.AGE, Kind.BIRTH)
"""Moved, not hidden; not planted here."""
PEER = (
    ("phone", re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")), ("phone", re.compile(r"(?<!\d)0\d{2,3}-?\d{7,8}(?!\d)")), ("ID number", re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)")),
    ("card", re.compile(r"(?<!\d)\d{16,19}(?!\d)")), ("mail", re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")), ("plate", re.compile(r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z]·?[A-Z0-9]{5,6}")),
    ("record number", re.compile(r"(?<=住院号)[::]?\s*\w{5,12}|(?<=门诊号)[::]?\s*\w{5,12}|(?<=病历号)[::]?\s*\w{5,12}")), ("WeChat", re.compile(r"(?<=微信)[号::\s]*[A-Za-z][\w-]{5,19}")),
    ("name", re.compile(r"(?<=姓名)[::\s]*[\u4e00-\u9fff]{2,4}|(?<=我叫)[\u4e00-\u9fff]{2,3}|(?<=患者)[\u4e00-\u9fff]{2,3}(?=,)")),
    ("address", re.compile(r"[\u4e00-\u9fff]{2,}(?:省|市|县|区)[\u4e00-\u9fff]{1,}(?:镇|乡|街道|村|路)[\u4e00-\u9fff\d]*(?:组|号)?")),
)  # fmt: skip
"""What one writes in an afternoon, and finds in many a project."""
KINDS = {
    Kind.NAME: ("name", "family name with title"), Kind.PHONE: ("phone",), Kind.ID_NUMBER: ("ID number",), Kind.CARD: ("card",), Kind.RECORD: ("record number",),
    Kind.WECHAT: ("WeChat",), Kind.ADDRESS: ("address",), Kind.PLACE: ("house",), Kind.PLATE: ("plate",), Kind.LINK: ("mail",),
}  # fmt: skip
Spans = list[tuple[str, int, int]]


def measure() -> Figure:
    masker = build()
    masker.mask("热身", Known())
    made = records(COUNT, SEED)
    known = [Known(names=record.names) for record in made]
    begun = time.process_time()
    ours = [_ours(masker, record.text, Known()) for record in made]
    seconds = time.process_time() - begun
    with_names = [_ours(masker, record.text, one) for record, one in zip(made, known, strict=True)]
    begun = time.process_time()
    peer = [_peer(record.text) for record in made]
    peer_seconds = time.process_time() - begun
    rows = _rows(made, ours, with_names, peer)
    characters = sum(len(record.text) for record in made)
    notes = [
        f"{COUNT:,} generated records, {characters:,} characters, {sum(len(record.planted) for record in made):,} planted identifiers; the sentences around them are "
        + ("real patients' questions and our own." if os.environ.get("HUIZHEN_DATA") else "our own twenty (no HUIZHEN_DATA)."),
        "Recall: planted identifiers of which no letter, digit or Chinese character stays. Precision: found places that overlap a planted identifier, of any kind; a name that "
        "stood in a real sentence counts against it. A precision row is by what the masker called it; house and address, phone and number may be taken for one another.",
        "Names known: the same with the record's whole names handed over, as the practice does for the people of a case.",
        f"Missed by ours: {_missed(made, ours)}.",
        f"CPU: {number(seconds / COUNT * 1e6)} µs a record ours, {number(peer_seconds / COUNT * 1e6)} µs the peer. The masker was improved by looking at what it missed of this generator, and generated sentences are no sample of what people write: real recall is lower.",
    ]
    return Figure(
        "masking", "Masking free text", ["kind", "planted", "recall", "recall, names known", "recall of regular expressions", "precision", "precision of regular expressions"],
        rows, notes, {"Python": platform.python_version(), "jieba": version("jieba")},
    )  # fmt: skip


def _ours(masker: object, text: str, known: Known) -> Spans:
    return [(place.kind.value, place.span.start, place.span.end) for place in masker.find(text, known) if place.kind not in _TIMED]  # type: ignore[attr-defined]


def _peer(text: str) -> Spans:
    return [(kind, *match.span()) for kind, expression in PEER for match in expression.finditer(text)]


def _rows(made: list[Record], ours: list[Spans], with_names: list[Spans], peer: list[Spans]) -> list[list[str]]:
    planted = Counter(one.kind for record in made for one in record.planted)
    recalls = [_recall(made, spans) for spans in (ours, with_names, peer)]
    own = _precision(made, ours, {kind.value: names[0] for kind, names in KINDS.items()})
    theirs = _precision(made, peer, {})
    rows = []
    for kind in sorted(planted, key=lambda one: -planted[one]):
        shares = [f"{recall[kind] / planted[kind]:.1%}" for recall in recalls]
        rows.append([kind, f"{planted[kind]:,}", *shares, _share(own.get(kind)), _share(theirs.get(kind))])
    total = sum(planted.values())
    shares = [f"{sum(recall.values()) / total:.1%}" for recall in recalls]
    rows.append(["number of no named kind", "", "", "", "", _share(own.get(Kind.NUMBER.value)), ""])
    rows.append(["all", f"{total:,}", *shares, _share(_sum(own)), _share(_sum(theirs))])
    return rows


def _sum(found: dict[str, tuple[int, int]]) -> tuple[int, int]:
    return sum(right for right, _ in found.values()), sum(every for _, every in found.values())


def _share(found: tuple[int, int] | None) -> str:
    return "" if not found or not found[1] else f"{found[0] / found[1]:.1%}"


def _recall(made: list[Record], found: list[Spans]) -> Counter[str]:
    right: Counter[str] = Counter()
    for record, spans in zip(made, found, strict=True):
        for one in record.planted:
            right[one.kind] += _hidden(record.text, one, spans)
    return right


def _hidden(text: str, one: Planted, spans: Spans) -> bool:
    return all(any(start <= index < end for _, start, end in spans) for index in range(one.start, one.end) if text[index].isalnum())


def _precision(made: list[Record], found: list[Spans], called: dict[str, str]) -> dict[str, tuple[int, int]]:
    counts: dict[str, tuple[int, int]] = {}
    for record, spans in zip(made, found, strict=True):
        for kind, start, end in spans:
            right, every = counts.get(called.get(kind, kind), (0, 0))
            hit = any(one.start < end and start < one.end for one in record.planted)
            counts[called.get(kind, kind)] = (right + hit, every + 1)
    return counts


def _missed(made: list[Record], ours: list[Spans]) -> str:
    """The ways of writing that are missed most, with their recall."""
    every: Counter[str] = Counter()
    gone: Counter[str] = Counter()
    for record, spans in zip(made, ours, strict=True):
        for one in record.planted:
            every[f"{one.kind}, {one.written}"] += 1
            gone[f"{one.kind}, {one.written}"] += not _hidden(record.text, one, spans)
    worst = sorted((way for way in gone if gone[way]), key=lambda way: -gone[way])[:12]
    return "; ".join(f"{way} {gone[way]} of {every[way]}" for way in worst)


def examples(judge: Callable[[Record, Planted], bool]) -> None:
    """Print a few records that ``judge`` picks; for whoever improves the masker."""
    for record in records(COUNT, SEED):
        for one in record.planted:
            if judge(record, one):
                print(one.kind, one.written, record.text[one.start : one.end], "|", record.text.replace("\n", "⏎"))


if __name__ == "__main__":
    show(measure)
