"""A practice opened beside the running house, to make a de-identified copy: databases, keys, files, the masker and the imaging engine."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterable

from core.consultations.models import Consultation
from core.foundation.demonstration import read_offset
from core.foundation.practice import Practice
from core.people.commands_staff import Administrators, AdministratorsView
from core.people.models import Patient
from miniprogram_api.app.rekeying import open_for_rekeying
from miniprogram_api.app.settings import Settings
from miniprogram_api.app.signing import OPERATOR


@contextlib.asynccontextmanager
async def open_for_copying(settings: Settings) -> AsyncIterator[Practice]:
    """FileNotFoundError without master keys, UnusableMasterKeys."""
    from media.imaging import build as build_imaging
    from nlp.masking.masker import build as build_masking

    async with open_for_rekeying(settings) as practice:
        if settings.demo:
            await read_offset(practice)
        practice.engines.masking = build_masking()
        practice.engines.imaging = build_imaging()
        try:
            yield practice
        finally:
            practice.engines.imaging.close()


async def administrator_named(practice: Practice, name: str) -> str | None:
    """The practitioner's id of the only administrator of that name whose right counts now."""
    view: AdministratorsView = await practice.ask(OPERATOR, Administrators())
    found = [one for one in view.administrators if one.counts and name in (one.full_name, one.full_name.split("(")[0])]
    return found[0].practitioner_id if len(found) == 1 else None


async def patients_named(codes: Iterable[str]) -> list[str]:
    """The patients meant by consultation codes and patients' ids; who is unknown is not in it."""
    wanted = [one.upper() for one in codes]
    of_cases = await Consultation.filter(code__in=wanted).values_list("patient_id", flat=True) if wanted else []
    by_id = await Patient.filter(id__in=wanted).values_list("id", flat=True) if wanted else []
    return [*map(str, of_cases), *map(str, by_id)]
