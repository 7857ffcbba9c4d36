"""`huizhen keys`: the master keys of an installation, made once."""

from __future__ import annotations

import argparse

from miniprogram_api.cli.refusals import explain_settings


def run(_: argparse.Namespace) -> int:
    """Exit status 0 when the key file was made, 1 when there is one already: overwriting it would lose every record."""
    from core.foundation.keys import MasterKeys

    settings = explain_settings()
    if settings is None:
        return 1
    path = settings.secrets_dir / "keyring.key"
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings.secrets_dir.mkdir(exist_ok=True, mode=0o700)
    try:
        MasterKeys.create(path)
    except FileExistsError:
        print(f"已有主密钥 {path},没有改动(换掉它,已有的病历就打不开了)。")
        return 1
    print(f"主密钥已写入 {path}。请立即在另一处妥善另存一份:丢失它,病历无法解密。")
    return 0
