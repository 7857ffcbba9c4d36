"""Makes a whole copy: one patient after the other into a folder of work, then the files for others, then the end of the key.

What broke off goes on: with the same folder the patients that are done are not read again. Whoever takes his consent back in between is in no
file. FHIR R4 as newline-delimited JSON, one file a resource type (as FHIR Bulk Data writes it), a table of the quasi-identifiers, a manifest.
"""

from __future__ import annotations

import asyncio
import contextlib
import csv
import fcntl
import hashlib
import io
import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from core.deidentification.commands import (
    BeginCopy,
    Candidates,
    CandidatesView,
    CopyRef,
    DeidentifiedImage,
    DeidentifiedImageView,
    DeidentifiedRecord,
    DeidentifiedView,
    FinishCopy,
)
from core.deidentification.errors import CopyFinished, CopyOverdue, OtherCopy, TooFewPatients
from core.deidentification.k_anonymity import Table, check_library, measured, of_rows, table
from core.deidentification.manifest import Outcome, manifest
from core.deidentification.rules import COLUMNS, FINEST, CopyPurpose, Quasi, Row, generalised
from core.foundation.actor import Actor
from core.foundation.practice import Practice
from core.foundation.withheld import CANNOT_OPEN
from core.people.errors import ConsentMissing

MANIFEST, WORK, STATE, LOCK, ASSEMBLED = "manifest.json", ".work", "state.json", "lock", "assembled"
LONGEST_READY = timedelta(hours=1)
"""So long what was assembled may wait for its place after consents were looked at; own choice."""
Progress = Callable[[str, int, int], None]
"""Phase, how many are done, of how many."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """``patients``: only these; ``images``, ``burned_in``: with images, also where text may be burned in; ``administrator_id``: in whose name the
    operator makes it."""

    out: Path
    purpose: CopyPurpose
    reason: str
    k: int = 5
    patients: tuple[str, ...] = ()
    images: bool = False
    burned_in: bool = False
    administrator_id: str | None = None

    @property
    def same(self) -> str:
        """What must be the same when a copy goes on."""
        chosen = json.dumps([self.purpose, self.k, sorted(self.patients), self.images, self.burned_in, self.administrator_id])
        return hashlib.sha256(chosen.encode()).hexdigest()


@dataclass
class _Run:
    practice: Practice
    actor: Actor
    wanted: Wanted
    progress: Progress
    copy: CopyRef
    unreadable: set[str] = field(default_factory=set)

    @property
    def work(self) -> Path:
        return self.wanted.out / WORK

    def part(self, patient_id: str, levels_key: str) -> Path:
        """Where a patient's part lies; the name says nothing and goes with the folder."""
        return self.work / levels_key / hashlib.sha256(f"{self.copy.copy_id}:{patient_id}".encode()).hexdigest()


async def make_copy(practice: Practice, actor: Actor, wanted: Wanted, progress: Progress) -> dict[str, Any]:
    """The manifest. TooFewPatients, NeedsAdministrator, CheckMissing, OtherCopy, CopyOverdue, ConsentMissing never (who has none is left out)."""
    check_library()
    _check_folder(wanted.out)
    with _alone(wanted.out / WORK):
        return await _make(practice, actor, wanted, progress)


async def _make(practice: Practice, actor: Actor, wanted: Wanted, progress: Progress) -> dict[str, Any]:
    run = _Run(practice, actor, wanted, progress, await _opened(practice, actor, wanted))
    try:
        return await _written(run)
    except TooFewPatients:
        # Its end is recorded, which tells whoever was told of the beginning; and no folder is left that looks like the beginning of a copy.
        await practice.execute(actor, FinishCopy(copy_id=run.copy.copy_id, patients=0, suppressed=0, k_before=0, k_after=0, refused=True))
        _clear(run)
        raise


async def _written(run: _Run) -> dict[str, Any]:
    practice, actor, wanted = run.practice, run.actor, run.wanted
    try:
        seen: CandidatesView = await practice.ask(actor, Candidates(copy_id=run.copy.copy_id, patients=wanted.patients))
    except CopyFinished:
        if not any((folder / MANIFEST).exists() for folder in (run.work / "ready", wanted.out)):  # refused, and killed before it was cleared away
            _clear(run)
            return await _make(practice, actor, wanted, run.progress)
        _check_age(run)
        return _settled(run)
    people = _people(seen)
    chosen = table(people, wanted.k)
    k_before = await asyncio.to_thread(measured, [generalised(one, FINEST) for one in people.values()])
    await _read_all(run, chosen)
    now: CandidatesView = await practice.ask(actor, Candidates(copy_id=run.copy.copy_id, patients=wanted.patients))
    # As they stand in the parts: somebody may have had a birthday, moved, been seen elsewhere since his was read.
    rows = await asyncio.to_thread(_rows, run, [one.patient_id for one in now.people], chosen)
    # Whoever left in between may leave others with fewer than k: they go too.
    final = of_rows(rows, wanted.k, chosen.levels)
    k_after = await asyncio.to_thread(measured, list(final.rows.values()))
    left = len(people) - len(final.rows) - len(run.unreadable)
    outcome = Outcome(
        candidates=len(people), patients=len(final.rows), suppressed=left, without_consent=now.without_consent,
        withdrawn=now.withdrawn, unreadable=now.unreadable + len(run.unreadable), k_before=k_before, k_after=k_after,
    )
    await asyncio.to_thread(_assemble, run, final, outcome)
    await practice.execute(actor, FinishCopy(
        copy_id=run.copy.copy_id, patients=outcome.patients, suppressed=outcome.suppressed, k_before=k_before, k_after=k_after
    ))  # fmt: skip
    return _settled(run)


def _check_folder(out: Path) -> None:
    """OtherCopy when the folder holds something that no unfinished copy put there."""
    if out.exists() and not (out / WORK / STATE).exists() and any(path.name != WORK for path in out.iterdir()):
        raise OtherCopy(what="已完成的" if (out / MANIFEST).exists() else "别的文件")


@contextlib.contextmanager
def _alone(work: Path) -> Iterator[None]:
    """Nobody else writes this copy meanwhile; OtherCopy when somebody does. A process that died holds nothing."""
    work.mkdir(parents=True, exist_ok=True, mode=0o700)
    work.parent.chmod(0o700)
    with (work / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OtherCopy(what="另一次运行正在写的") from None
        try:
            yield
        finally:
            if not (work / STATE).exists():
                (work / LOCK).unlink(missing_ok=True)
                for folder in (work, work.parent):  # the copy's own only when nothing was begun
                    with contextlib.suppress(OSError):
                        folder.rmdir()


async def _opened(practice: Practice, actor: Actor, wanted: Wanted) -> CopyRef:
    """The copy that was begun in this folder, or a new one. OtherCopy when the folder holds something else."""
    state = wanted.out / WORK / STATE
    if state.exists():
        found = json.loads(state.read_text("utf-8"))
        if found["same"] != wanted.same:
            raise OtherCopy(what=f"没做完的 {found['code']},参数不同")
        return CopyRef(copy_id=found["copy_id"], code=found["code"])
    order = BeginCopy(purpose=wanted.purpose, reason=wanted.reason, k=wanted.k, administrator_id=wanted.administrator_id)
    begun: CopyRef = await practice.execute(actor, order)
    _write(state, json.dumps({"copy_id": begun.copy_id, "code": begun.code, "same": wanted.same}).encode())
    return begun


def _people(seen: CandidatesView) -> dict[str, Quasi]:
    return {one.patient_id: Quasi(one.age, one.sex, one.region_code, one.departments) for one in seen.people}


async def _read_all(run: _Run, chosen: Table) -> None:
    patients = sorted(chosen.rows)
    for done, patient_id in enumerate(patients):
        run.progress("records", done, len(patients))
        part = run.part(patient_id, chosen.levels.key)
        if part.exists():
            continue
        part.parent.mkdir(exist_ok=True, mode=0o700)
        order = DeidentifiedRecord(copy_id=run.copy.copy_id, patient_id=patient_id, levels=chosen.levels)
        with contextlib.suppress(ConsentMissing):  # taken back since we began: he is in no file
            try:
                view: DeidentifiedView = await run.practice.ask(run.actor, order)
            except CANNOT_OPEN:  # one record that does not open must not stop all the others
                run.unreadable.add(patient_id)
                continue
            images = await _images(run, view, part) if run.wanted.images else {}
            body = {"pseudonym": view.pseudonym, "masked": view.masked, "resources": view.resources, "images": images}
            _write(part.with_suffix(".row"), json.dumps(view.row).encode())
            _write(part, json.dumps(body, ensure_ascii=False).encode())
    run.progress("records", len(patients), len(patients))


def _rows(run: _Run, patients: list[str], chosen: Table) -> dict[str, Row]:
    """By patient, what the parts that are there say of the quasi-identifiers: k is measured on what is handed out."""
    parts = {one: run.part(one, chosen.levels.key) for one in patients}
    return {one: tuple(json.loads(part.with_suffix(".row").read_bytes())) for one, part in parts.items() if part.exists()}


async def _images(run: _Run, view: DeidentifiedView, part: Path) -> dict[str, int]:
    """The patient's images beside his part; how many were taken and, by reason, left out."""
    counted: Counter[str] = Counter()
    for image_id in view.images:
        order = DeidentifiedImage(copy_id=run.copy.copy_id, image_id=image_id, with_text=run.wanted.burned_in)
        try:
            image: DeidentifiedImageView = await run.practice.ask(run.actor, order)
        except CANNOT_OPEN:
            counted["unreadable"] += 1
            continue
        counted[image.withheld or "taken"] += 1
        if image.data:
            folder = part.with_suffix(".images")
            folder.mkdir(exist_ok=True, mode=0o700)
            await asyncio.to_thread(_write, folder / f"{image.name}.dcm", image.data)
    return dict(counted)


def _assemble(run: _Run, final: Table, outcome: Outcome) -> None:
    """The files that others get, in the order of the pseudonyms, which says nothing."""
    ready = run.work / "ready"
    shutil.rmtree(ready, ignore_errors=True)
    ready.mkdir(mode=0o700)
    cohort: list[list[str]] = []
    parts = [(patient_id, run.part(patient_id, final.levels.key)) for patient_id in final.rows]
    read = sorted((json.loads(part.read_bytes())["pseudonym"], patient_id, part) for patient_id, part in parts)
    with contextlib.ExitStack() as stack:
        files: dict[str, io.TextIOWrapper] = {}
        for done, (pseudonym, patient_id, part) in enumerate(read):
            run.progress("files", done, len(read))
            body = json.loads(part.read_bytes())
            outcome.masked.update(body["masked"])
            outcome.images.update(body["images"])
            cohort.append([pseudonym, *final.rows[patient_id]])
            for resource in body["resources"]:
                kind = resource["resourceType"]
                if kind not in files:
                    files[kind] = stack.enter_context((ready / f"{kind}.ndjson").open("w", encoding="utf-8", newline="\n"))
                files[kind].write(json.dumps(resource, ensure_ascii=False, separators=(",", ":")) + "\n")
                outcome.resources[kind] += 1
            if (images := part.with_suffix(".images")).exists():
                shutil.copytree(images, ready / "images", dirs_exist_ok=True)
    table_of_people = io.StringIO()
    writer = csv.writer(table_of_people, lineterminator="\n")
    writer.writerows([["patient", *COLUMNS], *cohort])
    (ready / "cohort.csv").write_text(table_of_people.getvalue(), "utf-8")
    said = manifest(run.copy.code, run.wanted.purpose, run.wanted.k, final.levels, outcome, _digests(ready), run.practice)
    _write(run.work / ASSEMBLED, run.practice.clock.now().isoformat().encode())
    _write(ready / MANIFEST, json.dumps(said, ensure_ascii=False, indent=2).encode())
    run.progress("files", len(read), len(read))


def _digests(folder: Path) -> dict[str, dict[str, Any]]:
    """Size and SHA-256 of every file, by its name."""
    found = {}
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        found[str(path.relative_to(folder))] = {"bytes": path.stat().st_size, "sha256": digest}
    return found


def _check_age(run: _Run) -> None:
    """CopyOverdue, and the files destroyed, when they lay assembled for long: somebody may have taken his consent back, and the key is gone."""
    ready, assembled = run.work / "ready", run.work / ASSEMBLED
    if not (ready / MANIFEST).exists() or run.practice.clock.now() - datetime.fromisoformat(assembled.read_text("ascii")) <= LONGEST_READY:
        return
    # Some may have had their place already; the manifest had not, so that nobody took them for a whole copy.
    for name in json.loads((ready / MANIFEST).read_text("utf-8"))["files"]:
        (run.wanted.out / name).unlink(missing_ok=True)
    shutil.rmtree(ready)
    _clear(run)
    raise CopyOverdue(code=run.copy.code)


def _settled(run: _Run) -> dict[str, Any]:
    """Bring the ready files to their place, the manifest last, and take the work away; may be done again where it broke off."""
    ready = run.work / "ready"
    for path in sorted(ready.iterdir(), key=lambda one: one.name == MANIFEST) if ready.exists() else ():
        path.replace(run.wanted.out / path.name)
    said: dict[str, Any] = json.loads((run.wanted.out / MANIFEST).read_text("utf-8"))
    _clear(run)
    return said


def _clear(run: _Run) -> None:
    """The state goes last: while it is there, the copy is taken up again."""
    for path in sorted(_children(run.work), key=lambda one: one.name == STATE):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _children(folder: Path) -> Iterable[Path]:
    return [path for path in folder.iterdir() if path.name != LOCK]


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all, for the owner alone."""
    temporary = path.with_name(f"{path.name}.part")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
