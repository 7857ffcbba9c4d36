"""A whole copy of a case in which everybody is named everywhere: nobody is in its bytes, k is reached, who took his consent back is in no file."""

# ruff: noqa: E501 (sentences and facts are read better whole)
from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread

from core.consultations.models import Consultation
from core.deidentification import copying, k_anonymity
from core.deidentification.commands import BeginCopy, Candidates, Copies, DeidentifiedRecord
from core.deidentification.copying import Wanted, make_copy
from core.deidentification.errors import CheckMissing, CopyFinished, CopyOverdue, NeedsAdministrator, OtherCopy, TooFewPatients
from core.deidentification.making import refusal
from core.deidentification.models import DeidentifiedCopy
from core.deidentification.rules import FINEST
from core.fhir.validation import validate
from core.foundation.encryption.erasure import destroy_keys, set_lock
from core.foundation.errors import NotAllowed
from core.foundation.keyring.models import WrappedKey
from core.foundation.keys import SubjectErased
from core.foundation.models import AuditEntry
from core.foundation.practice import Practice
from core.foundation.work import Work
from core.people.commands_consents import GiveConsent, WithdrawConsent
from core.people.consent_texts import CURRENT
from core.people.models import CareRelation, Organisation, Patient, Practitioner
from core.people.names import DEMONSTRATION_MARK
from media.imaging import build
from media.imaging.deidentify import NewNames, deidentified
from nlp.masking.masker import build as build_masker
from tests.core.dispatch.test_with_intake import says_danger
from tests.core.dispatch.ward import Ward, open_ward
from tests.core.fhir.test_everything import whole_case
from tests.core.imaging.test_uploads import send
from tests.core.people.test_consents import paper
from tests.media.test_check import named, small_ct
from tests.support.county import NUMBER_WITH_WECHAT, SYSTEM

Json = dict[str, Any]
NAMED = (
    "头晕 患者罗大山,58岁,电话199 0000 0022,身份证522727196803090117,家住平塘县塘边镇新塘村三组12号,吴秀芳医生说找李 秀 英,"
    "一九九零零零零零零一一是她手机,11月18日开始的,2026年11月3日在平塘县人民医院看过,王志远主任知道"
)
HERS = NAMED.replace("58岁", "51岁")
TOLD = ("罗大山", "大山", "李秀英", "秀英", "吴秀芳", "王志远", "19900000011", "19900000022", "522727196803090117", "GZ520000112233", "平塘县", "塘边镇", "新塘村", "58岁", "51岁")
MASKER = build_masker()


@pytest.fixture
async def ward(practice: Practice) -> Ward:
    practice.engines.imaging = build()
    practice.engines.masking = MASKER
    return await open_ward(practice, hearts=3)


async def consent(ward: Ward) -> None:
    """Both patients agree to research: she herself, he on paper."""
    county, practice = ward.county, ward.practice
    order = GiveConsent(patient_id=county.woman, purpose="research", text_version=CURRENT["research"])
    await practice.execute(county.woman_account, order)
    signed = await paper(practice, county.old_man)
    await practice.execute(county.village_doctor, order.model_copy(update={"patient_id": county.old_man, "evidence_blob_id": signed}))


def quiet(phase: str, done: int, total: int) -> None:
    pass


def wanted(out: Path, **differently: Any) -> Wanted:
    return Wanted(**({"out": out, "purpose": "research", "reason": "省里的基层高血压研究", "k": 2} | differently))


def everything(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


def lines(out: Path, kind: str) -> list[Json]:
    return [json.loads(line) for line in (out / f"{kind}.ndjson").read_text("utf-8").splitlines()]


def whole(out: Path) -> list[Json]:
    return [one for path in out.glob("*.ndjson") for one in lines(out, path.stem)]


async def secrets_of(ward: Ward) -> set[str]:
    """Everything that names somebody or something here: from the tables, with the rows' own ids."""
    work = ward.practice.keys
    found: set[str] = set(TOLD)
    for patient in await Patient.all():
        sealer = await work.sealer("patient", patient.id)
        found |= {sealer.open("patient", column, patient.id, bytes(getattr(patient, column))) for column in ("full_name", "id_number", "birth_date")}
        found.add(patient.id)
    for doctor in await Practitioner.all():
        found |= {(await work.sealer("practitioner", doctor.id)).open("practitioner", "full_name", doctor.id, bytes(doctor.full_name)), doctor.id}
    for house in await Organisation.all():
        found |= {house.name.removesuffix(DEMONSTRATION_MARK), house.region_name, house.id}
    for case in await Consultation.all():
        found |= {case.id, case.code}
    return found


async def test_nobody_is_in_the_bytes_of_a_copy_of_a_whole_case(ward: Ward, tmp_path: Path) -> None:
    await says_danger(ward)
    first, _ = await whole_case(ward)
    await ward.request(NAMED)
    second = await ward.request(HERS.replace("头晕", "咳嗽"), number=NUMBER_WITH_WECHAT)
    assert (await send(ward, second.consultation_id, small_ct(PatientName="LUO^DASHAN", StudyDate="20261103"))).state == "accepted"
    await consent(ward)
    made = await make_copy(ward.practice, SYSTEM, wanted(tmp_path / "copy", images=True), quiet)
    files = everything(tmp_path / "copy")
    for name, content in files.items():
        told = [one for one in await secrets_of(ward) if one.encode() in content or one.encode() in name.encode()]
        assert not told, f"{name} tells {told}"
        assert b"LUO^DASHAN" not in content
    assert set(made["files"]) == set(files) - {"manifest.json"}
    assert all(hashlib.sha256(files[name]).hexdigest() == said["sha256"] for name, said in made["files"].items())
    assert made["k_anonymity"]["after"] >= 2 > made["k_anonymity"]["before"]
    assert made["patients"] == {"considered": 2, "in_copy": 2, "suppressed": 0, "without_consent": 0, "withdrawn": 0, "unreadable": 0}
    assert {"Patient", "Encounter", "QuestionnaireResponse", "DiagnosticReport", "ImagingStudy", "Claim", "Observation"} <= set(made["resources"])
    assert {"姓名", "日期", "地址"} <= set(made["masked"])
    await _holds_together(ward, tmp_path / "copy", first)
    await _is_audited(ward, made)


async def _holds_together(ward: Ward, out: Path, first: str) -> None:
    """Valid R4 whose references hold; days moved together; the image under the pseudonym of its patient and the UIDs of its study."""
    resources = whole(out)
    entries = [{"fullUrl": f"urn:x/{one['resourceType']}/{one['id']}", "resource": one} for one in resources]
    validate({"resourceType": "Bundle", "type": "collection", "entry": entries})
    patients = {one["id"] for one in lines(out, "Patient")}
    assert len(patients) == 2
    assert {line.split(",")[0] for line in (out / "cohort.csv").read_text().splitlines()[1:]} == patients
    rows = await Consultation.filter(patient_id=ward.county.woman).order_by("created_at")
    hers = sorted(
        (datetime.fromisoformat(one["period"]["start"]) for one in lines(out, "Encounter") if one["subject"]["reference"] == _of_two(out)), key=str
    )
    assert len(hers) == len(rows) == 2
    assert hers[1] - hers[0] == rows[1].created_at.replace(microsecond=0) - rows[0].created_at.replace(microsecond=0)
    assert 30 <= (rows[0].created_at - hers[0]).days <= 395
    assert "[日期" in json.dumps(lines(out, "ServiceRequest"), ensure_ascii=False)
    images = [dcmread(BytesIO(path.read_bytes())) for path in (out / "images").iterdir()]
    studies = {one["identifier"][0]["value"] if "identifier" in one else one["series"][0]["uid"] for one in lines(out, "ImagingStudy")}
    assert {str(image.SeriesInstanceUID) for image in images} <= studies
    assert {str(image.PatientID) for image in images} <= patients


def _of_two(out: Path) -> str:
    """The patient who has two encounters."""
    return Counter(one["subject"]["reference"] for one in lines(out, "Encounter")).most_common(1)[0][0]


async def _is_audited(ward: Ward, made: Json) -> None:
    """Who, what, why, how many; each record by its patient; the key is gone."""
    row = await DeidentifiedCopy.get(code=made["copy"])
    assert (row.account_id, row.purpose, row.patients, row.k_after, row.key) == ("system:test", "research", 2, made["k_anonymity"]["after"], None)
    entries = await AuditEntry.filter(action__startswith="deidentification.").order_by("id")
    assert {one.reason for one in entries} == {"research"}
    assert {one.detail["copy"] for one in entries} == {row.code}
    records = {one.subject_id for one in entries if one.action == "deidentification.record"}
    assert records == {ward.county.woman, ward.county.old_man}
    assert (entries[-1].action, entries[-1].detail["patients"]) == ("deidentification.finish", "2")
    with pytest.raises(SubjectErased):
        await ward.practice.keys.sealer("deidentified_copy", row.id)
    assert (await WrappedKey.get(id=f"deidentified_copy:{row.id}")).wrapped == b""
    (listed,) = (await ward.practice.ask(ward.county.auditor, Copies())).copies
    assert (listed.code, listed.reason) == (row.code, "省里的基层高血压研究")
    with pytest.raises(CopyFinished):
        await ward.practice.ask(SYSTEM, DeidentifiedRecord(copy_id=row.id, patient_id=ward.county.woman, levels=FINEST))


async def two_cases(ward: Ward) -> None:
    await ward.request(NAMED)
    await ward.request(HERS, number=NUMBER_WITH_WECHAT)
    await consent(ward)


async def test_two_copies_share_no_id_and_each_holds_together(ward: Ward, tmp_path: Path) -> None:
    await two_cases(ward)
    ids: list[set[str]] = []
    starts: list[set[str]] = []
    for name in ("one", "two"):
        await make_copy(ward.practice, SYSTEM, wanted(tmp_path / name), quiet)
        resources = whole(tmp_path / name)
        ids.append({one["id"] for one in resources})
        starts.append({one["period"]["start"] for one in resources if one["resourceType"] == "Encounter"})
        subjects = {one["subject"]["reference"] for one in resources if "subject" in one}
        assert subjects == {f"Patient/{one['id']}" for one in lines(tmp_path / name, "Patient")}
    assert not ids[0] & ids[1]
    # A shift is one of 365, so that one date of two may coincide by chance; both never do but once in a hundred thousand.
    assert starts[0] != starts[1]


async def test_a_locked_record_is_in_no_copy_for_tests_either(ward: Ward) -> None:
    practice, woman = ward.practice, ward.county.woman
    copy = DeidentifiedCopy(purpose="tests", region_codes=[])
    work = Work(practice, SYSTEM, BeginCopy(purpose="tests", reason="给测试环境用"))
    assert await refusal(work, copy, woman) is None
    await set_lock(practice, [f"patient:{woman}"], locked=True)
    assert await refusal(work, copy, woman) == "withdrawn"


async def test_who_did_not_consent_or_took_it_back_is_in_no_copy(ward: Ward, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    practice, county = ward.practice, ward.county
    await ward.request(NAMED)
    await ward.request(HERS, number=NUMBER_WITH_WECHAT)
    with pytest.raises(TooFewPatients):
        await make_copy(practice, SYSTEM, wanted(tmp_path / "none"), quiet)
    await consent(ward)
    # She takes it back when her record has been read already: nobody is left of whom there are two.
    real = copying._read_all

    async def read_and_withdraw(run: Any, chosen: Any) -> None:
        await real(run, chosen)
        await practice.execute(county.woman_account, WithdrawConsent(patient_id=county.woman, purpose="research"))

    monkeypatch.setattr(copying, "_read_all", read_and_withdraw)
    made = await make_copy(practice, SYSTEM, wanted(tmp_path / "late"), quiet)
    assert made["patients"]["in_copy"] == 0
    assert made["patients"]["withdrawn"] == 1
    assert set(everything(tmp_path / "late")) == {"manifest.json", "cohort.csv"}
    monkeypatch.undo()
    with pytest.raises(TooFewPatients):
        await make_copy(practice, SYSTEM, wanted(tmp_path / "later"), quiet)
    # For tests an administrator answers; who took research back is left out there too.
    with pytest.raises(NeedsAdministrator):
        await make_copy(practice, SYSTEM, wanted(tmp_path / "tests", purpose="tests"), quiet)
    named = county.administrator.practitioner_id
    with pytest.raises(TooFewPatients):
        await make_copy(practice, SYSTEM, wanted(tmp_path / "tests", purpose="tests", administrator_id=named), quiet)
    assert "deidentification.none_made" in await ward.told(county.administrator)
    assert not [name for name in ("none", "later", "tests") if (tmp_path / name).exists()], "a copy that was refused left its folder"
    assert not await DeidentifiedCopy.filter(finished_at__isnull=True).exists(), "the key of a copy that was refused stayed"
    for person in (county.village_doctor, county.administrator):
        with pytest.raises(NotAllowed):
            await practice.execute(person, BeginCopy(purpose="research", reason="自己看看"))


async def test_a_refusal_that_was_killed_before_it_was_cleared_away_begins_anew(
    ward: Ward, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ward.request(NAMED)
    monkeypatch.setattr(copying, "_clear", lambda run: None)
    with pytest.raises(TooFewPatients):
        await make_copy(ward.practice, SYSTEM, wanted(tmp_path / "copy"), quiet)
    assert (tmp_path / "copy").exists()
    monkeypatch.undo()
    await ward.request(HERS, number=NUMBER_WITH_WECHAT)
    await consent(ward)
    assert (await make_copy(ward.practice, SYSTEM, wanted(tmp_path / "copy"), quiet))["patients"]["in_copy"] == 2


async def test_the_operator_begins_a_copy_in_an_administrators_name_and_the_administrator_is_told(ward: Ward) -> None:
    administrator = ward.county.administrator
    order = BeginCopy(purpose="tests", reason="试一试新版本", administrator_id=administrator.practitioner_id)
    begun = await ward.practice.execute(SYSTEM, order)
    row = await DeidentifiedCopy.get(code=begun.code)
    assert row.account_id == "system:test", "nothing proves that it was the administrator"
    assert row.region_codes == ["522727"]
    entry = await AuditEntry.filter(action="deidentification.begin").order_by("-id").first()
    assert entry is not None
    assert (entry.account_id, entry.detail["administrator"]) == ("system:test", administrator.practitioner_id)
    assert "deidentification.in_your_name" in await ward.told(administrator)
    with pytest.raises(NeedsAdministrator):
        await ward.practice.execute(SYSTEM, order.model_copy(update={"administrator_id": ward.county.village_doctor.practitioner_id}))


async def test_an_erased_relative_stops_nobody_and_who_does_not_open_is_counted(ward: Ward, tmp_path: Path) -> None:
    await two_cases(ward)
    third = "01ARZ3NDEKTSV4RRFFQ69G5FAA"
    his = await Patient.get(id=ward.county.old_man)
    values = {name: getattr(his, name) for name in his._meta.db_fields if name not in ("id",)}
    relative = await Patient.create(**{**values, **_different(his)}, id=third)
    (relation,) = await CareRelation.filter(patient_id=ward.county.woman)
    copied = {name: getattr(relation, name) for name in relation._meta.db_fields if name != "id"}
    await CareRelation.create(**{**copied, "id": third, "patient_id": relative.id, "self_of_id": None})
    await destroy_keys(ward.practice, "patient", third)
    made = await make_copy(ward.practice, SYSTEM, wanted(tmp_path / "copy"), quiet)
    assert (made["patients"]["in_copy"], made["patients"]["unreadable"]) == (2, 0)
    await destroy_keys(ward.practice, "patient", ward.county.old_man)
    order = BeginCopy(purpose="research", reason="省里的基层高血压研究")
    begun = await ward.practice.execute(SYSTEM, order)
    seen = await ward.practice.ask(SYSTEM, Candidates(copy_id=begun.copy_id))
    assert ([one.patient_id for one in seen.people], seen.unreadable) == ([ward.county.woman], 1)


def _different(row: Patient) -> Json:
    """Another number, which no two may have."""
    return {"id_number_blind": row.id_number_blind[::-1]}


async def test_k_is_measured_on_what_is_handed_out(ward: Ward, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """She is seen in another department when her record has been read: what the copy says of her is what it held then, in every file."""
    await two_cases(ward)
    real = copying._read_all

    async def read_and_see_again(run: Any, chosen: Any) -> None:
        await real(run, chosen)
        await Consultation.filter(patient_id=ward.county.woman).update(department_code="07")

    monkeypatch.setattr(copying, "_read_all", read_and_see_again)
    made = await make_copy(ward.practice, SYSTEM, wanted(tmp_path / "copy"), quiet)
    assert (made["patients"]["in_copy"], made["k_anonymity"]["after"]) == (2, 2)


async def test_what_lay_assembled_for_long_is_destroyed(ward: Ward, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await two_cases(ward)
    monkeypatch.setattr(copying, "_settled", lambda run: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        await make_copy(ward.practice, SYSTEM, wanted(tmp_path / "copy"), quiet)
    monkeypatch.undo()
    monkeypatch.setattr(copying, "LONGEST_READY", timedelta(-1))
    with pytest.raises(CopyOverdue):
        await make_copy(ward.practice, SYSTEM, wanted(tmp_path / "copy"), quiet)
    assert set(everything(tmp_path / "copy")) <= {".work/lock"}


async def test_what_broke_off_goes_on_and_reads_nobody_twice(ward: Ward, tmp_path: Path) -> None:
    await two_cases(ward)
    out = tmp_path / "copy"

    class Broken(Exception):
        pass

    def breaks(phase: str, done: int, total: int) -> None:
        if (phase, done) == ("records", 1):
            raise Broken

    with pytest.raises(Broken):
        await make_copy(ward.practice, SYSTEM, wanted(out), breaks)
    assert not (out / "manifest.json").exists()
    with pytest.raises(OtherCopy):
        await make_copy(ward.practice, SYSTEM, wanted(out, k=3), quiet)

    def breaks_late(phase: str, done: int, total: int) -> None:
        if phase == "files" and done == total:
            raise Broken

    with pytest.raises(Broken):
        await make_copy(ward.practice, SYSTEM, wanted(out), breaks_late)
    made = await make_copy(ward.practice, SYSTEM, wanted(out), quiet)
    assert made["patients"]["in_copy"] == 2
    assert await DeidentifiedCopy.all().count() == 1
    assert await AuditEntry.filter(action="deidentification.record").count() == 2
    assert not (out / ".work").exists()
    with pytest.raises(OtherCopy):
        await make_copy(ward.practice, SYSTEM, wanted(out), quiet)


async def test_of_two_at_once_in_one_folder_one_makes_the_copy(ward: Ward, tmp_path: Path) -> None:
    await two_cases(ward)
    runs = [make_copy(ward.practice, SYSTEM, wanted(tmp_path / "copy"), quiet) for _ in range(2)]
    ended = await asyncio.gather(*runs, return_exceptions=True)
    assert [type(one) for one in ended if isinstance(one, BaseException)] == [OtherCopy]
    assert await DeidentifiedCopy.all().count() == 1
    assert len(lines(tmp_path / "copy", "Patient")) == 2


async def test_between_the_end_of_the_key_and_of_the_files_nothing_is_lost(ward: Ward, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await two_cases(ward)
    real = copying._settled
    monkeypatch.setattr(copying, "_settled", lambda run: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        await make_copy(ward.practice, SYSTEM, wanted(tmp_path / "copy"), quiet)
    monkeypatch.setattr(copying, "_settled", real)
    made = await make_copy(ward.practice, SYSTEM, wanted(tmp_path / "copy"), quiet)
    assert made["patients"]["in_copy"] == 2
    assert len(lines(tmp_path / "copy", "Patient")) == 2


async def test_without_the_library_no_copy_is_made_and_one_sentence_says_why(
    practice: Practice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(k_anonymity.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(CheckMissing) as refused:
        await make_copy(practice, SYSTEM, wanted(tmp_path / "copy"), quiet)
    assert "tools/install.sh copies" in refused.value.message
    assert not (tmp_path / "copy").exists()


def test_an_image_holds_its_pixels_and_nothing_of_its_patient() -> None:
    names = NewNames("abc", lambda uid: f"2.25.{int(hashlib.sha256(uid.encode()).hexdigest()[:20], 16)}", -40)
    source = dcmread(BytesIO(named("CT_small.dcm")))
    out = dcmread(BytesIO(deidentified(named("CT_small.dcm"), names)))
    assert out.PixelData == source.PixelData
    assert str(out.PatientID) == str(out.PatientName) == "abc"
    assert (out.PatientIdentityRemoved, out.StudyDate) == ("YES", "20031210")
    assert not [element for element in out if element.tag.is_private or (element.VR == "PN" and str(element.value) not in ("", "abc"))]
    assert str(source.SOPInstanceUID).encode() not in deidentified(named("CT_small.dcm"), names)
