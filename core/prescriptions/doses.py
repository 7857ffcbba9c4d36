"""How much and for how long: adult limits, a child's by weight, days of supply (处方管理办法 2007). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from core.prescriptions.drugs import Drug, drug
from core.prescriptions.items import Action, Facts, Finding, Item, Person
from core.prescriptions.knowledge_base import knowledge

HALF = Decimal("0.5")


def dose_findings(item: Item, person: Person, facts: Facts) -> Iterator[Finding]:
    """What is wrong with amount, times, pieces, age or days of one item."""
    one = drug(item.drug)
    if one.weekly:
        yield _finding("dose.weekly", "B", one, f"{one.name}每周一次,不能按天开;要用请专科当面开", "GK", "gk")
    yield from _times(one, item.times_per_day, "dose.times")
    if person.age_months < one.min_age_months:
        yield _finding("dose.age", "B", one, f"{one.name}:{_age(one.min_age_months)}以下不用", one.source, one.mark)
    elif _is_child(person):
        yield from _childs(item, one, person, facts)
    else:
        yield from _adults(item, one)
    if one.countable and (item.dose / one.per_unit) % HALF:
        yield _finding("dose.pieces", "W", one, f"{one.name}每次 {spoken_amount(item.dose, one)},合不成整片或半片,请核对", "GK", "gk")
    yield from _days(item, one)


def _is_child(person: Person) -> bool:
    return person.age_years < knowledge().limits.child_below_years


def _times(one: Drug, times: int, key: str) -> Iterator[Finding]:
    if one.max_times is not None and times > one.max_times:
        yield _finding(key, "B", one, f"{one.name}每天 {times} 次,一天最多 {one.max_times} 次", one.times_source, mark_of(one.times_source))


def daily_sum(item: Item, besides: Iterable[Item], person: Person, facts: Facts) -> Iterator[Finding]:
    """The same drug of several prescriptions, taken together; one alone is looked at above."""
    one, limit, besides = drug(item.drug), _daily_limit(drug(item.drug), person, facts), tuple(besides)
    yield from _times(one, sum((each.times_per_day for each in besides), item.times_per_day), "dose.times_sum")
    total = sum((each.dose * each.times_per_day for each in besides), item.dose * item.times_per_day)
    if limit is not None and total > limit:
        text = f"{one.name}连同还在用的每天共 {spoken_amount(total, one)},超过每日上限 {spoken_amount(_floor(limit), one)}"
        yield _finding("dose.daily_sum", "B", one, text, one.source, one.mark)


def _daily_limit(one: Drug, person: Person, facts: Facts) -> Decimal | None:
    if not _is_child(person) or one.mgkg_daily is None:
        return one.max_daily
    return None if facts.weight_kg is None else min(one.mgkg_daily * facts.weight_kg * knowledge().limits.child_tolerance, one.max_daily)


def _adults(item: Item, one: Drug) -> Iterator[Finding]:
    if item.dose > one.max_single:
        text = f"{one.name}每次 {spoken_amount(item.dose, one)},超过单次上限 {spoken_amount(one.max_single, one)}"
        yield _finding("dose.single", "B", one, text, one.source, one.mark)
    if item.dose * item.times_per_day > one.max_daily:
        text = f"{one.name}每天 {spoken_amount(item.dose * item.times_per_day, one)},超过每日上限 {spoken_amount(one.max_daily, one)}"
        yield _finding("dose.daily", "B", one, text, one.source, one.mark)


def _childs(item: Item, one: Drug, person: Person, facts: Facts) -> Iterator[Finding]:
    if facts.weight_kg is None:
        # The check of what must be asked first blocks it.
        return
    if not _is_plausible(facts.weight_kg, person):
        text = f"体重 {facts.weight_kg.normalize():f} kg 与年龄不相称,请重新称(是不是写成了斤)"
        yield _finding("dose.weight", "B", one, text, "GK", "gk")
    if one.mgkg_single is None or one.mgkg_daily is None:
        yield _finding("dose.child_unknown", "W", one, f"{one.name}没有儿童按体重的用量规则,请按说明书核对", "LABEL", "gk")
        yield from _adults(item, one)
        return
    single = min(one.mgkg_single * facts.weight_kg * knowledge().limits.child_tolerance, one.max_single)
    daily = min(one.mgkg_daily * facts.weight_kg * knowledge().limits.child_tolerance, one.max_daily)
    if item.dose > single:
        text = f"{one.name}每次 {spoken_amount(item.dose, one)},按体重不超过 {spoken_amount(_floor(one.mgkg_single * facts.weight_kg), one)}"
        yield _finding("dose.child_single", "B", one, text, one.child_source, mark_of(one.child_source))
    if item.dose * item.times_per_day > daily:
        total = spoken_amount(item.dose * item.times_per_day, one)
        text = f"{one.name}每天 {total},按体重不超过 {spoken_amount(_floor(one.mgkg_daily * facts.weight_kg), one)}"
        yield _finding("dose.child_daily", "B", one, text, one.child_source, mark_of(one.child_source))


def _is_plausible(weight: Decimal, person: Person) -> bool:
    """Within half and two and a half times of what its age suggests (after one year 2 × (years + 4) kg): coarse, made to find jin for kg."""
    expected = Decimal(2 * (person.age_years + 4)) if person.age_months >= 12 else Decimal("3.5") + person.age_months * HALF
    return expected * HALF <= weight <= expected * Decimal("2.5")


def _days(item: Item, one: Drug) -> Iterator[Finding]:
    """Seven days are the ordinary limit; how much longer a chronic disease may be supplied stands elsewhere, with its own source."""
    limits = knowledge().limits
    if item.days <= limits.usual_days:
        return
    text = f"{one.name}开 {item.days} 天,一般不超过 {limits.usual_days} 天"
    if not one.chronic:
        yield _finding("days", "B", one, text, *limits.sources["course"])
    elif item.days <= limits.longest_days:
        yield _finding("days", "W", one, f"{text};慢性病可延长并注明理由", *limits.sources["course"])
    else:
        yield _finding("days", "B", one, f"{text};慢性病也最多 {limits.longest_days} 天", *limits.sources["long_course"])


def mark_of(source: str) -> str:
    """How a source of the list stands: general knowledge and labels were not opened."""
    return "gk" if knowledge().sources[source].grade == "-" else "seen"


def spoken_amount(amount: Decimal, one: Drug) -> str:
    """As it is written on the box, with pieces or millilitres beside it where one liquid is meant: 200 mg(10 ml)."""
    words = f"{amount.normalize():f} {one.unit}"
    return f"{words}({(amount / one.per_unit).normalize():f} ml)" if one.form.startswith("混悬液") else words


PIECES = {"片剂": "片", "胶囊": "粒", "滴丸": "粒", "散剂": "包", "气雾剂": "喷"}
"""What a patient counts of each form."""


def spoken_pieces(amount: Decimal, one: Drug) -> str:
    """As a patient takes it: 1 片, 半片, 1 片半, 10 ml; empty where he does not count it himself (an injection)."""
    count = (amount / one.per_unit).normalize()
    if one.form.startswith("混悬液"):
        return f"{count:f} ml"
    word = next((piece for form, piece in PIECES.items() if one.form.startswith(form)), "")
    if not word:
        return ""
    whole, rest = divmod(count, 1)
    if rest == HALF:
        return f"半{word}" if whole == 0 else f"{whole:f} {word}半"
    return f"{count:f} {word}"


def _floor(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal(1)) if amount >= 1 else amount


def _age(months: int) -> str:
    return f"{months // 12} 岁" if months >= 24 else f"{months} 个月"


def _finding(key: str, action: Action, one: Drug, text: str, source: str, mark: str) -> Finding:
    return Finding(key=f"{key}:{one.code}", action=action, kind="dose", drugs=(one.code,), text=text, source=source, mark=mark)
