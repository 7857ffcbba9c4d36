"""From two addresses to a Tortoise configuration, and from there to open connections.

``sqlite:///absolute/path`` or ``mysql://user:password@host:port/schema`` (also ``?unix_socket=/path``). One process speaks one dialect:
Tortoise breaks when a second one is initialised in the same process.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tortoise import Tortoise
from tortoise.connection import get_connection

PRACTICE = "practice"
KEYRING = "keyring"
APP = "huizhen"
MIGRATIONS = {APP: "core.foundation.migrations.practice", KEYRING: "core.foundation.migrations.keyring"}

MODEL_MODULES = (
    "core.foundation.models",
    "core.foundation.audit.models",
    "core.people.models",
    "core.conversations.models",
    "core.intake.models",
    "core.appointments.models",
    "core.notifications.models",
    "core.matching.models",
    "core.consultations.models",
    "core.dispatch.models",
    "core.calls.models",
    "core.calls.recording_models",
    "core.imaging.models",
    "core.prescriptions.models",
    "core.candidates.models",
    "core.oversight.models",
    "core.followups.models",
    "core.coverage.models",
    "core.credentials.models",
    "core.deidentification.models",
)
"""Every module with tables: one Tortoise app, because migrations of several apps come out without dependencies between them."""


def connection_settings(url: str, *, foreign_keys: bool = True) -> dict[str, Any]:
    """Tortoise's settings of one connection. ``foreign_keys=False`` is for migrating SQLite only: a table rebuild would delete children.

    ``mysql://user:password@host:port/schema``, with ``?unix_socket=``, or over TLS with ``?ssl_ca=`` (and ``&ssl_cert=&ssl_key=``).
    ValueError for a scheme that is not supported.
    """
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return {
            "engine": "core.foundation.database.sqlite_client",
            "credentials": {
                "file_path": parts.path,
                "foreign_keys": "ON" if foreign_keys else "OFF",
                "busy_timeout": 10_000,
                "synchronous": "NORMAL",
                # Not every build of SQLite does so by itself: what was destroyed is to stand in no free place of the file, nor of its copies.
                "secure_delete": "ON",
            },
        }
    if parts.scheme in ("mysql", "mariadb"):
        credentials: dict[str, Any] = {
            "host": parts.hostname or "127.0.0.1",
            "port": parts.port or 3306,
            "user": unquote(parts.username or ""),
            "password": unquote(parts.password or ""),
            "database": parts.path.lstrip("/"),
            "charset": "utf8mb4",
            "minsize": 1,
            "maxsize": 5,
            "pool_recycle": 3600,
            # Found rows instead of changed rows, so that compare-and-set counts the same on both dialects.
            "client_flag": 2,
            # The pool sets the time zone on its first connection only; init_command reaches all of them.
            "init_command": "set time_zone='+00:00', tx_isolation='READ-COMMITTED'",
        }
        chosen = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if "unix_socket" in chosen:
            credentials["unix_socket"] = chosen["unix_socket"]
        if "ssl_ca" in chosen:
            credentials["ssl"] = _tls(chosen)
        return {"engine": "core.foundation.database.mysql_client", "credentials": credentials}
    raise ValueError("HUIZHEN_DATABASE_URL 只支持 sqlite:/// 和 mysql://")


def _tls(chosen: dict[str, str]) -> dict[str, Any]:
    """TLS to the server: its certificate must come from ``ssl_ca`` and name the host; ``ssl_cert`` and ``ssl_key`` show who we are."""
    tls: dict[str, Any] = {"ca": chosen["ssl_ca"], "check_hostname": True, "verify_mode": True}
    if "ssl_cert" in chosen:
        tls |= {"cert": chosen["ssl_cert"], "key": chosen.get("ssl_key")}
    return tls


def configuration(practice_url: str, keyring_url: str, *, foreign_keys: bool = True) -> dict[str, Any]:
    """Tortoise's whole configuration: two connections, two apps, times aware in UTC."""
    return {
        "connections": {
            PRACTICE: connection_settings(practice_url, foreign_keys=foreign_keys),
            KEYRING: connection_settings(keyring_url, foreign_keys=foreign_keys),
        },
        "apps": {
            APP: {"models": list(MODEL_MODULES), "default_connection": PRACTICE, "migrations": MIGRATIONS[APP]},
            KEYRING: {
                "models": ["core.foundation.keyring.models"],
                "default_connection": KEYRING,
                "migrations": MIGRATIONS[KEYRING],
            },
        },
        "use_tz": True,
        "timezone": "UTC",
    }


async def open_database(practice_url: str, keyring_url: str) -> None:
    """Open both databases for this process. Call it in the process's own loop, once."""
    await Tortoise.init(config=configuration(practice_url, keyring_url), _enable_global_fallback=True)


async def close_database() -> None:
    await Tortoise.close_connections()


def dialect() -> str:
    """"sqlite" or "mysql": what the practice's connection speaks."""
    return str(get_connection(PRACTICE).capabilities.dialect)
