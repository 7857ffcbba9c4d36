"""`backup init` leaves its entry in the audit, with who typed it; where there is no house yet it says so and makes none."""

from __future__ import annotations

import pytest

from core.foundation.models import AuditEntry
from core.foundation.practice import Practice
from miniprogram_api.app.signing import OPERATOR
from tests.miniprogram_api.backups.conftest import Site


@pytest.mark.usefixtures("once")
async def test_what_was_made_is_entered(practice: Practice, site: Site) -> None:
    done = await site.huizhen("backup", "init")
    assert done.returncode == 0, done.stdout
    assert "没有记入审计" not in done.stdout
    entry = await AuditEntry.get(action="oversight.backup_places")
    assert (entry.account_id, entry.detail) == ("system:operator", {"made": "0", "places": "4", "user": OPERATOR.user})


async def test_before_there_is_a_house_it_says_that_nothing_was_entered(repositories: Site) -> None:
    done = await repositories.huizhen("backup", "init")
    assert (done.returncode, "没有记入审计" in done.stdout) == (0, True), done.stdout
    assert not list(repositories.settings.data_dir.glob("*.sqlite3*"))
