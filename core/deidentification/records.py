"""One patient's record for a copy: gathered as FHIR, with what the practice knows of the people in it, and rewritten."""

from __future__ import annotations

import asyncio
import contextlib
import re
from datetime import date
from functools import partial
from typing import Any

from core.consultations.models import Consultation
from core.coverage.models import Membership
from core.deidentification.commands import DeidentifiedImage, DeidentifiedImageView, DeidentifiedRecord, DeidentifiedView
from core.deidentification.making import homes_of, is_of, open_copy, refusal
from core.deidentification.models import DeidentifiedCopy
from core.deidentification.pseudonyms import PatientKey
from core.deidentification.rewriting import Json, Rewriting
from core.deidentification.rules import Quasi, band, generalised
from core.fhir.elements import Case
from core.fhir.service import gather
from core.fhir.validation import validate
from core.foundation.errors import NotFound
from core.foundation.orders import answers
from core.foundation.practice import EngineAway
from core.foundation.withheld import CANNOT_OPEN
from core.foundation.work import Work
from core.imaging.models import Instance
from core.people.accounts import account_phone
from core.people.cards import PatientCard, patient_cards, practitioner_name
from core.people.errors import ConsentMissing
from core.people.models import CareRelation, Organisation, Patient, Practitioner
from core.people.names import DEMONSTRATION_MARK
from core.people.rules import local_date
from media.imaging.deidentify import ImageWithheld, NewNames
from nlp.interface.masking import Known

_KINDS_OF_PLACE = re.compile(r"(?<=[省市县区乡镇村州旗盟])")
BASE = "urn:huizhen:copy"


@answers(DeidentifiedRecord)
async def deidentified_record(work: Work, order: DeidentifiedRecord) -> DeidentifiedView:
    copy = await open_copy(order.copy_id)
    work.concerns("patient", order.patient_id, copy=copy.code, reason=copy.purpose)
    consultations = await Consultation.filter(patient_id=order.patient_id).order_by("created_at", "id")
    homes = await homes_of({order.patient_id: set()})
    if not consultations or not is_of(copy, homes[order.patient_id]):
        raise NotFound
    if await refusal(work, copy, order.patient_id) is not None:
        raise ConsentMissing
    if work.practice.engines.masking is None:
        raise EngineAway
    key = await key_of(work, copy, order.patient_id)
    card = (await patient_cards(work, [order.patient_id]))[order.patient_id]
    quasi = Quasi(card.age_years, card.sex, homes[order.patient_id], tuple(sorted({one.department_code for one in consultations})))
    known = await known_of(work, card, consultations)
    shown = "" if order.levels.age == 3 else band(card.age_years, order.levels.age)
    known = known.model_copy(update={"age": card.age_years, "band": shown, "shift_days": key.shift_days})
    case = Case(BASE, whole=True)
    for row in consultations:
        await gather(case, work, row)
    days = {f"Encounter/{one.id}": local_date(one.created_at) for one in consultations}
    masks = partial(_masks, work.practice.engines.masking, known)
    rewriting = Rewriting(key, order.levels, quasi, generalised(quasi, order.levels), masks, days, local_date(consultations[-1].created_at))
    resources = await asyncio.to_thread(_rewritten, rewriting, list(case.resources.values()))
    images = await Instance.filter(patient_id=order.patient_id).order_by("id").values_list("id", flat=True)
    return DeidentifiedView(
        pseudonym=key.patient, row=rewriting.row, resources=tuple(resources), masked=dict(rewriting.counts), images=tuple(str(one) for one in images)
    )


@answers(DeidentifiedImage)
async def deidentified_image(work: Work, order: DeidentifiedImage) -> DeidentifiedImageView:
    copy = await open_copy(order.copy_id)
    row = await Instance.get_or_none(id=order.image_id)
    if row is None:
        raise NotFound
    work.concerns("patient", row.patient_id, copy=copy.code, image=row.id, reason=copy.purpose)
    homes = await homes_of({row.patient_id: set()})
    if not is_of(copy, homes[row.patient_id]):
        raise NotFound
    if await refusal(work, copy, row.patient_id) is not None:
        raise ConsentMissing
    if work.practice.engines.imaging is None:
        raise EngineAway
    key = await key_of(work, copy, row.patient_id)
    names = NewNames(key.patient, key.uid, key.shift_days)
    data = await work.practice.blobs.get(row.blob_id, "patient", row.patient_id)
    try:
        made = await asyncio.to_thread(work.practice.engines.imaging.deidentified, data, names, with_text=order.with_text)
    except ImageWithheld as withheld:
        return DeidentifiedImageView(name="", data=b"", withheld=withheld.reason)
    return DeidentifiedImageView(name=key.uid(row.sop_instance_uid), data=made, withheld="")


def _masks(masker: Any, known: Known, written_on: date, text: str) -> Any:
    return masker.mask(text, known.model_copy(update={"written_on": written_on}))


def _rewritten(rewriting: Rewriting, resources: list[Json]) -> list[Json]:
    """Rewritten, and valid R4 still: what we hand to others is checked as what we show."""
    out = [rewriting.resource(one) for one in resources]
    entries = [{"fullUrl": f"{BASE}/{one['resourceType']}/{one['id']}", "resource": one} for one in out]
    validate({"resourceType": "Bundle", "type": "collection", "entry": entries})
    return out


async def key_of(work: Work, copy: DeidentifiedCopy, patient_id: str) -> PatientKey:
    sealer = await work.sealer("deidentified_copy", copy.id)
    return PatientKey(bytes.fromhex(sealer.open("deidentified_copy", "key", copy.id, bytes(copy.key))), patient_id)


async def known_of(work: Work, card: PatientCard, consultations: list[Consultation]) -> Known:
    """Everybody and every place that the practice itself can name in this record: the patient, his family, all who work here, all houses."""
    relations = await CareRelation.filter(patient_id=card.patient_id)
    accounts = {one.account_id for one in relations}
    family = await CareRelation.filter(account_id__in=list(accounts)) if accounts else []
    people = {card.patient_id, *(one.patient_id for one in family)}
    names, numbers = [], [one.code for one in consultations]
    for row in await Patient.filter(id__in=list(people)):
        # A relative whose keys were destroyed is not known any more; that must stop nobody else's record.
        with contextlib.nullcontext() if row.id == card.patient_id else contextlib.suppress(*CANNOT_OPEN):
            sealer = await work.sealer("patient", row.id)
            names.append(sealer.open("patient", "full_name", row.id, bytes(row.full_name)))
            numbers.append(sealer.open("patient", "id_number", row.id, bytes(row.id_number)))
            if row.phone is not None:
                numbers.append(sealer.open("patient", "phone", row.id, bytes(row.phone)))
    for account in sorted(accounts):
        with contextlib.suppress(*CANNOT_OPEN):
            numbers += filter(None, [await account_phone(work, account)])
    numbers += await _member_numbers(work, card.patient_id)
    names += [await practitioner_name(work, row) for row in await Practitioner.all().order_by("id")]
    places: set[str] = set()
    for house in await Organisation.all():
        places |= {house.name.removesuffix(DEMONSTRATION_MARK), *(part for part in _KINDS_OF_PLACE.split(house.region_name) if len(part) > 1)}
    return Known(names=tuple(sorted(set(names))), numbers=tuple(numbers), places=tuple(sorted(places)))


async def _member_numbers(work: Work, patient_id: str) -> list[str]:
    sealer = await work.sealer("patient", patient_id)
    rows = await Membership.filter(patient_id=patient_id)
    return [sealer.open("membership", "member_number", row.id, bytes(row.member_number)) for row in rows]
