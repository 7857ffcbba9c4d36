"""The room's front: loading this module registers its handlers and relations; other rooms import from here."""

from __future__ import annotations

from core.people import (
    access,
    access_log,
    account_joins,
    administrators,
    alarms,
    claims,
    consent_overview,
    devices,
    enlisting,
    families,
    finding,
    hand_over,
    join_judges,
    nearby,
    organisations,
    paper,
    practitioner_views,
    real_name_again,
    role_grants,
    second_factor,
    staff,
    views,
)
from core.people.accounts import account_phone, actor_for, joins_accounts, live_account, phone_to_tell, staff_subjects
from core.people.cards import (
    PatientCard,
    PractitionerCard,
    listed_patient,
    number_on_list,
    patient_accounts,
    patient_card,
    practitioner_card,
    practitioner_cards,
)
from core.people.consents import give_within, has_consent, hears_withdrawal, require_care, require_consent, set_aside_paper, was_withdrawn
from core.people.demonstration_factors import demonstration_secrets
from core.people.lists import village_doctors_of
from core.people.patients import home_organisation
from core.people.reading import elder_mode
from core.people.real_name import connect_real_name
from core.people.sessions import BEARERS, PAGES, SignedIn, session_actor, session_holder, session_runs, signed_in
from core.people.telling import tells_people
from core.people.views import care_relations

__all__ = [
    "BEARERS",
    "PAGES",
    "PatientCard",
    "PractitionerCard",
    "SignedIn",
    "access",
    "access_log",
    "account_joins",
    "account_phone",
    "actor_for",
    "administrators",
    "alarms",
    "care_relations",
    "claims",
    "connect_real_name",
    "consent_overview",
    "demonstration_secrets",
    "devices",
    "elder_mode",
    "enlisting",
    "families",
    "finding",
    "give_within",
    "hand_over",
    "has_consent",
    "hears_withdrawal",
    "home_organisation",
    "join_judges",
    "joins_accounts",
    "listed_patient",
    "live_account",
    "nearby",
    "number_on_list",
    "organisations",
    "paper",
    "patient_accounts",
    "patient_card",
    "phone_to_tell",
    "practitioner_card",
    "practitioner_cards",
    "practitioner_views",
    "real_name_again",
    "require_care",
    "require_consent",
    "role_grants",
    "second_factor",
    "session_actor",
    "session_holder",
    "session_runs",
    "set_aside_paper",
    "signed_in",
    "staff",
    "staff_subjects",
    "tells_people",
    "views",
    "village_doctors_of",
    "was_withdrawn",
]
