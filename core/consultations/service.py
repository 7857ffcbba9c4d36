"""The room's front: loading this module registers its handlers, relations and listeners; other rooms import from here."""

from __future__ import annotations

from core.consultations import arranging, beginning, case, of_patient, opinions, ratings, reading, relations, steps, wanting
from core.consultations.closing import cancel_consultation, tell_everybody, tell_group, tell_patient, tell_village_doctor
from core.consultations.creation import NewConsultation, create_consultation
from core.consultations.hooks import (
    CaseFacts,
    has_image,
    involves,
    knows_images,
    tells_of_case,
    when_closed,
    when_forgotten,
    when_ready,
    when_returned,
)
from core.consultations.opinions import diagnoses_in, latest_decision, latest_of, latest_opinion
from core.consultations.requirements import material_arrived, open_consultation
from core.consultations.steps import begin
from core.consultations.timeline import consultation_of, hold, make_step, note
from core.consultations.views import complaint_opened, missing, picture_opened, status_of, statuses_of
from core.consultations.waiting import wait_for_requirements
from core.people.files import keep_blob

__all__ = [
    "CaseFacts",
    "NewConsultation",
    "arranging",
    "begin",
    "beginning",
    "cancel_consultation",
    "case",
    "complaint_opened",
    "consultation_of",
    "create_consultation",
    "diagnoses_in",
    "has_image",
    "hold",
    "involves",
    "keep_blob",
    "knows_images",
    "latest_decision",
    "latest_of",
    "latest_opinion",
    "make_step",
    "material_arrived",
    "missing",
    "note",
    "of_patient",
    "open_consultation",
    "opinions",
    "picture_opened",
    "ratings",
    "reading",
    "relations",
    "status_of",
    "statuses_of",
    "steps",
    "tell_everybody",
    "tell_group",
    "tell_patient",
    "tell_village_doctor",
    "tells_of_case",
    "wait_for_requirements",
    "wanting",
    "when_closed",
    "when_forgotten",
    "when_ready",
    "when_returned",
]
