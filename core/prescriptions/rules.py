"""The safety check of a prescription: pure, over the signed data of ``knowledge/``. Each finding names its rule, its drugs and its source."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from itertools import combinations

from core.prescriptions.doses import daily_sum, dose_findings
from core.prescriptions.drugs import SPECIAL_LABELS, Drug, catalogue, drug
from core.prescriptions.items import Action, Besides, Facts, Finding, Item, Person
from core.prescriptions.knowledge_base import Caution, Escalation, Knowledge, Rule, knowledge


def check(items: tuple[Item, ...], person: Person, facts: Facts, besides: tuple[Besides, ...] = ()) -> tuple[Finding, ...]:
    """What stands against these drugs for this patient, blocking findings first. Every drug must be on the list (:class:`DrugUnknown`).

    ``besides``: what stands on his other prescriptions, and so is taken together with these.
    """
    known = knowledge()
    prescribed = [drug(one.drug) for one in items]
    taken = facts.model_copy(update={"current": (*facts.current, *(one.item.drug for one in besides))})
    found = [
        *_unasked(prescribed, person, facts, known),
        *_special(prescribed),
        *(one for item in items for one in dose_findings(item, person, facts)),
        *(one for item in items for one in _prescribed_besides(item, besides, person, facts)),
        *_doubled(prescribed, taken, known),
        *_interactions(prescribed, person, taken, known),
        *_pregnancy(prescribed, person, facts, known),
        *_by_age(items, known.age, person, facts),
        *_by_age(_begun(items, facts, besides), known.first, person, facts),
        *_states(prescribed, facts, known),
        *_by_patient(prescribed, known.condition, lambda one: bool(one.conditions & set(facts.conditions))),
        *_allergies(prescribed, facts, known),
    ]
    unique = {one.key: _with_places(one, items, besides) for one in found}
    return tuple(sorted(unique.values(), key=lambda one: one.action))


def blocking(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(one for one in findings if one.action == "B")


def warnings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(one for one in findings if one.action == "W")


def _finding(rule: Rule, kind: str, drugs: Iterable[Drug], text: str) -> Finding:
    codes = tuple(sorted(one.code for one in drugs))
    return Finding(
        key=f"{rule.id}:{'+'.join(codes)}", action=rule.action, kind=kind, drugs=codes, text=text, advice=rule.advice,
        source=rule.source, mark=rule.mark,
    )


def _plain(key: str, action: Action, kind: str, text: str, source: str, drugs: Iterable[Drug] = (), *, mark: str = "gk") -> Finding:
    codes = tuple(sorted(one.code for one in drugs))
    return Finding(key=":".join((key, *codes)), action=action, kind=kind, drugs=codes, text=text, source=source, mark=mark)


def _unasked(prescribed: list[Drug], person: Person, facts: Facts, known: Knowledge) -> Iterator[Finding]:
    """What must be known first, and what was said in words that no list can check."""
    if not facts.allergies_asked:
        yield _plain("facts.allergies", "B", "facts", "还没有问过敏史", "GK")
    limits = known.limits
    harmful = frozenset[str]().union(*(one.drugs for one in (*known.pregnancy, *known.may_conceive)))
    asked_about = [one for one in prescribed if one.classes & harmful]
    if person.sex == "female" and person.age_years in limits.fertile_years and facts.pregnancy == "unknown" and asked_about:
        yield _plain("facts.pregnancy", "B", "facts", f"用{_names(asked_about)}前先问末次月经、是否怀孕", "GK", asked_about)
    if person.age_years < limits.child_below_years and facts.weight_kg is None:
        yield _plain("facts.weight", "B", "facts", f"{limits.child_below_years} 岁以下先量体重,按体重开药", "GK")
    if person.age_years < limits.guardian_below_years and not facts.guardian_present:
        source, mark = limits.sources["guardian"]
        yield _plain("facts.guardian", "B", "facts", f"{limits.guardian_below_years} 岁以下须监护人和医生在场并记录", source, mark=mark)
    if facts.allergy_words:
        yield _plain("facts.allergy_words", "W", "facts", "有目录外的过敏,系统没有核对,请人工核对", "GK")
    if facts.current_words:
        yield _plain("facts.current_words", "W", "facts", "正在用目录外的药,系统没有核对相互作用,请人工核对", "GK")


def _special(prescribed: list[Drug]) -> Iterator[Finding]:
    for one in prescribed:
        if one.special:
            yield _plain("special", "B", "special", f"{one.name}是{SPECIAL_LABELS[one.special]},互联网诊疗不能开", "S56", [one], mark="seen")
        if one.tier == "special":
            yield _plain("antibiotic_special", "B", "special", f"{one.name}是特殊使用级抗菌药,门诊不能用", "GK", [one])


def _prescribed_besides(item: Item, besides: tuple[Besides, ...], person: Person, facts: Facts) -> Iterator[Finding]:
    """The same drug on another prescription: not twice where one can be withdrawn, in sight and within the day's limit where he has it already."""
    one, same = drug(item.drug), [each for each in besides if each.item.drug == item.drug and not each.ending]
    if lying := [each.code for each in same if not each.dispensed]:
        yield _plain("same_drug", "B", "doubling", f"{one.name}在处方 {'、'.join(lying)} 里已经开了", "GK", [one])
    if running := [each for each in same if each.dispensed]:
        codes = "、".join(each.code for each in running)
        yield _plain("still_taking", "W", "doubling", f"{one.name}:处方 {codes} 发的还没有用完", "GK", [one])
        yield from daily_sum(item, [each.item for each in running], person, facts)


def _with_places(found: Finding, items: tuple[Item, ...], besides: tuple[Besides, ...]) -> Finding:
    """A drug that does not stand on this prescription is named with where it stands."""
    here = {one.drug for one in items}
    places = [f"{drug(one.item.drug).name}在处方 {one.code} 里" for one in besides if one.item.drug in found.drugs and one.item.drug not in here]
    return found.model_copy(update={"text": f"{found.text}({'、'.join(places)})"}) if places else found


def _doubled(prescribed: list[Drug], facts: Facts, known: Knowledge) -> Iterator[Finding]:
    taken = [drug(code) for code in dict.fromkeys(facts.current)]
    for first, second in combinations(prescribed, 2):
        if first.code == second.code:
            yield _plain("same_drug", "B", "doubling", f"{first.name}开了两次", "GK", [first])
    for one, other in _pairs(prescribed, taken):
        if one.code == other.code:
            continue
        group = next((group for group in known.doubling if group in one.groups & other.groups), None)
        if group is not None:
            names = _names(sorted((one, other), key=lambda drug: drug.code))
            yield _plain(f"same_class.{group}", "W", "doubling", f"{names}是同类药,重复使用", "GK", sorted((one, other), key=lambda drug: drug.code))


def _interactions(prescribed: list[Drug], person: Person, facts: Facts, known: Knowledge) -> Iterator[Finding]:
    taken = [drug(code) for code in dict.fromkeys(facts.current)]
    for one, other in _pairs(prescribed, taken):
        if one.code == other.code:
            continue
        for entry in known.interactions:
            if (one.classes & entry.a and other.classes & entry.b) or (one.classes & entry.b and other.classes & entry.a):
                worse = entry.escalate is not None and _is_worse(entry.escalate, person, facts)
                rule = entry.escalate.rule if entry.escalate is not None and worse else entry.rule
                pair = sorted((one, other), key=lambda drug: drug.code)
                yield _finding(rule, "interaction", pair, f"{_names(pair)}:{rule.harm}")


def _is_worse(escalation: Escalation, person: Person, facts: Facts) -> bool:
    value: Decimal | None = getattr(facts, escalation.measure) if escalation.measure else None
    return (
        (escalation.from_years is not None and person.age_years >= escalation.from_years)
        or person.sex == escalation.sex
        or bool(escalation.conditions & set(facts.conditions))
        or (value is not None and escalation.holds(value))
    )


def _pairs(prescribed: list[Drug], taken: list[Drug]) -> Iterator[tuple[Drug, Drug]]:
    """Every two of which at least one is prescribed now."""
    yield from combinations(prescribed, 2)
    for one in prescribed:
        for other in taken:
            yield one, other


def _pregnancy(prescribed: list[Drug], person: Person, facts: Facts, known: Knowledge) -> Iterator[Finding]:
    if person.sex != "female":
        return
    if facts.pregnancy == "yes":
        yield from _by_patient(prescribed, (*known.may_conceive, *known.pregnancy), lambda _: True, kind="pregnancy")
    elif facts.pregnancy == "may_conceive":
        yield from _by_patient(prescribed, known.may_conceive, lambda _: True, kind="pregnancy")
    elif person.age_years in known.limits.fertile_years:
        yield from _by_patient(prescribed, known.fertile, lambda _: True, kind="pregnancy")


def _begun(items: tuple[Item, ...], facts: Facts, besides: tuple[Besides, ...]) -> tuple[Item, ...]:
    """What he does not take yet."""
    takes = {*facts.current, *(one.item.drug for one in besides if one.dispensed)}
    return tuple(one for one in items if one.drug not in takes)


def _by_age(items: tuple[Item, ...], table: tuple[Caution, ...], person: Person, facts: Facts) -> Iterator[Finding]:
    for entry in table:
        fits = (
            (entry.below_years is None or person.age_years < entry.below_years)
            and (entry.from_years is None or person.age_years >= entry.from_years)
            and not entry.unless_conditions & set(facts.conditions)
        )
        lasting = [drug(one.drug) for one in items if entry.over_days is None or one.days > entry.over_days]
        if fits:
            yield from _by_patient(lasting, (entry,), lambda _: True)


def _states(prescribed: list[Drug], facts: Facts, known: Knowledge) -> Iterator[Finding]:
    """Of several bands of one measure that a value falls into, the hardest counts."""
    for one in prescribed:
        worst: dict[str, Caution] = {}
        for entry in known.state:
            value: Decimal | None = getattr(facts, entry.measure)
            if value is None or not one.classes & entry.drugs or not entry.holds(value):
                continue
            if entry.measure not in worst or entry.rule.action == "B":
                worst[entry.measure] = entry
        for entry in worst.values():
            yield _finding(entry.rule, "state", [one], f"{one.name}:{entry.rule.harm}")


def _allergies(prescribed: list[Drug], facts: Facts, known: Knowledge) -> Iterator[Finding]:
    """What was recorded as a class counts for the class; what was recorded as one drug counts for the classes of that drug too."""
    recorded = set(facts.allergies)
    of_drug = {
        group: drug(code).name for code in facts.allergies if code in catalogue() for group in sorted(drug(code).groups & set(known.allergy_labels))
    }
    for one in prescribed:
        if hit := sorted(one.classes & recorded):
            label = known.allergy_labels.get(hit[0]) or catalogue()[hit[0]].name
            yield _plain("allergy", "B", "allergy", f"患者对{label}过敏,不能用{one.name}", "LABEL", [one])
            continue
        crossed = list(_by_patient([one], known.cross_allergy, lambda entry: bool(entry.allergy & {*recorded, *of_drug}), kind="allergy"))
        yield from crossed
        shared = sorted(one.groups & set(of_drug))
        if shared and not blocking(crossed):
            text = f"患者对{of_drug[shared[0]]}过敏,{one.name}同是{known.allergy_labels[shared[0]]},不能用"
            yield _plain("allergy_class", "B", "allergy", text, "LABEL", [one])


def _by_patient(
    prescribed: list[Drug], table: tuple[Caution, ...], fits: Callable[[Caution], bool], *, kind: str = "patient"
) -> Iterator[Finding]:
    for entry in table:
        if not fits(entry):
            continue
        for one in prescribed:
            if one.classes & entry.drugs:
                yield _finding(entry.rule, kind, [one], f"{one.name}:{entry.rule.harm}")


def _names(drugs: Iterable[Drug]) -> str:
    return "与".join(one.name for one in drugs)
