"""What can be asked of de-identified copies: begin one, see whom it may hold, take one record into it, finish it, list them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from core.deidentification.rules import CopyPurpose, Levels
from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.orders import Command, Grant, Query, Result

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=500)]
_OPERATOR = (Grant(Role.SYSTEM),)
"""Whoever runs the house, at its command line: what a copy may hold and what goes into it says more of people than any page shows."""


class CopyRef(Result):
    copy_id: Id
    code: str


class BeginCopy(Command):
    """The operator: a new copy, empty. For research and teaching it holds who consented; for tests an administrator answers (NeedsAdministrator)
    for his county.

    ``administrator_id``: the practitioner in whose name the operator begins it. Nothing proves that he knows of it, so he is told.
    """

    name = "deidentification.begin"
    title = "开始去标识化副本"
    access = _OPERATOR
    gives = CopyRef
    purpose: CopyPurpose
    reason: Words
    k: int = Field(default=5, ge=2, le=100)
    administrator_id: Id | None = None


class Candidate(Result):
    """What others may know of a patient: the quasi-identifiers."""

    patient_id: Id
    age: int
    sex: str
    region_code: str
    departments: tuple[str, ...]


class CandidatesView(Result):
    """``people``: whom the copy may hold now. ``without_consent``, ``withdrawn``, ``unreadable``: how many have a record and are left out for that,
    the last because it does not open."""

    people: tuple[Candidate, ...]
    without_consent: int
    withdrawn: int
    unreadable: int = 0


class Candidates(Query):
    """Whom a copy may hold at this moment; only who is named in ``patients``, if anybody is."""

    name = "deidentification.candidates"
    title = "可进副本的患者"
    access = _OPERATOR
    gives = CandidatesView
    audited = True
    copy_id: Id
    patients: tuple[Id, ...] = ()


class DeidentifiedView(Result):
    """``row``: the quasi-identifiers as they stand in it. ``resources``: R4 resources without who they are about; ``masked``: how often what was
    masked in words; ``images``: of the patient, to be had one by one."""

    pseudonym: str
    row: tuple[str, str, str, str]
    resources: tuple[dict[str, Any], ...]
    masked: dict[str, int]
    images: tuple[Id, ...]


class DeidentifiedRecord(Query):
    """One patient's record for the copy. ConsentMissing once he has taken it back, CopyFinished."""

    name = "deidentification.record"
    title = "抄一份去标识化病历"
    access = _OPERATOR
    gives = DeidentifiedView
    audited = True
    copy_id: Id
    patient_id: Id
    levels: Levels


class DeidentifiedImageView(Result):
    """``data``: a DICOM file; empty when the image is left out, for ``withheld`` (a code of media.imaging.deidentify)."""

    name: str
    data: bytes
    withheld: str


class DeidentifiedImage(Query):
    """One image for the copy, under new UIDs. ``with_text``: also where text may be burned in, which stays."""

    name = "deidentification.image"
    title = "抄一张去标识化影像"
    access = _OPERATOR
    gives = DeidentifiedImageView
    audited = True
    copy_id: Id
    image_id: Id
    with_text: bool = False


class FinishCopy(Command):
    """The copy is whole: what came out is recorded, and the key of its pseudonyms destroyed. A second time nothing happens.

    ``refused``: none was made, there were too few; in whose name it was begun is told.
    """

    name = "deidentification.finish"
    title = "完成去标识化副本"
    access = _OPERATOR
    gives = CopyRef
    copy_id: Id
    patients: int = Field(ge=0)
    suppressed: int = Field(ge=0)
    k_before: int = Field(ge=0)
    k_after: int = Field(ge=0)
    refused: bool = False


class CopyView(Result):
    """One copy as those see it who watch over them."""

    code: str
    purpose: str
    reason: str
    made_by: str
    begun_at: datetime
    finished_at: datetime | None
    patients: int | None
    k: int
    k_before: int | None
    k_after: int | None
    suppressed: int | None


class CopiesView(Result):
    copies: tuple[CopyView, ...]


class Copies(Query):
    """Every copy that holds patients of the actor's county, newest first, at most fifty."""

    name = "deidentification.copies"
    title = "去标识化副本清单"
    access = (Grant(Role.AUDITOR), Grant(Role.ADMINISTRATOR), Grant(Role.SYSTEM))
    no_relation = "只列含他所在县患者的副本,没有患者资料"
    gives = CopiesView
    audited = True
