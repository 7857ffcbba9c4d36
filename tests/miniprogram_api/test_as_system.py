"""Whatever above the practice acts as the system is named: where, which orders it can give, and what for. What is new fails until it is named here.

That the orders let in whom the table names is walked in tests/core/test_access_walk.py; the ways of people in test_entry_points.py.
"""

from __future__ import annotations

import ast
import importlib
import types
from collections.abc import Iterator
from pathlib import Path

from core.foundation.orders import Order, all_orders
from core.practice_rooms import load_rooms

load_rooms()
ROOT = Path(__file__).resolve().parents[2]

_TOLD = "what a notice says, to whom a handler chose to tell"
_SENT = "notes what went out, and by which of the platform's allowances"
_STAGE = "makes or moves the stage of the demonstration"
_HIMSELF = "as whoever asks"
_VOUCHED = "signs in whom the platform, or a token, vouched for"
_WRITES = "a chat's own rows: what came, what was meant, what was answered"

GIVEN: dict[str, dict[str, str]] = {
    "bot/dialogue/conversing.py": {"conversations.finish_turn": _WRITES},
    "bot/dialogue/speech.py": {"conversations.keep_heard": _WRITES},
    "bot/dialogue/turn.py": {"conversations.settle": _WRITES},
    "bot/inbox/events.py": {
        "notifications.hear_delivery": "what the platform tells of a message of ours",
        "notifications.hear_subscriptions": "what the platform tells that a person allowed",
    },
    "bot/inbox/inbox.py": {
        "conversations.deliver_part": _WRITES, "conversations.push_again": _WRITES,
        "people.ensure_account": "whom the platform vouched for has an account",
    },
    "bot/runtime.py": {"conversations.push_late": "an answer that came after the platform's deadline"},
    "bot/sending/arranging_notices.py": dict.fromkeys(("consultations.material_request", "consultations.time_proposal"), _TOLD),
    "bot/sending/audit_notices.py": {"oversight.disposals": _TOLD},
    "bot/sending/call_notices.py": {"calls.view": _TOLD},
    "bot/sending/followup_notices.py": dict.fromkeys(
        ("coverage.claim", "followups.occurrence", "followups.offer", "followups.plan", "followups.trend"), _TOLD
    ),
    "bot/sending/groups.py": {
        "consultations.status": "the patient's name, so that it does not go into a group", "conversations.use_response": _SENT,
    },
    "bot/sending/introductions.py": {"people.ensure_account": "ties the chat's account to the unionid that the platform told"},
    "bot/sending/medicine_notices.py": dict.fromkeys(
        ("coverage.quote_prescription", "prescriptions.dose", "prescriptions.dose_not_given", "prescriptions.view"), _TOLD
    ),
    "bot/sending/notices.py": dict.fromkeys(
        (
            "appointments.view", "consultations.opinion", "consultations.status", "dispatch.alert", "dispatch.desk_case", "dispatch.offer",
            "imaging.conflicts", "imaging.upload", "prescriptions.emergency_doses",
        ),
        _TOLD,
    ),
    "bot/sending/notifications.py": {
        "conversations.record_sent": _SENT, "notifications.hold": "the night began before a notification that can wait was out",
    },
    "bot/sending/oversight_notices.py": {"oversight.view": _TOLD},
    "bot/sending/people_notices.py": {"people.practitioner": _TOLD},
    "bot/sending/replies.py": {
        "conversations.mark_pushed": _SENT, "conversations.settle": _WRITES, "conversations.use_response": _SENT,
    },
    "bot/sending/staff_notices.py": {"people.practitioner": _TOLD},
    "bot/sending/stopped.py": {"notifications.trouble": "a platform refuses an account for good", "notifications.troubles": _TOLD},
    "miniprogram_api/app/auditing.py": {
        "audit.begin": "the first head of a log", "people.alarm": "tells administrators that heads do not reach an anchor",
    },
    "miniprogram_api/app/deidentifying.py": {"people.administrators": "finds the administrator who answers for a copy, by his name"},
    "miniprogram_api/app/demo/factors.py": {"people.enrol_demonstration": _STAGE},
    "miniprogram_api/app/demo/seeding.py": dict.fromkeys(
        (
            "appointments.open_slots", "appointments.set_absence", "appointments.set_shift", "coverage.record_membership", "dispatch.accept_offer",
            "dispatch.request_consultation", "matching.record_conflict", "people.enlist_patient", "people.ensure_account", "people.give_consent",
            "people.register_organisation", "people.register_patient", "people.register_practitioner", "people.verify_phone",
        ),
        _STAGE,
    ),
    "miniprogram_api/app/register_import.py": {
        "people.register_organisation": "the county's register from a table", "people.register_practitioner": "the county's register from a table",
    },
    "miniprogram_api/app/ticker.py": {
        "candidates.watch_drift": "compares the last uses of the model with its first ones",
        "credentials.review_ages": "revokes what rests on an age that changed", "imaging.sweep_files": "files that belong to nothing any more",
        "oversight.review_retention": "announces what the law lets go", "retention.prune": "rows of machines whose term is over",
    },
    "miniprogram_api/backups/drill.py": {"oversight.backup_drilled": "leaves in the audit that a restore was tried"},
    "miniprogram_api/backups/following.py": dict.fromkeys(
        ("oversight.backup_copied", "oversight.backup_taken"), "leaves in the audit that a snapshot was made"
    ),
    "miniprogram_api/backups/restoring.py": {"oversight.backup_restored": "leaves in the audit that the house was restored"},
    "miniprogram_api/cli/admin.py": {
        "people.administrators": "lists who they are", "people.invite_administrator": "the first one; refused as soon as there is any",
    },
    "miniprogram_api/cli/audit.py": {
        "audit.find": "ids, times and acts of entries, to prove one", "audit.prove_entry": "a proof for the regulator",
        "audit.prove_heads": "a proof for the regulator", "audit.replace_key": "another key under the heads",
    },
    "miniprogram_api/cli/backup.py": {
        "oversight.backup_places": "leaves in the audit that repositories were made", "oversight.last_backup": "when the last one was",
    },
    "miniprogram_api/cli/chat.py": {"people.ensure_account": "the demonstration's people at a terminal; the rest is said as the person"},
    "miniprogram_api/cli/keys.py": {"keys.renewed": "leaves in the audit what was done with keys"},
    "miniprogram_api/cli/migrate.py": {"oversight.schema_back": "leaves in the audit that the schema went back, with how much was given up"},
    "miniprogram_api/cli/models.py": {"candidates.models": "figures of a crowd, for the operator"},
    "miniprogram_api/cli/rules.py": {"rules.sign": "the hospital's signature under its rules"},
    "miniprogram_api/cli/sessions.py": {"people.replace_token_keys": "another key under access tokens"},
    "miniprogram_api/connecting/long_connection.py": {
        "notifications.troubles": "the operator of this machine is told why the robot's connection is refused",
    },
    "miniprogram_api/http/demo.py": dict.fromkeys(
        ("demonstration.move_clock", "demonstration.outbox", "people.ensure_account", "people.open_session"), _STAGE
    ),
    "miniprogram_api/http/images.py": {
        "imaging.redraw_frame": "draws again a picture that the asker may see",
    } | dict.fromkeys(("imaging.conflicts", "imaging.frame", "imaging.settle_conflict", "imaging.show_frame"), _HIMSELF),
    "miniprogram_api/http/oauth.py": {"people.ensure_account": _VOUCHED, "people.open_session": _VOUCHED},
    "miniprogram_api/http/proofs.py": {
        "credentials.check": "who checks has no account", "credentials.open_check": "who checks has no account",
        "credentials.published": "what everybody may read",
    } | dict.fromkeys(
        ("credentials.issue", "credentials.mine", "credentials.offer", "credentials.show", "credentials.withdraw"), _HIMSELF
    ),
    "miniprogram_api/http/sessions.py": {"people.refresh_session": _VOUCHED} | dict.fromkeys(
        ("people.close_other_sessions", "people.close_session", "people.my_sessions"), _HIMSELF
    ),
    "miniprogram_api/http/sign_in.py": dict.fromkeys(
        ("people.ensure_account", "people.open_session", "people.redeem_hand_over"), _VOUCHED
    ) | dict.fromkeys(("people.hand_over_session", "people.me", "people.verify_phone"), _HIMSELF),
    "miniprogram_api/realtime/recording.py": {
        "calls.fail_recording": "the media process cannot go on recording: the practice's own machine says so, nobody in the call",
    } | dict.fromkeys(("calls.answer_recording", "calls.ask_to_record", "calls.recording"), _HIMSELF),
}  # fmt: skip
"""Every module that can act as the system (or is the operator's), each order that it can name, and what it needs it for."""

HANDED_ON = {
    "make_copy": {
        "deidentification.begin": "leaves in the audit who copies what for which purpose, and tells the administrator",
        "deidentification.candidates": "who consented", "deidentification.record": "one record, masked before it leaves",
        "deidentification.image": "one image without its labels", "deidentification.finish": "leaves in the audit what was copied",
    },
    "recover": {},
}
"""Functions of the practice that are given the operator as who acts, and the orders that their modules give for him."""


def _trees(*packages: str) -> Iterator[tuple[str, ast.Module]]:
    for package in packages:
        for path in sorted((ROOT / package).rglob("*.py")):
            where = path.relative_to(ROOT).as_posix()
            if not where.startswith("bot/simulator"):
                yield where, ast.parse(path.read_text())


def _acts(where: str, tree: ast.Module) -> bool:
    """Whether it has the system's actor: made here, or imported by one of the names that hold one."""
    made = any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "system"
        and isinstance(node.func.value, ast.Name) and node.func.value.id == "Actor" for node in ast.walk(tree)
    )
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    return made or bool(names & {"OPERATOR", "PROCESS", "STAGE", "SYSTEM", "_SYSTEM"}) or where.startswith("miniprogram_api/cli/")


def _orders(tree: ast.Module) -> set[str]:
    """The names of all orders that a module can name: imported by themselves, or read off a module of the practice."""
    found, modules = set[type](), dict[str, types.ModuleType]()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "core":
            module = importlib.import_module(node.module or "")
            for alias in node.names:
                value = getattr(module, alias.name, None)
                if isinstance(value, types.ModuleType):
                    modules[alias.asname or alias.name] = value
                elif isinstance(value, type):
                    found.add(value)
        elif isinstance(node, ast.Import):
            assert not any(alias.name.startswith("core.") for alias in node.names), "import by name, so that one sees what is given"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            found.add(getattr(modules[node.value.id], node.attr, type(None)))
    return {one.name for one in found if isinstance(one, type) and issubclass(one, Order) and all_orders().get(getattr(one, "name", "")) is one}


def test_whoever_acts_as_the_system_gives_the_orders_that_are_named_here_and_no_other() -> None:
    there = dict[str, set[str]]()
    for where, tree in _trees("bot", "miniprogram_api"):
        if _acts(where, tree) and (orders := _orders(tree)):
            there[where] = orders
    wrong = [f"{where}: {sorted(orders - GIVEN.get(where, {}).keys())}" for where, orders in there.items() if orders - GIVEN.get(where, {}).keys()]
    assert not wrong, "given as the system without being named with its reason in GIVEN:\n" + "\n".join(wrong)
    gone = [f"{where}: {name}" for where, named in GIVEN.items() for name in named if name not in there.get(where, ())]
    assert not gone, "named in GIVEN, and given no more:\n" + "\n".join(gone)
    assert all(reason for named in (*GIVEN.values(), *HANDED_ON.values()) for reason in named.values())


def test_what_is_handed_the_operator_gives_the_orders_that_are_named_here_and_no_other() -> None:
    """A function of the practice to which a command line hands its operator gives orders of its own."""
    seen = dict[str, set[str]]()
    for _, tree in _trees("miniprogram_api/cli", "miniprogram_api/app", "miniprogram_api/backups"):
        homes = {
            alias.asname or alias.name: importlib.import_module(node.module) for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("core.") and node.module for alias in node.names
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and any(isinstance(one, ast.Name) and one.id == "OPERATOR" for one in node.args):
                if isinstance(node.func, ast.Attribute) and node.func.attr in ("ask", "execute"):
                    continue
                assert isinstance(node.func, ast.Name), "hand the operator to a function that is imported by name"
                assert node.func.id in homes, node.func.id
                source = Path(str(homes[node.func.id].__file__)).read_text()
                seen[node.func.id] = _orders(ast.parse(source))
    assert seen == {name: set(orders) for name, orders in HANDED_ON.items()}


def test_an_order_that_is_not_named_is_seen_however_it_is_written() -> None:
    plain = "from core.people.commands_sessions import ReplaceTokenKeys\n"
    by_module = "from core.people import commands_sessions as sessions\nsessions.ReplaceTokenKeys()\n"
    within = "def run():\n    from core.people.commands_sessions import ReplaceTokenKeys as Another\n"
    for source in (plain, by_module, within):
        assert _orders(ast.parse(source)) == {"people.replace_token_keys"}
    assert not [where for where, _ in _trees("miniprogram_api/cli") if not _acts(where, ast.parse(""))]


def test_no_command_line_takes_an_order_by_its_name_alone() -> None:
    for where, tree in _trees("miniprogram_api/cli", "miniprogram_api/backups", "bot/sending"):
        names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
        assert not names & {"order_named", "all_orders"}, f"{where} takes orders by name: nobody sees which"
