"""What a drill makes of a set from before the present log was begun: it is held against the log of its time."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.foundation.audit.anchoring import Anchorer
from core.foundation.audit.anchors import FileAnchor
from core.foundation.audit.heads import HeadKeys
from core.foundation.models import AuditEntry
from core.foundation.practice import Practice
from miniprogram_api.app.settings import Settings
from miniprogram_api.backups.drill import Drilled, _check_audit
from tests.core.foundation.audit.stage import grow

pytestmark = pytest.mark.storage


async def test_a_set_of_a_former_log_is_in_order_and_what_was_altered_in_it_is_found(practice: Practice, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, audit_anchor_dir=tmp_path / "elsewhere")
    keys, anchor = HeadKeys.create(settings.audit_key_file, practice.ids.new()), FileAnchor(settings.anchors_dir)
    ids = await grow(practice, 20)
    await Anchorer(practice, keys, [anchor], _nobody).run_once()
    # The house went on, was restored from another set, and its log of now is not the one of this set.
    await anchor.put(keys.sign(40, b"g" * 32, 5))
    now = keys.begun_anew(settings.audit_key_file, practice.ids.new(), 15)
    await anchor.put(now.sign(90, b"h" * 32, 5))
    result = _drilled()
    await _check_audit(settings, result)
    assert (result.wrong, result.beyond, result.audit.log_id) == ([], 20, keys.log_id)
    # A log that nobody here knows is told by a drill too.
    stranger = HeadKeys.new(practice.ids.new())
    await anchor.put(stranger.sign(3, b"s" * 32, 5))
    await AuditEntry.filter(id=ids[3]).update(outcome="access.denied")
    result = _drilled()
    await _check_audit(settings, result)
    assert [line for line in result.wrong if "entry_edited" in line and "log_abandoned" in line]


def _drilled() -> Drilled:
    chosen: Any = None
    return Drilled(chosen, timedelta(), timedelta())


async def _nobody(kind: str, anchor: str) -> None:
    """Nobody is told here."""
