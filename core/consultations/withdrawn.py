"""The patient takes back his consent to a consultation. What saves a life goes on without it; anything else stops until it is given again.

In an emergency that cannot wait for consent, treatment goes on (民法典 article 1220; 个人信息保护法 article 13, 4).
"""

from __future__ import annotations

from core.consultations.models import Consultation
from core.consultations.timeline import note
from core.consultations.workflow import OPEN_STATES
from core.foundation.work import Work
from core.intake.urgency import urgency
from core.notifications.service import tell
from core.people.consents import hears_withdrawal, was_withdrawn
from core.people.errors_consents import ConsentWithdrawn


@hears_withdrawal
async def consent_withdrawn(work: Work, patient_id: str, purpose: str) -> None:
    """The running consultations lack their consent again, and the village doctor is told."""
    if purpose != "consultation":
        return
    running = Consultation.filter(patient_id=patient_id, consented_at__isnull=False, state__in=[state.value for state in OPEN_STATES])
    for row in await running.order_by("id"):
        row = await note(work, row.id, "consent.withdrawn", consented_at=None)
        await tell(work, row.requester_account_id, "consultation.progress", urgent=True, consultation_id=row.id, step="consent_withdrawn")


async def require_not_withdrawn(work: Work, row: Consultation) -> None:
    """:class:`ConsentWithdrawn` for whoever would bring the patient's data to somebody new, unless it is an emergency."""
    if not urgency(row.urgency).starts_at_once and await was_withdrawn(work, row.patient_id, "consultation") is not None:
        raise ConsentWithdrawn
