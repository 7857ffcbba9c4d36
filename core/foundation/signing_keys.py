"""Signatures of practitioners: Ed25519 (RFC 8032) over the canonical form of a document.

One key a practitioner, its private half sealed under his own subject in the key ring. It is unlocked by a confirmation given in the session
(the order's ``confirm``) and a second factor (the room of people says which, :func:`unlocks_signing`); both are kept with the signature. What was
signed is not stored a second time: verifying builds the document again from the rows, so an altered row fails.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from tortoise.expressions import F

from core.foundation.canonical import canonical
from core.foundation.errors import Invalid, NotAllowed
from core.foundation.models import Signature, SigningKey
from core.foundation.work import Work


class SignatureNotConfirmed(Invalid):
    """Signing without having said so in the session."""

    code = "signature.unconfirmed"
    sentence = "签名要您本人确认:请看过全文,再点「确认签名」。"


Unlocking = Callable[[Work, str], Awaitable[str]]
U = TypeVar("U", bound=Unlocking)
_UNLOCKING: list[Unlocking] = []


def unlocks_signing(unlocking: U) -> U:
    """Registers ``(work, practitioner_id) -> how``: it refuses with a typed error, or says in a word (at most 16 characters) what unlocked it."""
    if _UNLOCKING:
        raise RuntimeError("signing is unlocked in one way only")
    _UNLOCKING.append(unlocking)
    return unlocking


async def sign(work: Work, kind: str, subject_id: str, document: Mapping[str, Any], *, confirm: bool) -> Signature:
    """The actor's signature under ``document``, which is of ``kind`` (opinion, decision, prescription …) and about row ``subject_id``.

    :class:`SignatureNotConfirmed` without ``confirm``; NotAllowed for an actor who is no practitioner; what the second factor refuses with.
    Nothing of the order stays then.
    """
    if not confirm:
        raise SignatureNotConfirmed
    practitioner_id = work.actor.practitioner_id
    if practitioner_id is None:
        raise NotAllowed(order=work.order.name)
    if not _UNLOCKING:
        raise RuntimeError("nothing unlocks signing: the rooms are not loaded")
    confirmed = await _UNLOCKING[0](work, practitioner_id)
    key, private = await _key_of(work, practitioner_id)
    return await Signature.create(
        id=work.new_id(), key_id=key.id, practitioner_id=practitioner_id, kind=kind, subject_id=subject_id,
        signature=private.sign(_message(kind, subject_id, document)), signed_at=work.now, account_id=work.actor.account_id,
        channel=work.actor.channel, confirmed=confirmed,
    )


async def verify(signature: Signature, document: Mapping[str, Any]) -> bool:
    """Whether ``signature`` is its practitioner's under exactly this document."""
    return _holds(await SigningKey.get(id=signature.key_id), signature, document)


def _holds(key: SigningKey, signature: Signature, document: Mapping[str, Any]) -> bool:
    if key.practitioner_id != signature.practitioner_id:
        return False
    try:
        message = _message(signature.kind, signature.subject_id, document)
        Ed25519PublicKey.from_public_bytes(bytes(key.public_key)).verify(bytes(signature.signature), message)
    except InvalidSignature:
        return False
    return True


async def signatures_of(kind: str, subject_id: str) -> list[Signature]:
    """The signatures of ``kind`` about row ``subject_id``, oldest first."""
    return await Signature.filter(kind=kind, subject_id=subject_id).order_by("id")


async def is_signed(kind: str, subject_id: str, document: Mapping[str, Any]) -> bool:
    """Whether there is a signature of ``kind`` and the latest one is right for ``document``."""
    return (await are_signed(kind, {subject_id: document}))[subject_id]


async def are_signed(kind: str, documents: Mapping[str, Mapping[str, Any]]) -> dict[str, bool]:
    """The same of many documents, by the row that each is about; with two statements for all."""
    if not documents:
        return {}
    latest = {one.subject_id: one for one in await Signature.filter(kind=kind, subject_id__in=list(documents)).order_by("id")}
    keys = {one.id: one for one in await SigningKey.filter(id__in={one.key_id for one in latest.values()})} if latest else {}
    return {
        subject_id: (signature := latest.get(subject_id)) is not None and _holds(keys[signature.key_id], signature, document)
        for subject_id, document in documents.items()
    }


def _message(kind: str, subject_id: str, document: Mapping[str, Any]) -> bytes:
    """What the key signs: the document with what it is and whose row it is, so that a signature cannot be moved to another."""
    return canonical({"kind": kind, "subject": subject_id, "document": document})


async def _key_of(work: Work, practitioner_id: str) -> tuple[SigningKey, Ed25519PrivateKey]:
    sealer = await work.sealer("practitioner", practitioner_id)
    # Taking the row first lets two first signatures at once queue instead of making two keys; the unique column decides the rest.
    await SigningKey.filter(practitioner_id=practitioner_id).update(version=F("version") + 1)
    key = await SigningKey.get_or_none(practitioner_id=practitioner_id)
    if key is not None:
        secret = sealer.open_bytes("signing_key", "private_key", key.id, bytes(key.private_key))
        return key, Ed25519PrivateKey.from_private_bytes(secret)
    private = Ed25519PrivateKey.generate()
    key_id = work.new_id()
    key = await SigningKey.create(
        id=key_id, practitioner_id=practitioner_id, public_key=private.public_key().public_bytes_raw(),
        private_key=sealer.seal_bytes("signing_key", "private_key", key_id, private.private_bytes_raw()), created_at=work.now,
    )
    return key, private
