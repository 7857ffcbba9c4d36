"""From lines, a policy and the patient's standing to what the insurance pays, and why. Pure; Decimal inside, whole fen outside.

Order of the steps, line by line: is it covered at all; the first share of its class is the patient's own; the deductible that is still open is
taken off; the share is paid; the cap of the service and the cap of the year end it. Each line is rounded half up to the fen, totals are sums.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from core.coverage.policies import TRAIT_LABELS, DrugClass, HouseLevel, Policy, Service

ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Item:
    """One thing charged: ``fee_fen`` is the price of the whole line (unit price times quantity). ``drug_class`` is set for drugs only."""

    ref: str
    name: str
    service: Service
    fee_fen: int
    drug_class: DrugClass | None = None

    def __post_init__(self) -> None:
        if self.fee_fen < 0:
            raise ValueError("a fee below zero")


@dataclass(frozen=True, slots=True)
class Standing:
    """What the insurer knows of the patient on the day. ``why_not``: the reason (a sentence) when he is not insured or not at the moment.

    ``paid_fen`` and ``deductible_fen`` are what was paid and what of the deductible was used in the same year.
    """

    insured: bool
    traits: frozenset[str] = frozenset()
    paid_fen: int = 0
    deductible_fen: int = 0
    why_not: str = "没有登记医保,按自费算。登记后可以重新算。"


@dataclass(frozen=True, slots=True)
class QuotedLine:
    """``pays_fen`` is what the insurance pays of ``fee_fen``, ``own_fen`` what is left, ``reason`` the sentence that explains it."""

    item: Item
    pays_fen: int
    own_fen: int
    deductible_fen: int
    reason: str


@dataclass(frozen=True, slots=True)
class Quote:
    """The whole account. ``deductible_fen`` is what these lines use of the deductible."""

    lines: tuple[QuotedLine, ...]
    fee_fen: int
    pays_fen: int
    own_fen: int
    deductible_fen: int
    reason: str


def yuan(fen: int) -> str:
    """``8640`` as people read it: 86.40."""
    return f"{fen // 100}.{fen % 100:02d}"


def quote(items: Sequence[Item], policy: Policy | None, standing: Standing, level: HouseLevel) -> Quote:
    """What the insurance pays of ``items`` at a house of ``level``. Without insurance, or without rules for the day, nothing, with the reason."""
    if not standing.insured:
        return _nothing(items, standing.why_not)
    if policy is None:
        return _nothing(items, "这一天没有生效的医保规则,先按自费算。")
    account = _Account(policy, standing, level)
    lines = tuple([account.line(item) for item in items])
    return _sum(lines, _headline(policy, sum(line.fee_fen for line in items), sum(line.pays_fen for line in lines)))


def _nothing(items: Sequence[Item], reason: str) -> Quote:
    return _sum(tuple([QuotedLine(item, 0, item.fee_fen, 0, reason) for item in items]), reason)


def _sum(lines: tuple[QuotedLine, ...], reason: str) -> Quote:
    return Quote(
        lines,
        fee_fen=sum(line.item.fee_fen for line in lines),
        pays_fen=sum(line.pays_fen for line in lines),
        own_fen=sum(line.own_fen for line in lines),
        deductible_fen=sum(line.deductible_fen for line in lines),
        reason=reason,
    )


def _headline(policy: Policy, fee_fen: int, pays_fen: int) -> str:
    return f"按{policy.title}计算:共 {yuan(fee_fen)} 元,医保报 {yuan(pays_fen)} 元,您付 {yuan(fee_fen - pays_fen)} 元。"


class _Account:
    """What is left of deductible and caps while the lines are gone through."""

    def __init__(self, policy: Policy, standing: Standing, level: HouseLevel) -> None:
        self._policy = policy
        self._level = level
        used = standing.deductible_fen if policy.deductible_per == "year" else 0
        self._deductible = max(0, policy.deductible_fen - used)
        self._year_left = None if policy.annual_cap_fen is None else max(0, policy.annual_cap_fen - standing.paid_fen)
        self._paid: Counter[Service] = Counter()
        self._additions = {name: share for name, share in policy.additions.items() if name in standing.traits}

    def line(self, item: Item) -> QuotedLine:
        if item.service in self._policy.not_covered:
            return QuotedLine(item, 0, item.fee_fen, 0, "这一项不在医保范围内,由您自付。")
        if item.service is Service.DRUG and item.drug_class in (None, DrugClass.NONE):
            return QuotedLine(item, 0, item.fee_fen, 0, "这个药不在医保目录内,由您自付。")
        said: list[str] = []
        eligible = self._after_first_share(item, said)
        deductible, eligible = self._after_deductible(eligible, said)
        exact = eligible * self._share(item.service, said)
        pays = int(exact.quantize(ONE, ROUND_HALF_UP))
        pays = self._capped(item.service, pays, said)
        return QuotedLine(item, pays, item.fee_fen - pays, deductible, f"{','.join(said)}:医保报 {yuan(pays)} 元。")

    def _after_first_share(self, item: Item, said: list[str]) -> Decimal:
        fee = Decimal(item.fee_fen)
        first = Decimal(0) if item.drug_class is None else self._policy.first_share.get(item.drug_class, Decimal(0))
        if first:
            said.append(f"乙类药先自付 {_percent(first)}")
        return fee * (ONE - first)

    def _after_deductible(self, eligible: Decimal, said: list[str]) -> tuple[int, Decimal]:
        """The part that goes to the deductible (whole fen), and what is left."""
        if self._deductible == 0 or eligible == 0:
            return 0, eligible
        part = min(Decimal(self._deductible), eligible)
        used = int(part.quantize(ONE, ROUND_HALF_UP))
        self._deductible -= used
        said.append(f"起付线内的 {yuan(used)} 元自付")
        return used, max(Decimal(0), eligible - part)

    def _share(self, service: Service, said: list[str]) -> Decimal:
        share = self._policy.benefit_for(service).share_in(self._level)
        total = min(ONE, share + sum(self._additions.values(), Decimal(0)))
        added = "".join(f"({TRAIT_LABELS.get(name, name)}加 {_percent(more)})" for name, more in self._additions.items())
        said.append(f"按 {_percent(total)} 报{added}")
        return total

    def _capped(self, service: Service, pays: int, said: list[str]) -> int:
        cap = self._policy.benefit_for(service).cap_fen
        if cap is not None and pays > (left := max(0, cap - self._paid[service])):
            pays = left
            said.append(f"一次最多报 {yuan(cap)} 元")
        if self._year_left is not None and pays > self._year_left:
            pays = self._year_left
            said.append(f"今年的限额只剩 {yuan(pays)} 元" if pays else "今年的限额已用完")
        self._paid[service] += pays
        if self._year_left is not None:
            self._year_left -= pays
        return pays


def _percent(share: Decimal) -> str:
    return f"{(share * 100).normalize():f}%"
