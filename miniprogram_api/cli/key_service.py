"""`huizhen key-service`: the master keys on a machine of their own."""

from __future__ import annotations

import argparse
import ipaddress
import os
import secrets
from pathlib import Path


def run(given: argparse.Namespace) -> int:
    """Serve until a signal; exit status 1 after saying why it cannot."""
    from core.foundation.encryption.master_keys import MasterKeys, UnusableMasterKeys
    from miniprogram_api.app import key_service
    from miniprogram_api.app import logging as house_logging
    from miniprogram_api.app.tls import ServerTls, UnusableCertificate

    host, _, port = given.listen.rpartition(":")
    keys, token = Path(given.keys), Path(given.token)
    if not port.isdigit() or not _is_address(host.strip("[]")):
        print("监听地址要写成 地址:端口,例如 10.0.0.5:8200")
        return 1
    if not given.certificate and not ipaddress.ip_address(host.strip("[]")).is_loopback:
        print("不在本机监听时必须用 TLS:请加上 --certificate 和 --certificate-key")
        return 1
    try:
        if not keys.exists():
            MasterKeys.create(keys)
            print(f"主密钥已写入 {keys}。请立即在另一处妥善另存一份:丢失它,病历无法解密。")
        if not token.exists():
            _write_secret(token)
            print(f"令牌已写入 {token}。请把它安全地拷到会诊那台机器的 secrets/key-service.token(权限 600)。")
        tls = ServerTls(Path(given.certificate), Path(given.certificate_key)).context if given.certificate else None
        house_logging.configure("key-service")
        print(f"密钥服务在 {given.listen} 运行。按 Ctrl-C 停止。", flush=True)
        key_service.run(keys, token, host.strip("[]"), int(port), tls)
    except UnusableCertificate:
        print("证书或私钥不能用:请检查两个文件是否成对、是否可读、私钥是否没有口令。")
        return 1
    except UnusableMasterKeys:
        print(f"{keys} 不是主密钥文件。")
        return 1
    except key_service.UnsafeToken:
        print(f"{token} 里的令牌太短:删去它再启动,会生成新的。")
        return 1
    except OSError as error:
        print(f"不能启动:{error.strerror or error}")
        return 1
    return 0


def _write_secret(path: Path) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(48))


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
