"""The key ring that the settings ask for: master keys from the file, from the environment, or from a key service."""

from __future__ import annotations

import contextlib

from core.foundation.clock import Clock
from core.foundation.encryption.master_keys import KeyEncryption, MasterKeys
from core.foundation.encryption.suites import SUITES
from core.foundation.keys import KeyRing
from miniprogram_api.app.settings import Settings


def key_ring(settings: Settings, clock: Clock) -> KeyRing:
    """FileNotFoundError where there is no key file, UnusableMasterKeys where the file or variable holds something else."""
    return KeyRing(master_keys(settings), clock, suite=SUITES[settings.suite])


def master_keys(settings: Settings) -> KeyEncryption:
    """What wraps data keys. A key file is made on first use in the demonstration, and expected to be there otherwise."""
    if settings.key_service_url:
        from core.foundation.encryption.key_service import KeyService

        return KeyService(settings.key_service_url, settings.key_service_token, ca_file=settings.key_service_ca)
    if settings.master_keys.get_secret_value():
        return MasterKeys.parse(settings.master_keys.get_secret_value())
    path = settings.key_file
    if settings.demo and not path.exists():
        with contextlib.suppress(FileExistsError):
            return MasterKeys.create(path, SUITES[settings.suite])
    return MasterKeys.load(path)
