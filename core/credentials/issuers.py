"""A county as issuer: its keys, made once and sealed under the house's key; its registries; and what it publishes."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from core.credentials import predicates, selective
from core.credentials.attributes import Attribute
from core.credentials.commands import AddRegistry, IssuerMade, MakeIssuer, Published, PublishedView
from core.credentials.documents import ISSUER_TYPE, REGISTRY_TYPE, issuer_id, signed_document, thumbprint
from core.credentials.errors import IssuerUnknown
from core.credentials.facts import county_name
from core.credentials.models import CountyIssuer, IssuedCredential, RevocationRegistry
from core.credentials.predicates import Definition, Registry
from core.credentials.status_lists import SIZE, status_token
from core.foundation.actor import Actor
from core.foundation.orders import answers, handles, prepares
from core.foundation.practice import Practice
from core.foundation.work import Work

SEALED = ("house", "credential_issuer")
GOOD_FOR_S = 600
"""How long what is published may be gone by: so late a verifier who keeps a copy may hear of a revocation."""


@prepares(MakeIssuer)
async def find_keys(practice: Practice, actor: Actor, order: MakeIssuer) -> Definition | None:
    """New keys, unless the county has some. Two who do it at once make two pairs, and one is thrown away."""
    if await CountyIssuer.exists(county=order.county):
        return None
    return await asyncio.to_thread(predicates.set_up, order.county)


@handles(MakeIssuer)
async def make_issuer(work: Work, order: MakeIssuer, made: Definition | None = None) -> IssuerMade:
    if made is None or await CountyIssuer.exists(county=order.county):
        return IssuerMade(county=order.county, made=False)
    key, row_id = selective.new_key(), work.new_id()
    sealer = await work.sealer(*SEALED)
    await CountyIssuer.create(
        id=row_id, county=order.county, name=await county_name(order.county), public_key=selective.public_half(key),
        signing_key=sealer.seal("county_issuer", "signing_key", row_id, json.dumps(key)),
        age_schema=made.schema, age_definition=made.public, age_proof_of_key=made.proof_of_key,
        age_private=sealer.seal("county_issuer", "age_private", row_id, made.private), made_at=work.practice.clock.real_now(),
    )
    return IssuerMade(county=order.county, made=True)


@prepares(AddRegistry)
async def find_registry(practice: Practice, actor: Actor, order: AddRegistry) -> Registry | None:
    if await RevocationRegistry.exists(county=order.county, number=order.after + 1):
        return None
    work = Work(practice, actor, order)
    definition = await definition_of(work, await issuer_of(order.county))
    at = int(practice.clock.real_now().timestamp())
    return await asyncio.to_thread(predicates.new_registry, order.county, definition, order.after + 1, at=at, capacity=predicates.CAPACITY)


@handles(AddRegistry)
async def add_registry(work: Work, order: AddRegistry, made: Registry | None = None) -> IssuerMade:
    number = order.after + 1
    if made is None or await RevocationRegistry.exists(county=order.county, number=number):
        return IssuerMade(county=order.county, made=False)
    sealer, row_id = await work.sealer(*SEALED), work.new_id()
    await RevocationRegistry.create(
        id=row_id, county=order.county, number=number, definition=made.public,
        private=sealer.seal("revocation_registry", "private", row_id, made.private), tails=made.tails, status_list=made.status_list,
        capacity=made.capacity,
    )
    return IssuerMade(county=order.county, made=True)


async def issuer_of(county: str) -> CountyIssuer:
    """The county's keys; :class:`IssuerUnknown` while there are none."""
    row = await CountyIssuer.get_or_none(county=county)
    if row is None:
        raise IssuerUnknown
    return row


async def signing_key(work: Work, row: CountyIssuer) -> dict[str, Any]:
    """The private JWK, opened."""
    sealer = await work.sealer(*SEALED)
    key: dict[str, Any] = json.loads(sealer.open("county_issuer", "signing_key", row.id, bytes(row.signing_key)))
    return key


async def definition_of(work: Work, row: CountyIssuer) -> Definition:
    sealer = await work.sealer(*SEALED)
    private = sealer.open("county_issuer", "age_private", row.id, bytes(row.age_private))
    return Definition(row.age_schema, row.age_definition, private, row.age_proof_of_key)


async def registry_of(work: Work, row: RevocationRegistry) -> Registry:
    sealer = await work.sealer(*SEALED)
    private = sealer.open("revocation_registry", "private", row.id, bytes(row.private))
    return Registry(row.definition, private, bytes(row.tails), row.status_list, row.capacity)


@answers(Published)
async def published(work: Work, order: Published) -> PublishedView:
    """Signed anew each time: what was revoked a moment ago is in it."""
    row = await issuer_of(order.county)
    key, issued = await signing_key(work, row), int(work.practice.clock.real_now().timestamp())
    common = {"iss": issuer_id(row.county), "iat": issued, "exp": issued + GOOD_FOR_S}
    about = {**common, "name": row.name, "schema": json.loads(row.age_schema), "definition": json.loads(row.age_definition)}
    registries = [
        signed_document(key, REGISTRY_TYPE, {
            **common, "id": predicates.registry_id(row.county, one.number), "definition": json.loads(one.definition),
            "list": json.loads(one.status_list),
        })
        for one in await RevocationRegistry.filter(county=row.county).order_by("number")
    ]
    return PublishedView(
        county=row.county, name=row.name, key=row.public_key, key_thumbprint=thumbprint(row.public_key),
        issuer=signed_document(key, ISSUER_TYPE, about), status_lists=await _status_lists(work, row, key, issued), registries=tuple(registries),
    )


async def _status_lists(work: Work, row: CountyIssuer, key: dict[str, Any], issued: int) -> tuple[str, ...]:
    """Those in which something that has not run out stands; one at least."""
    now = work.practice.clock.real_now()
    alive = IssuedCredential.filter(county=row.county, attribute=Attribute.INSURED.value, place__isnull=False, expires_at__gt=now)
    oldest = await alive.order_by("place").first()
    newest = max(row.next_status - 1, 0) // SIZE
    first = newest if oldest is None or oldest.place is None else oldest.place // SIZE
    revoked: dict[int, list[int]] = {number: [] for number in range(first, newest + 1)}
    for gone in await alive.filter(revoked_at__isnull=False).only("id", "place"):
        if gone.place is not None:
            revoked[gone.place // SIZE].append(gone.place % SIZE)
    return tuple(
        status_token(key, row.county, number, indexes, issued=issued, lasts_s=GOOD_FOR_S) for number, indexes in sorted(revoked.items())
    )
