"""Which sets lie under a master key: with it gone, nothing opens them."""

from __future__ import annotations

from miniprogram_api.app.settings import Settings
from miniprogram_api.backups.manifest import FILE, STAGING, read_manifest
from miniprogram_api.backups.sets import BackupSet, sets_in, targets_of


async def sets_under(settings: Settings, version: str) -> list[BackupSet]:
    """The finished sets at both sites whose key ring master key ``version`` wraps, oldest first. BackupFailed where a site cannot be asked."""
    found: dict[str, BackupSet] = {}
    for second in (False, True) if settings.backup_second_repository else (False,):
        targets = targets_of(settings, second=second)
        for one in await sets_in(targets):
            if one.id not in found and version in read_manifest(await targets.data.read(one.data.id, f"{STAGING}/{FILE}")).needs.master_keys:
                found[one.id] = one
    return sorted(found.values(), key=lambda one: one.reaches)
