"""By construction: whoever reads or writes anything of a patient leaves an audit entry, and it holds ids and codes alone.

Every command is audited by the one place that carries orders out. A query is audited, or stands here with the reason why it needs no entry; a new
one that does neither fails.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from core.foundation.audit.entries import COLUMNS
from core.foundation.models import AuditEntry
from core.foundation.orders import Command, Query, all_orders
from core.foundation.work import WITHHELD, Work
from core.practice_rooms import load_rooms

ROOT = Path(__file__).resolve().parents[2]

NOT_OF_A_PATIENT = {
    "appointments.county_roster": "shifts and absences of members of staff",
    "appointments.departments": "departments with free times",
    "appointments.free_slots": "free times of practitioners: nobody is booked in them",
    "appointments.my_roster": "one's own shifts",
    "candidates.models": "figures of a crowd by version of the model",
    "consultations.diagnoses": "names of diseases",
    "audit.heads_kept": "hashes and signatures of another house",
    "audit.logs_kept": "ids of other houses' logs and keys",
    "audit.prove_heads": "hashes and signatures",
    "credentials.published": "public keys, definitions and revocation lists: indexes that name nobody",
    "demonstration.outbox": "counts and ids of what is still to be told",
    "notifications.mine": "what one's own account was sent, in the chat that is its own",
    "notifications.reminders": "one's own choice",
    "notifications.subscriptions": "one's own choices",
    "notifications.troubles": "which account a platform refused, by error number",
    "oversight.last_backup": "times of backups and drills",
    "people.administrators": "members of staff",
    "people.consent_text": "the published text",
    "people.my_second_factor": "the state of one's own second factor",
    "people.my_sessions": "one's own devices",
    "people.nearest_houses": "the houses; where the asker is goes into no entry",
    "people.organisations": "the houses",
    "people.practitioner": "a member of staff",
    "people.practitioners": "members of staff",
    "prescriptions.drugs": "the catalogue",
    "prescriptions.emergency_doses": "the catalogue",
}
"""Queries that give nothing of a patient."""

PART_OF_AN_AUDITED_ACT = {
    "calls.go_on_playing": "the next piece of one look at a recording: an audited query began it, and who may look is asked each time",
    "calls.recording": "whether the call that one sits in is being recorded, asked every ten seconds; the seat was taken by a command",
    "calls.seat_still_mine": "whether one's own seat in a running call still stands, asked every ten seconds; it was taken by a command",
    "calls.at_the_door": "whether one's own waiting at the door of a call is over, asked every few seconds; it was begun by a command",
    "calls.room": "how the room stands in which one sits by a command: seats, hands, the door; whom the moderator invited, nothing of the patient",
    "consultations.upload_target": "gives the patient's id to the doctor whose consultation it is; the upload that follows is a command",
    "imaging.frame": "whether a picture is drawn, asked every half second; looking at it is imaging.show_frame, which is audited",
    "imaging.transfer": "how many bytes of one's own upload have come; it was opened and is ended by commands",
    "imaging.upload": "the state of one's own upload; it was made by a command",
    "people.paper_target": "gives back the id that was asked with; the storing that follows is a command",
}
"""Queries that name a patient by id and say nothing of him."""

CODES = {
    "account", "alert", "answer", "appointment", "attribute", "candidates", "claim", "clean", "code", "conflict", "consultation", "copy",
    "credential", "decision", "disposal", "entries", "erased", "former", "given_as", "gone", "image", "intake", "k", "key", "keyring", "kind",
    "list", "lock", "locked", "made", "opening", "other", "outcome", "places", "practice", "prescription", "purpose", "question", "reaches",
    "reason", "recording", "ref", "relation", "request", "role",
    "rows", "scope", "seconds", "slot", "state", "taken_at", "template", "tree_size", "unopened",
    "values", "verdict", "version", "what", "withdrawn_as",
}  # fmt: skip
"""What an entry's detail may be called: ids, codes of a closed list, numbers, times. Work keeps everything else out at run time."""


WORDS = ("AuditEntry", "audit_entry", "concerns(", "handler_of", "async def carry_out")


@cache
def modules() -> tuple[tuple[str, ast.Module], ...]:
    """Every module of ours that may say something about entries, with its tree, read once."""
    paths = [path for package in ("core", "bot", "miniprogram_api") for path in sorted((ROOT / package).rglob("*.py"))]
    texts = {str(path.relative_to(ROOT)): path.read_text() for path in paths if "/migrations/" not in str(path)}
    return tuple((name, ast.parse(text)) for name, text in texts.items() if any(word in text for word in WORDS))


@cache
def calls() -> tuple[tuple[str, ast.Call], ...]:
    """Every call in them."""
    return tuple((name, node) for name, tree in modules() for node in ast.walk(tree) if isinstance(node, ast.Call))


def test_every_query_is_audited_or_says_why_not() -> None:
    load_rooms()
    queries = {name: order for name, order in all_orders().items() if issubclass(order, Query) and not name.startswith("test.")}
    unaudited = {name for name, order in queries.items() if not order.audited}
    excused = NOT_OF_A_PATIENT.keys() | PART_OF_AN_AUDITED_ACT.keys()
    assert unaudited - excused == set(), "audited = True, or a reason here"
    assert excused - unaudited == set(), "named here and audited, or gone"


def test_part_of_an_act_gives_nothing_that_a_patient_said_or_has() -> None:
    """The results of these queries hold no field that names a person or what ails him."""
    load_rooms()
    telling = {"name", "full_name", "phone", "complaint", "diagnosis", "advice", "age", "sex", "address", "birth_date", "id_number", "vitals"}
    for name in PART_OF_AN_AUDITED_ACT:
        order = all_orders()[name]
        assert not telling & set(order.gives.model_fields), name


def test_a_command_cannot_be_carried_out_without_its_entry() -> None:
    """One place carries out commands, and it ends with the entry; nothing overrides it."""
    (carry_out,) = [
        node for name, tree in modules() if name == "core/foundation/work.py" for node in ast.walk(tree)
        if isinstance(node, ast.AsyncFunctionDef) and node.name == "carry_out"
    ]  # fmt: skip
    *_, before_last, last = carry_out.body
    assert ast.unparse(before_last) == "await self.audit('done')"
    assert isinstance(last, ast.Return)
    load_rooms()
    assert Work.__subclasses__() == []
    assert any(issubclass(order, Command) for order in all_orders().values())
    handlers = {name for name, node in calls() if _called(node) == "handler_of"}
    assert handlers == {"core/foundation/work.py", "core/foundation/practice.py"}


def _called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else node.func.attr if isinstance(node.func, ast.Attribute) else ""


def test_nobody_writes_entries_but_the_unit_of_work_and_nobody_changes_them() -> None:
    """An entry is made by a unit of work, written in Work.audit and together with messages answered at once; only the sequencer's mark is ever
    updated; nothing deletes one."""
    writing = ("create", "bulk_create", "update", "delete", "save", "get_or_create")
    assert not [name for name, node in calls() if _called(node) in writing and ast.unparse(node.func).startswith("AuditEntry")]
    found = {
        (name, ast.unparse(node.func), ast.unparse(node.args[1]))
        for name, node in calls()
        if _called(node) in ("insert", "inserting", "update", "updating") and node.args and ast.unparse(node.args[0]) == "AuditEntry"
    }  # fmt: skip
    assert found == {
        ("core/foundation/work.py", "statements.insert", "self.entry(outcome, others)"),
        ("core/conversations/at_once.py", "statements.inserting", "[one.entry for one in good]"),
    }
    changing = [
        (name, node.value) for name, call in calls() for argument in call.args for node in ast.walk(argument)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "audit_entry" in node.value
        and node.value.split(" ", 1)[0] in ("UPDATE", "DELETE", "INSERT", "REPLACE", "TRUNCATE", "ALTER", "DROP")
    ]  # fmt: skip
    assert changing == [("core/foundation/audit/sequencer.py", "UPDATE audit_entry SET in_tree = 1 WHERE id IN (")]


def test_details_of_entries_are_named_as_ids_and_codes() -> None:
    """Every call of ``concerns`` and ``because`` in the source: no new kind of detail without a thought about what it holds."""
    for name, node in calls():
        if _called(node) == "concerns":
            named = {keyword.arg for keyword in node.keywords}
            assert named <= CODES | {None}, (name, node.lineno, named - CODES)


@pytest.mark.parametrize("text", ["胸口闷得慌", "chest pain", "13800138000", "52272719640102001X", "王芳", "x" * 101, "a\nb", "é"])
def test_words_are_kept_out_whatever_they_are_called(text: str) -> None:
    from core.foundation.work import _CODE

    assert _CODE.fullmatch(text) is None
    assert WITHHELD == "withheld"


@pytest.mark.parametrize("text", ["", "C-7K2M", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "emergency", "system:worker", "2026-11", "1", "access.denied"])
def test_ids_and_codes_get_in(text: str) -> None:
    from core.foundation.work import _CODE

    assert _CODE.fullmatch(text) is not None


def test_an_entry_has_no_column_for_words() -> None:
    """What stays of an erased patient: ids, codes, times, a network. No bytes, no long text."""
    for name in COLUMNS:
        column = AuditEntry._meta.fields_map[name]
        assert name in ("at", "real_at", "detail") or getattr(column, "max_length", 999) <= 80, name
