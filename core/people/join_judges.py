"""Which administrators decide whether two accounts are one person's: those of the houses that both belong to, never those of another county.

An account belongs to the house of its practitioner and to those that keep the records which it opens. Whoever administers a house that stands above
all of them (or is it) decides. Where there is none (two subtrees, two counties) it is for the house at the top of each; an account of no house is
for the houses at the top. Only where nobody holds the role there it goes up to the county, and then to every administrator: nobody waits for ever.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from core.foundation.actor import Role
from core.foundation.orders import Order, relation
from core.foundation.rows import row_named
from core.foundation.work import Work
from core.people.models import Account, CareRelation, JoinReview, Organisation, Patient, Practitioner, RoleHeld
from core.people.roles import running
from core.people.rules import county_of


@dataclass(slots=True)
class Tree:
    """``above``: each house with those above it, nearest first. ``county``: of each. ``administered``: where somebody holds the role now."""

    above: dict[str, tuple[str, ...]] = field(default_factory=dict)
    county: dict[str, str] = field(default_factory=dict)
    administered: frozenset[str] = frozenset()


def judging(tree: Tree, houses: Collection[str]) -> frozenset[str]:
    """The houses whose administrators decide over accounts that belong to ``houses``. Pure."""
    lines = [frozenset(tree.above[one]) for one in houses if one in tree.above]
    tops = frozenset(tree.above[one][-1] for one in (houses or tree.above) if one in tree.above)
    common = frozenset.intersection(*lines) if lines else tops
    counties = {tree.county[one] for one in houses if one in tree.county}
    near = frozenset(one for one, county in tree.county.items() if county in counties)
    for choice in (common, tops, near):
        if found := choice & tree.administered:
            return found
    return tree.administered


async def judging_houses(work: Work, reviews: Iterable[tuple[str, str, str]]) -> dict[str, frozenset[str]]:
    """Of each review (its id, and its two accounts) the houses whose administrators decide, in so many statements whatever their number."""
    asked = list(reviews)
    living = await _living({account for _, one, other in asked for account in (one, other)})
    houses = await _houses(set(living.values()))
    tree = await _tree(work)
    return {
        review_id: judging(tree, houses.get(living[one], set()) | houses.get(living[other], set())) for review_id, one, other in asked
    }


async def _living(accounts: set[str]) -> dict[str, str]:
    """Each account, and the one that lives on for it."""
    found = {one: one for one in accounts}
    new = accounts
    while new:
        rows = await Account.filter(id__in=list(new), joined_to_id__isnull=False).values_list("id", "joined_to_id")
        joined = {str(one): str(other) for one, other in rows}
        found = {one: joined.get(last, last) for one, last in found.items()}
        new = set(joined.values())
    return found


async def _houses(accounts: set[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in await Practitioner.filter(account_id__in=list(accounts)).only("id", "account_id", "organisation_id"):
        found.setdefault(row.account_id, set()).add(row.organisation_id)
    relations = await CareRelation.filter(account_id__in=list(accounts), ended_at__isnull=True).values_list("account_id", "patient_id")
    patients = [str(patient) for _, patient in relations]
    keeps: Mapping[str, str] = {row.id: row.organisation_id for row in await Patient.filter(id__in=patients).only("id", "organisation_id")}
    for account, patient in relations:
        found.setdefault(str(account), set()).add(keeps[str(patient)])
    return found


async def _tree(work: Work) -> Tree:
    rows = {row.id: row for row in await Organisation.all().only("id", "parent_id", "region_code")}
    tree = Tree(county={one: county_of(row.region_code) for one, row in rows.items()})
    for one, row in rows.items():
        line, up = [one], row.parent_id
        while up is not None and up not in line:
            line.append(up)
            up = rows[up].parent_id
        tree.above[one] = tuple(line)
    held = RoleHeld.filter(running(work.now), role=Role.ADMINISTRATOR.value)
    pairs = [(str(account), str(house)) for account, house in await held.values_list("account_id", "organisation_id")]
    active = Practitioner.filter(account_id__in=[account for account, _ in pairs], active=True)
    at_work = {str(one) for one in await active.values_list("account_id", flat=True)}
    tree.administered = frozenset(house for account, house in pairs if account in at_work)
    return tree


@relation("judges_accounts")
async def judges_accounts(work: Work, order: Order) -> bool:
    """The two accounts of ``order.review_id`` belong to houses for which the actor's decides."""
    row = await row_named(JoinReview, order, "review_id")
    if row is None:
        return False
    return bool((await judging_houses(work, [(row.id, row.older_id, row.newer_id)]))[row.id] & work.actor.organisations(Role.ADMINISTRATOR))


async def judges(work: Work, review_id: str, one_id: str, other_id: str) -> list[str]:
    """The accounts of those who decide: they are told."""
    houses = (await judging_houses(work, [(review_id, one_id, other_id)]))[review_id]
    held = RoleHeld.filter(running(work.now), role=Role.ADMINISTRATOR.value, organisation_id__in=list(houses))
    accounts = [str(one) for one in await held.values_list("account_id", flat=True)]
    return [row.account_id for row in await Practitioner.filter(account_id__in=accounts, active=True).order_by("id")]
