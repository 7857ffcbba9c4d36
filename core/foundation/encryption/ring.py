"""The key ring of one process: the sealer of every subject, made on first use, remembered until the ring's edition grows.

Whoever renews or destroys keys makes the edition grow and rings the bell ``keys``; a process that hears neither looks by itself every
``LOOK_EVERY_S``. A ring that cannot look for ``TRUST_S`` (its database is away) gives no key at all any more: what was erased must not be opened
because somebody cut a wire.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from tortoise.exceptions import IntegrityError
from tortoise.expressions import F

from core.foundation.clock import Clock
from core.foundation.database.away import AWAY
from core.foundation.encryption.fields import is_indexed
from core.foundation.encryption.master_keys import BlindKey, KeyEncryption
from core.foundation.encryption.sealer import SealBroken, Sealer
from core.foundation.encryption.suites import AES, SUITES, Suite
from core.foundation.errors import NotFound, Unavailable
from core.foundation.keyring.models import KeyringEdition, WrappedKey
from core.foundation.models import BlindEdition

if TYPE_CHECKING:
    from core.foundation.signals import Signals

logger = logging.getLogger("huizhen.keys")

LOOK_EVERY_S = 1.0
TRUST_S = 15.0
BELL = "keys"
BLIND_SUBJECT = "house:blind"
"""Subject of the blind-index key where the master keys are in a key service."""


class SubjectErased(NotFound):
    """The subject's key was destroyed: nothing of it can be opened or written any more."""

    code = "subject.erased"
    sentence = "这份资料已按要求删除,不能再打开。"


class SubjectLocked(SubjectErased):
    """The person asked for erasure and a law keeps the record: it is stored and protected, and used for nothing else (个人信息保护法 article 47)."""

    code = "subject.locked"
    sentence = "本人已要求删除这份资料,依法要保存的部分已锁定;本人可以在小程序「注销与删除」里恢复使用;救治急需,请写明理由「紧急调阅」。"


class BlindKeyMissing(Unavailable):
    """The blind indexes were made with a key that stood in a key file which this process does not have: a new key would find nobody and make every
    patient a second time. The file's house must run ``huizhen keys reindex`` before it is changed for a key service."""

    code = "keys.blind_missing"
    sentence = "检索用的密钥还在原来的密钥文件里:请先用那个文件运行一次 huizhen keys reindex,再改用密钥服务。"


class KeyRing:
    """Gives the sealer of a subject; makes its key on first use, before the subject's first row."""

    CACHE = 20_000

    def __init__(self, master: KeyEncryption, clock: Clock, *, suite: Suite = AES, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.master = master
        self.suite = suite
        self._clock = clock
        self._monotonic = monotonic
        self._cache: OrderedDict[str, Sealer] = OrderedDict()
        self._edition = -1
        self._look_at = 0.0
        self._seen_at = float("-inf")
        first = master.blind_key()
        self._blinds: dict[int, BlindKey] = {} if first is None else {1: first}
        self.blind_edition = 1

    async def start(self) -> None:
        """Have at hand what :meth:`blind` needs: to be called once before it, where blind indexes were ever made anew or the master keys are in a
        key service."""
        await self.learn_blind_keys()

    async def follow(self, signals: Signals) -> None:
        """Forget at once what another process destroyed or renewed: runs until cancelled."""
        with signals.listen(BELL) as bell:
            while True:
                await bell.wait(30)
                try:
                    await self.look()
                except AWAY as error:
                    logger.warning("key ring not looked at: %s", type(error).__name__)

    async def look(self) -> None:
        """Look now whether keys were renewed or destroyed."""
        self._look_at = 0.0
        await self._look()

    async def sealer(self, kind: str, subject_id: str) -> Sealer:
        """The sealer of subject ``kind:subject_id``. The key row is committed on its own connection, whatever the caller's transaction does.

        :class:`SubjectErased` when its key was destroyed; Unavailable when the master keys are away.
        """
        if self._monotonic() >= self._look_at:
            await self._look()
        subject = f"{kind}:{subject_id}"
        sealer = self._cache.get(subject)
        if sealer is None:
            return await self._load_or_create(subject)
        self._cache.move_to_end(subject)
        return sealer

    async def fetch(self, kind: str, subject_ids: Iterable[str]) -> None:
        """Have the keys of many subjects at hand with one question, before each is asked for by :meth:`sealer`."""
        await self.sealers([f"{kind}:{one}" for one in subject_ids])

    async def sealers(self, subjects: Iterable[str]) -> dict[str, Sealer]:
        """The sealers of those subjects (``<kind>:<id>``) that have a key; nobody is made one."""
        if self._monotonic() >= self._look_at:
            await self._look()
        edition = self._edition
        wanted = set(subjects)
        found = {subject: self._cache[subject] for subject in wanted if subject in self._cache}
        missing = wanted - found.keys()
        for row in await WrappedKey.filter(id__in=list(missing), erased_at__isnull=True) if missing else ():
            found[row.id] = self._keep(edition, row.id, await self._unwrapped(row))
        return found

    def blind(self, kind: str, value: str) -> str:
        """The blind index of ``value`` (normalise it first) among values of ``kind``: 64 hex characters."""
        return self.blind_of(self.blind_edition if is_indexed(kind) else 1, kind, value)

    def blind_of(self, edition: int, kind: str, value: str) -> str:
        """The same with the blind key of ``edition``; Unavailable when it is not at hand."""
        key = self._blinds.get(edition)
        if key is None:
            raise Unavailable
        return key.suite.mac(key.key, f"{kind}\x00{value}".encode()).hex()

    async def make_blind_key(self, edition: int) -> None:
        """Have a blind key of ``edition`` in the ring."""
        await self._row(f"{BLIND_SUBJECT}.{edition}", AES.key_bytes)

    async def learn_blind_keys(self) -> None:
        """Load every blind key there is, and which one is in force. :class:`BlindKeyMissing`: see there."""
        found = await BlindEdition.get_or_none(id=1)
        if 1 not in self._blinds:
            if found is None and not await WrappedKey.filter(id=BLIND_SUBJECT).exists() and await WrappedKey.all().exists():
                raise BlindKeyMissing
            await self._row(BLIND_SUBJECT, AES.key_bytes)
        # Not "starts with": SQLite would look at every key there is.
        for row in await WrappedKey.filter(id__gte=BLIND_SUBJECT, id__lt=f"{BLIND_SUBJECT}/"):
            edition = int(row.id.removeprefix(BLIND_SUBJECT).removeprefix(".") or 1)
            if edition not in self._blinds:
                suite = suite_named(row.suite)
                key = await self.master.unwrap(row.kek_version, wrapping_context(row.id, row.key_version, suite), bytes(row.wrapped))
                self._blinds[edition] = BlindKey(suite, key)
        self.blind_edition = 1 if found is None else found.edition

    async def _look(self) -> None:
        now = self._monotonic()
        self._look_at = now + LOOK_EVERY_S
        try:
            row = await KeyringEdition.get_or_none(id=1)
        except AWAY:
            if now - self._seen_at > TRUST_S:
                self._look_at = 0.0
                raise
            return
        self._seen_at = now
        edition = 0 if row is None else row.edition
        if edition != self._edition:
            # First the number: a key that is being loaded meanwhile belongs to the edition before, and is not kept.
            known, self._edition = self._edition, edition
            self._cache.clear()
            try:
                if known != -1:
                    await self.master.refresh()
                await self.learn_blind_keys()
            except BaseException:
                self._edition, self._look_at = -2, 0.0  # not learnt: the next one looks again
                raise

    def _keep(self, edition: int, subject: str, sealer: Sealer) -> Sealer:
        if edition == self._edition:
            self._cache[subject] = sealer
            if len(self._cache) > self.CACHE:
                self._cache.popitem(last=False)
        return sealer

    async def _load_or_create(self, subject: str) -> Sealer:
        edition = self._edition
        row = await self._row(subject, self.suite.key_bytes)
        if row.erased_at is not None:
            raise SubjectErased
        return self._keep(edition, subject, await self._unwrapped(row))

    async def _row(self, subject: str, key_bytes: int) -> WrappedKey:
        """The wrapped key of ``subject``, made when there is none: of two that make one at once, one wins."""
        row = await WrappedKey.get_or_none(id=subject)
        if row is not None:
            return row
        master = await self.master.current()
        wrapped = await self.master.wrap(master, wrapping_context(subject, 1, self.suite), secrets.token_bytes(key_bytes))
        try:
            return await WrappedKey.create(
                id=subject, wrapped=wrapped, kek_version=master, created_at=self._clock.real_now(), key_version=1, suite=self.suite.name
            )
        except IntegrityError:
            return await WrappedKey.get(id=subject)

    async def _unwrapped(self, row: WrappedKey) -> Sealer:
        suite = suite_named(row.suite)
        key = await self.master.unwrap(row.kek_version, wrapping_context(row.id, row.key_version, suite), bytes(row.wrapped))
        former = None
        if row.former is not None and row.former_version is not None:
            old = suite_named(row.former_suite or "")
            context = wrapping_context(row.id, row.former_version, old)
            former = (row.former_version, old, await self.master.unwrap(row.kek_version, context, bytes(row.former)))
        sealer = Sealer(row.id, key, version=row.key_version, suite=suite, former=former, seals_former=row.seals_former)
        sealer.locked = row.locked_at is not None
        return sealer


def suite_named(name: str) -> Suite:
    """:class:`SealBroken` for a name that is none: somebody wrote into the key ring."""
    if name not in SUITES:
        raise SealBroken
    return SUITES[name]


def wrapping_context(subject: str, version: int, suite: Suite) -> str:
    """What a wrapped key is bound to: whose it is, which of his keys, and for which suite."""
    return f"{subject}\x1f{version}\x1f{suite.name}"


async def new_edition() -> None:
    """Let every process forget the keys that it holds, within ``LOOK_EVERY_S`` also where the bell is not heard."""
    if not await KeyringEdition.filter(id=1).update(edition=F("edition") + 1):
        try:
            await KeyringEdition.create(id=1, edition=1)
        except IntegrityError:
            await KeyringEdition.filter(id=1).update(edition=F("edition") + 1)
