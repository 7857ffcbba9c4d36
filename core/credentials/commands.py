"""What can be asked about proofs of attributes: by the patient, by whoever checks a proof, and by the house itself."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from core.credentials.attributes import Attribute
from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.orders import Command, Grant, Query, Result

County = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
Nonce = Annotated[str, StringConstraints(pattern=r"^[0-9]{10,40}$")]
Audience = Annotated[str, StringConstraints(pattern="^[!-~\u4e00-\u9fff]{1,80}$")]
"""How a verifier names himself: his address, or a name of his own. Printable ASCII and Chinese characters, without spaces."""
Code = Annotated[str, StringConstraints(pattern=r"^Z-[0-9A-HJKMNP-TV-Z]{8}$")]
Proof = Annotated[str, StringConstraints(min_length=2, max_length=80_000)]

_HIS_OWN = (Grant(Role.SYSTEM), Grant(Role.VISITOR, "own_or_ward"))
_HOUSE = (Grant(Role.SYSTEM),)


class CredentialLine(Result):
    """One attribute as the page of its holder shows it. ``state``: none, making, ready. ``basis``: on whose word. ``shown`` and ``hidden``: what
    the other side gets to see, and what not. ``why_not``: why it cannot be had, in words; empty where it can."""

    attribute: Attribute
    label: str
    way: str
    way_label: str
    state: Literal["none", "making", "ready"]
    expires_at: datetime | None
    basis: str
    shown: tuple[str, ...]
    hidden: tuple[str, ...]
    why_not: str = ""


class ShownLine(Result):
    """One showing: ``used_at`` None when nobody fetched it."""

    attribute: Attribute
    label: str
    made_at: datetime
    used_at: datetime | None
    audience: str


class CredentialsView(Result):
    """``issuer``: the county that issues, as people say it."""

    lines: tuple[CredentialLine, ...]
    shown: tuple[ShownLine, ...]
    issuer: str


class MyCredentials(Query):
    name = "credentials.mine"
    title = "我的证明"
    access = _HIS_OWN
    gives = CredentialsView
    audited = True
    patient_id: Id


class IssueCredential(Command):
    """办理证明: the insurer is asked, or the birth date looked at; the credential is made a moment later. One that counts is kept as it is.

    Errors: NotInsured, BirthNotChecked, NotOfAge.
    """

    name = "credentials.issue"
    title = "办理证明"
    access = _HIS_OWN
    gives = CredentialLine
    patient_id: Id
    attribute: Attribute


class OfferView(Result):
    """``code``: what the holder shows; good once, until ``expires_at``."""

    code: str = Field(repr=False)
    attribute: Attribute
    expires_at: datetime
    lasts_s: int


class OfferProof(Command):
    """出示证明: a number for one showing within two minutes. The insurer is asked anew; who is no longer insured loses the credential.

    Errors: CredentialMissing, CredentialBeingMade, NotInsured, NotOfAge.
    """

    name = "credentials.offer"
    title = "出示证明"
    access = _HIS_OWN
    gives = OfferView
    patient_id: Id
    attribute: Attribute


class WithdrawCredential(Command):
    """作废证明, by its holder. Without one that counts nothing happens."""

    name = "credentials.withdraw"
    title = "作废证明"
    access = _HIS_OWN
    gives = CredentialLine
    patient_id: Id
    attribute: Attribute


class CheckOpened(Result):
    nonce: str
    audience: str
    expires_at: datetime
    lasts_s: int


class OpenCheck(Command):
    """A verifier without an account begins: he gets a nonce for one check within two minutes."""

    name = "credentials.open_check"
    title = "开始查验"
    access = _HOUSE
    gives = CheckOpened
    audience: Audience


class ProofShown(Result):
    """``proof``: as it travels (:mod:`core.credentials.checking`)."""

    proof: str = Field(repr=False)


class ShowProof(Command):
    """The proof behind a number, made for this nonce and audience; the number is spent by it. Errors: OfferUnknown, OfferUsed."""

    name = "credentials.show"
    title = "取证明"
    access = _HOUSE
    gives = ProofShown
    code: Code = Field(repr=False)
    nonce: Nonce
    audience: Audience


class CheckResult(Result):
    """Nothing but the answer: what was proved, who says so, when, and what was checked."""

    attribute: Attribute
    result: str
    issuer: str
    county: str
    way: str
    way_label: str
    checked: tuple[str, ...]
    checked_at: datetime
    key_thumbprint: str


class CheckProof(Command):
    """Check a proof for a nonce that the house gave; the nonce is spent by it, right or wrong. Errors: NonceUnknown, NonceUsed, ProofRefused."""

    name = "credentials.check"
    title = "查验证明"
    access = _HOUSE
    gives = CheckResult
    nonce: Nonce
    proof: Proof = Field(repr=False)


class PublishedView(Result):
    """What anybody may have to check proofs of a county by himself, for ten minutes (:mod:`core.credentials.checking`)."""

    county: str
    name: str
    key: dict[str, str]
    key_thumbprint: str
    issuer: str
    status_lists: tuple[str, ...]
    registries: tuple[str, ...]


class Published(Query):
    name = "credentials.published"
    title = "证明的公开资料"
    access = _HOUSE
    gives = PublishedView
    county: County


class IssuerMade(Result):
    county: str
    made: bool


class MakeIssuer(Command):
    """The county's keys, once; some seconds of CPU before the transaction."""

    name = "credentials.make_issuer"
    title = "准备县里的签发密钥"
    access = _HOUSE
    gives = IssuerMade
    county: County


class AddRegistry(Command):
    """The registry after ``after`` (0: the first); about a second of CPU before the transaction."""

    name = "credentials.add_registry"
    title = "准备作废登记簿"
    access = _HOUSE
    gives = IssuerMade
    county: County
    after: int = Field(ge=0, le=1_000_000)


class CredentialState(Result):
    credential_id: Id
    state: Literal["making", "ready", "revoked"]


class TakePlace(Command):
    """A place in the status list or registry for a credential that is being made. Errors: RegistryFull."""

    name = "credentials.take_place"
    title = "登记证明的位置"
    access = _HOUSE
    gives = CredentialState
    credential_id: Id


class MakeCredential(Command):
    """Sign the credential at its place, with what is on record now."""

    name = "credentials.make"
    title = "制作证明"
    access = _HOUSE
    gives = CredentialState
    credential_id: Id


class ReviewAges(Command):
    """The system: a credential *of age* goes when nobody vouches for the birth date any more, or its holder is a minor by it. ``patient_id``: his,
    because something changed of who he is; None: everybody's, when the house starts and once a day, in batches."""

    name = "credentials.review_ages"
    title = "复核成年证明"
    access = _HOUSE
    patient_id: Id | None = None
    after: str = Field(default="", max_length=26)
    """The credential up to which it has looked today."""


class RevokeCredentials(Command):
    """Revoke what counts of a patient: ``attribute`` or (None) everything. ``because``: a code."""

    name = "credentials.revoke"
    title = "作废证明(系统)"
    access = _HOUSE
    patient_id: Id
    attribute: Attribute | None = None
    because: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,20}$")]


