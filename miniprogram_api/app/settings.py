"""What an operator can choose, read once from the environment (HUIZHEN_*). Nothing else in the house reads the environment."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from media.calls.turn import is_uri


class Settings(BaseSettings):
    """Every choice with its default, that of one machine. The data folder becomes absolute; addresses left empty are derived from it."""

    model_config = SettingsConfigDict(env_prefix="HUIZHEN_", extra="ignore", frozen=True)

    demo: bool = Field(default=False, description="demonstration: simulator, seeded people, movable clock")
    port: int = Field(default=8000, ge=0, le=65535, description="TCP port of the web processes; 0 picks a free one")
    host: str = Field(default="127.0.0.1", description="address the web processes listen on")
    public_url: str = Field(default="", description="origin under which browsers and WeChat reach us; empty: this machine's loopback address")
    data_dir: Path = Field(default=Path("data"), description="folder that holds everything the house keeps")
    database_url: str = Field(default="", description="the practice's database; empty: SQLite in the data folder")
    keyring_url: str = Field(default="", description="the database of wrapped keys; empty: SQLite in the data folder")
    redis_url: str = Field(default="", description="a Redis of your own; empty: the supervisor runs one in the data folder")
    seed: int = Field(default=1, description="number that the demonstration's people are generated from")
    trusted_proxies: str = Field(default="", description="networks of your reverse proxies, comma-separated; only they may say for whom they ask")
    metrics_token: SecretStr = Field(default=SecretStr(""), description="who carries it may read /metrics from elsewhere; empty: this machine alone")
    web_processes: int = Field(default=2, ge=1, le=32, description="web processes on the one listening socket")
    media_processes: int = Field(
        default=0, ge=0, le=64, description="media processes, each of which keeps one core busy with calls; 0: one a core, in the demonstration one"
    )
    simulator_url: str = Field(default="", description="loopback origin of the simulator; set by the supervisor, in the demonstration only")
    wechat_api_base: str = Field(default="https://api.weixin.qq.com", description="WeChat's server API")
    wechat_open_base: str = Field(default="https://open.weixin.qq.com", description="WeChat's page that people authorise on")
    wecom_api_base: str = Field(default="https://qyapi.weixin.qq.com", description="WeCom's server API")

    audit_anchor_dir: Path | None = Field(default=None, description="folder on other storage for the audit's signed heads; empty: in the data folder")
    audit_anchor_house: str = Field(default="", description="origin of another house that keeps the audit's signed heads, https")
    audit_anchor_seconds: float = Field(default=10.0, ge=1, le=3600, description="how often the audit's grown head is signed and anchored")

    files_bucket: str = Field(default="", description="bucket (S3) for the sealed files; empty: a folder in the data folder")
    files_endpoint: str = Field(default="", description="origin of the store that has it, https; empty: Amazon's own")
    files_region: str = Field(default="us-east-1", description="its region")
    files_prefix: str = Field(default="files", pattern=r"^[A-Za-z0-9_\-/]{1,100}$", description="folder in the bucket")
    files_access_key_id: SecretStr = Field(default=SecretStr(""), description="who writes to the bucket; empty: from the file")
    files_secret_access_key: SecretStr = Field(default=SecretStr(""), description="the secret to it; empty: from the file")
    files_keys_file: Path | None = Field(default=None, description="file with both (JSON); empty: secrets/files_bucket.json")

    backup_repository: str = Field(default="", description="restic's address of the data snapshots; empty: no backups")
    backup_keyring_repository: str = Field(default="", description="restic's address of the key ring's snapshots, apart from the data's")
    backup_second_repository: str = Field(default="", description="restic's address of the second site's data snapshots; empty: no second site")
    backup_second_keyring_repository: str = Field(default="", description="restic's address of the second site's key ring snapshots")
    backup_password_file: Path | None = Field(default=None, description="file with the data repositories' password; empty: secrets/backup.password")
    backup_keyring_password_file: Path | None = Field(
        default=None, description="file with the key ring repositories' password; empty: secrets/backup-keyring.password"
    )
    backup_keep: str = Field(
        default="last=2,daily=14,weekly=8,monthly=12", description="which snapshots stay, as restic's forget understands it; all: every one, always"
    )
    backup_max_age_hours: float = Field(default=26, ge=1, le=24 * 31, description="an older last good backup is told to administrators")
    backup_follow_minutes: float = Field(default=15, ge=1, le=24 * 60, description="how often `huizhen backup follow` takes a snapshot")
    backup_full_hours: float = Field(default=24, ge=1, le=24 * 7, description="how often following dumps MariaDB anew instead of its log")

    call_engine: Literal["python", "native", "janus"] = Field(
        default="python", description="what carries calls: this machine in Python, this machine in C (where there is a compiler), or Janus servers"
    )
    janus_servers_file: Path | None = Field(default=None, description="file with the Janus servers (JSON); empty: secrets/janus.json")
    turn_urls: str = Field(default="", description="relays for clients, comma-separated: turn:…?transport=udp, turns:…:443?transport=tcp, stun:…")
    turn_secret: SecretStr = Field(default=SecretStr(""), description="the secret shared with the relays; empty: from the file")
    turn_secret_file: Path | None = Field(default=None, description="file with it; empty: secrets/turn.secret")

    keep_record_years: int = Field(default=15, ge=15, le=100, description="years after the last act of care that records stay; the law: 15 at least")
    keep_process_years: int = Field(default=3, ge=3, le=100, description="years that what was said stays; the law: 3 at least")

    suite: Literal["aes", "sm4"] = Field(default="aes", description="algorithms of new keys: AES-256-GCM and SHA-256, or SM4-GCM and SM3")
    master_keys: SecretStr = Field(default=SecretStr(""), description="the master keys themselves, as in the key file; empty: from the file")
    key_service_url: str = Field(default="", description="key service that holds the master keys, https; empty: the key file")
    key_service_token_file: Path | None = Field(default=None, description="file with the key service's token; empty: secrets/key-service.token")
    key_service_ca: Path | None = Field(default=None, description="certificates that the key service's is checked against; empty: the system's")
    tls_certificate: Path | None = Field(default=None, description="certificate chain (PEM), where no reverse proxy ends TLS")
    tls_key: Path | None = Field(default=None, description="its private key (PEM)")

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, folder: Path) -> Path:
        return folder.expanduser().resolve()

    @field_validator("wechat_api_base", "wechat_open_base", "wecom_api_base", "public_url", "simulator_url")
    @classmethod
    def _no_trailing_slash(cls, url: str) -> str:
        return url.rstrip("/")

    @field_validator("metrics_token")
    @classmethod
    def _not_to_be_guessed(cls, token: SecretStr) -> SecretStr:
        if token.get_secret_value() and not re.fullmatch(r"[0-9A-Za-z_\-]{20,200}", token.get_secret_value()):
            raise ValueError("HUIZHEN_METRICS_TOKEN 要 20 个以上的字母和数字")
        return token

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, text: str) -> str:
        return ",".join(str(ip_network(one.strip())) for one in text.split(",") if one.strip())

    @field_validator("turn_urls")
    @classmethod
    def _relays(cls, text: str) -> str:
        uris = [one.strip() for one in text.split(",") if one.strip()]
        if not all(is_uri(one) for one in uris):
            raise ValueError("写成 turn:relay.example.org:3478?transport=udp,turns:relay.example.org:443?transport=tcp 这样")
        return ",".join(uris)

    @model_validator(mode="before")
    @classmethod
    def _empty_is_absent(cls, values: dict[str, object]) -> dict[str, object]:
        """`HUIZHEN_PORT=` in a shell or a unit file means "not chosen", not an error."""
        return {name: value for name, value in values.items() if value != ""}

    @model_validator(mode="after")
    def _keys_and_certificates(self) -> Settings:
        if self.key_service_url and self.master_keys.get_secret_value():
            raise ValueError("HUIZHEN_KEY_SERVICE_URL 与 HUIZHEN_MASTER_KEYS 只能用一个")
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("HUIZHEN_TLS_CERTIFICATE 与 HUIZHEN_TLS_KEY 要一起设置")
        return self

    @model_validator(mode="after")
    def _bucket(self) -> Settings:
        host = urlsplit(self.files_endpoint)
        if self.files_endpoint and host.scheme != "https" and host.hostname not in ("127.0.0.1", "localhost", "::1"):
            raise ValueError("HUIZHEN_FILES_ENDPOINT 要用 https(只有本机可以用 http)")
        if bool(self.files_access_key_id.get_secret_value()) != bool(self.files_secret_access_key.get_secret_value()):
            raise ValueError("HUIZHEN_FILES_ACCESS_KEY_ID 与 HUIZHEN_FILES_SECRET_ACCESS_KEY 要一起设置")
        return self

    @field_validator("backup_keep")
    @classmethod
    def _keep(cls, text: str) -> str:
        for one in text.split(",") if text != "all" else ():
            name, _, count = one.strip().partition("=")
            if name not in ("last", "hourly", "daily", "weekly", "monthly", "yearly") or not count.isdigit() or not 1 <= int(count) <= 9999:
                raise ValueError("写成 last=2,daily=14,weekly=8,monthly=12 这样")
        return text

    @model_validator(mode="after")
    def _derive(self) -> Settings:
        derived = {
            "database_url": f"sqlite://{self.data_dir / 'practice.sqlite3'}",
            "keyring_url": f"sqlite://{self.data_dir / 'keyring.sqlite3'}",
            "public_url": self._own_url(self.port),
        }
        for name, value in derived.items():
            if not getattr(self, name):
                object.__setattr__(self, name, value)
        return self

    def on_port(self, port: int) -> Settings:
        """The same settings for the port that was really bound; the origin follows unless one was chosen."""
        derived = self.public_url == self._own_url(self.port)
        return self.model_copy(update={"port": port, "public_url": self._own_url(port) if derived else self.public_url})

    def _own_url(self, port: int) -> str:
        return f"{'http' if self.tls_certificate is None else 'https'}://127.0.0.1:{port}"

    @property
    def proxy_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """``trusted_proxies`` as networks."""
        return tuple(ip_network(one) for one in self.trusted_proxies.split(",") if one)

    @property
    def relay_uris(self) -> tuple[str, ...]:
        """``turn_urls`` one by one."""
        return tuple(one for one in self.turn_urls.split(",") if one)

    @property
    def janus_file(self) -> Path:
        """The Janus servers with their secrets."""
        return self.janus_servers_file or self.secrets_dir / "janus.json"

    @property
    def turn_secret_path(self) -> Path:
        """The relays' secret, where it is in a file."""
        return self.turn_secret_file or self.secrets_dir / "turn.secret"

    @property
    def key_file(self) -> Path:
        """The master keys, where they are in a file."""
        return self.secrets_dir / "keyring.key"

    @property
    def key_service_token(self) -> Path:
        """The file with the key service's token."""
        return self.key_service_token_file or self.secrets_dir / "key-service.token"

    @property
    def blobs_dir(self) -> Path:
        """The sealed files, where they are in a folder."""
        return self.data_dir / "blobs"

    @property
    def recordings_dir(self) -> Path:
        """What is recorded of calls, sealed, until a worker has put it together. Media processes and workers see the same folder."""
        return self.data_dir / "recordings"

    @property
    def files_keys(self) -> Path:
        """The bucket's keys, where they are in a file."""
        return self.files_keys_file or self.secrets_dir / "files_bucket.json"

    @property
    def secrets_dir(self) -> Path:
        """Folder of credentials and keys, readable by the owner alone."""
        return self.data_dir / "secrets"

    @property
    def channels_file(self) -> Path:
        """Credentials of the four WeChat channels."""
        return self.secrets_dir / "channels.json"

    @property
    def audit_key_file(self) -> Path:
        """The key that signs the audit's heads."""
        return self.secrets_dir / "audit.key"

    @property
    def audit_bucket_file(self) -> Path:
        """The bucket that keeps the audit's heads, with its credentials; no bucket without it."""
        return self.secrets_dir / "audit_bucket.json"

    @property
    def witnessed_file(self) -> Path:
        """The other houses whose heads are kept here, with their public keys."""
        return self.secrets_dir / "witnessed.json"

    @property
    def anchors_dir(self) -> Path:
        """Where the file anchor writes."""
        return self.audit_anchor_dir or self.data_dir / "anchors"

    @property
    def backup_password(self) -> Path:
        """The file with the password of the data repositories."""
        return self.backup_password_file or self.secrets_dir / "backup.password"

    @property
    def backup_keyring_password(self) -> Path:
        """The file with the password of the key ring's repositories."""
        return self.backup_keyring_password_file or self.secrets_dir / "backup-keyring.password"

    @property
    def erased_file(self) -> Path:
        """The list of destroyed keys, beside the audit's heads: on other storage, and in no snapshot."""
        return self.anchors_dir / "erased.keys"

    @property
    def locked_file(self) -> Path:
        """The list of locked records, beside it."""
        return self.anchors_dir / "locked.keys"

    @property
    def restoring_dir(self) -> Path:
        """What an unfinished restore keeps; nothing is served while it is there."""
        return self.data_dir / "restoring"

    @property
    def restored_dir(self) -> Path:
        """What a finished restore has not removed yet."""
        return self.data_dir / "restored"

    @property
    def demo_secret_file(self) -> Path:
        """What local programs show to sign people in; in the demonstration only."""
        return self.secrets_dir / "demo.secret"

    @property
    def simulator_dir(self) -> Path:
        """What the simulated platform keeps."""
        return self.data_dir / "simulator"

    @property
    def run_dir(self) -> Path:
        """Lock and process list of the running supervisor."""
        return self.data_dir / "run"

    @property
    def logs_dir(self) -> Path:
        """One log file a process."""
        return self.data_dir / "logs"

    @property
    def backups_dir(self) -> Path:
        """Copies of the databases made before a migration."""
        return self.data_dir / "backups"


def read() -> Settings:
    """The settings of this process; raises pydantic.ValidationError naming the variable that cannot be used."""
    return Settings()
