"""``rotate``: a new master key, and every data key wrapped by it, while the house is open. No sealed value changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.foundation.encryption.master_keys import KeyEncryption
from core.foundation.encryption.renewal import Progress, Renewal
from core.foundation.encryption.ring import suite_named, wrapping_context
from core.foundation.encryption.walking import replace_keys
from core.foundation.errors import Conflict
from core.foundation.keyring.models import KeyRenewal, WrappedKey

if TYPE_CHECKING:
    from core.foundation.practice import Practice

BATCH = 500


class StillInUse(Conflict):
    """A master key that still wraps something is not taken away."""

    code = "keys.in_use"
    sentence = "主密钥 {version} 还包着 {count} 把数据密钥,不能移除。请先运行 huizhen keys rotate。"


async def rotate(practice: Practice, *, new_master: bool = True, progress: Progress | None = None) -> KeyRenewal:
    """Wrap every data key by a new master key (``new_master=False``: by the one that is current now). Goes on where a stopped run ended.

    Processes that hold the old master key only learn of the new one by themselves. :class:`UnusableMasterKeys` where a new one cannot be made here.
    """
    master = practice.keys.master
    async with Renewal(practice, "rotate", progress) as run:
        await master.refresh()
        if not run.row.target:
            run.row.target = await master.new_version(practice.keys.suite) if new_master else await master.current()
            run.row.total = await WrappedKey.exclude(kek_version=run.row.target).count()
            await run.enter("wrap")
            await run.announce()
        while await _wrap_all(run, master):
            # A process that had not yet heard of the new master key made a data key under the old one: once more.
            run.row.cursor = ""
        await run.announce()
        await run.finish()
        return run.row


async def _wrap_all(run: Renewal, master: KeyEncryption) -> int:
    """One walk over what is not yet wrapped by the target; how many keys it met."""
    met = 0
    while True:
        waiting = WrappedKey.filter(id__gt=run.row.cursor).exclude(kek_version=run.row.target)
        rows = await waiting.order_by("id").limit(BATCH)
        if not rows:
            return met
        # A key that was renewed or destroyed meanwhile is not overwritten: the next walk meets it again.
        await replace_keys([(row, await _wrapped_anew(row, master, run.row.target)) for row in rows])
        met += len(rows)
        await run.advance(rows[-1].id, len(rows))


async def _wrapped_anew(row: WrappedKey, master: KeyEncryption, target: str) -> dict[str, object]:
    current, former = b"", None
    if row.erased_at is None:
        context = wrapping_context(row.id, row.key_version, suite_named(row.suite))
        current = await master.wrap(target, context, await master.unwrap(row.kek_version, context, bytes(row.wrapped)))
    if row.erased_at is None and row.former is not None and row.former_version is not None:
        context = wrapping_context(row.id, row.former_version, suite_named(row.former_suite or ""))
        former = await master.wrap(target, context, await master.unwrap(row.kek_version, context, bytes(row.former)))
    return {"wrapped": current, "former": former, "kek_version": target}


async def retire_master(practice: Practice, version: str) -> None:
    """Destroy master key ``version``: old backups of the key ring open no more. :class:`StillInUse` while it wraps something."""
    async with Renewal(practice, "retire") as run:
        await practice.keys.master.refresh()
        count = await WrappedKey.filter(kek_version=version).count()
        if count:
            await run.row.delete()
            raise StillInUse(version=version, count=count)
        await practice.keys.master.remove_version(version)
        await run.announce()
        await run.finish()
