"""``execute`` is the only way to change anything: nothing above the practice writes rows, and inside it only handlers and a closed list do."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WRITES = {
    "create", "bulk_create", "update", "bulk_update", "delete", "save", "get_or_create", "update_or_create", "change", "insert", "inserting",
    "updating",
}

TECHNICAL_WRITERS = {
    "core/foundation/practice.py": {"_store"},
    # Keys and what is sealed under them: made, wrapped anew, renewed beside the running house, destroyed.
    "core/foundation/encryption/ring.py": {"_row", "new_edition"},
    "core/foundation/encryption/renewal.py": {"__aenter__", "_save"},
    "core/foundation/encryption/reencryption.py": {"reencrypt", "_forget_formers"},
    "core/foundation/encryption/reindexing.py": {"reindex", "_change_over"},
    "core/foundation/encryption/erasure.py": {"destroy_all", "set_lock"},
    # What an order meant for the key ring, done right after its commit, as a worker would.
    "core/foundation/encryption/intended.py": {"_at_once"},
    "core/foundation/outbox.py": {"_mark", "_work_in_order", "_later", "release_claims"},
    "core/foundation/due.py": {"tick", "_work", "_later"},
    # Told of what an order met after it was rolled back.
    "core/foundation/damage.py": {"tell_of_damage"},
    "core/foundation/leases.py": {"take_lease", "release_lease"},
    "core/foundation/database/claiming.py": {"_claim_mysql"},
    "core/foundation/rows.py": {"change"},
    # The statement itself; whoever has it carried out is asked about there.
    "core/foundation/database/statements.py": {"update"},
    "core/conversations/inbound.py": {"conversation_of"},
    "core/conversations/taking.py": {"_stored"},
    "core/conversations/at_once.py": {"_stored"},
    "core/conversations/handing_over.py": {"_answered", "_closed"},
    "core/conversations/lease.py": {"take", "give_back", "prolong"},
    "core/conversations/allowance.py": {"opening", "spend", "exhausted"},
    "core/notifications/service.py": {"mark_sent", "mark_failed", "keep_card"},
    "core/notifications/rungs.py": {"begin", "part_sent", "sent", "refused"},
    "core/notifications/subscriptions.py": {"accepted", "closed", "spend", "returned"},
    # A heartbeat of an open socket: a lease by another name.
    "core/calls/attending.py": {"seen"},
    "core/calls/waiting.py": {"waits"},
    # That an answer has arrived, and in which quarter hour somebody was here.
    "core/people/sessions.py": {"_note_use"},
    # Bytes that have come: how far a file is on its way.
    "core/imaging/transfers.py": {"_keep"},
    # The audit's tree over entries that orders have written: leaves, nodes, heads, how far each anchor is.
    "core/foundation/audit/sequencer.py": {"append_batch", "_check_fence", "_size_for_append", "_append"},
    "core/foundation/audit/anchoring.py": {"_sign", "_bring"},
    # Taken by handlers only: it locks the row that they are about to decide from.
    "core/consultations/timeline.py": {"hold"},
    "core/people/account_joins.py": {"_hold"},
    "core/people/organisations.py": {"hold_organisation"},
    # Part of joining two accounts, a handler's own step.
    "core/people/accounts.py": {"_carry_relation"},
}
"""The closed list of architecture.md: claiming a message, marking an outbox or due row, an allowance, a lease, what was sent, a wrapped key."""

ABOVE = {
    # The key ring of a house that was restored and serves nobody yet: there is no practice to give an order to.
    "miniprogram_api/backups/key_lines.py": {"import_keys"},
    # What is saved here are files, in a backup's repository.
    "miniprogram_api/backups/taking.py": {"_take_once", "_save_set"},
}
"""Above the practice: what must write, and what only looks like it."""


def modules(*packages: str) -> Iterator[Path]:
    for package in packages:
        yield from sorted((ROOT / package).rglob("*.py"))


def models_of(tree: ast.Module) -> set[str]:
    """Names in this module that are tables."""
    return {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.endswith("models") and node.module.startswith("core.")
        for alias in node.names
    }


def root_name(node: ast.expr) -> str:
    """The name at the left end of ``Model.filter(...).update``."""
    while True:
        if isinstance(node, ast.Attribute):
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, ast.Name):
            return node.id
        else:
            return ""


def is_write(called: ast.Attribute, tables: set[str]) -> bool:
    # A row in a variable has no name to know it by, but only rows have these two.
    return called.attr in ("change", "save") or (called.attr in WRITES and root_name(called) in (*tables, "statements"))


def writes(path: Path) -> Iterator[tuple[str, tuple[str, ...], int]]:
    """(enclosing function, its parameters, line) of every write to a table in ``path``."""
    tree = ast.parse(path.read_text())
    tables = models_of(tree)

    def visit(node: ast.AST, function: str, parameters: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...], int]]:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            function, parameters = node.name, (*parameters, *(argument.arg for argument in node.args.args))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and is_write(node.func, tables):
            yield function, parameters, node.lineno
        for child in ast.iter_child_nodes(node):
            yield from visit(child, function, parameters)

    yield from visit(tree, "", ())


def test_nothing_above_the_practice_writes_rows():
    found = [
        f"{path.relative_to(ROOT)}:{line}" for path in modules("bot", "miniprogram_api") for function, _, line in writes(path)
        if function not in ABOVE.get(str(path.relative_to(ROOT)), set())
    ]
    assert found == []


def test_inside_the_practice_only_units_of_work_and_the_closed_list_write():
    found = []
    for path in modules("core"):
        name = str(path.relative_to(ROOT))
        if "/migrations/" in name:
            continue
        for function, parameters, line in writes(path):
            in_unit_of_work = "work" in parameters or (name == "core/foundation/work.py")
            if not in_unit_of_work and function not in TECHNICAL_WRITERS.get(name, set()):
                found.append(f"{name}:{line} {function}")
    assert found == []
