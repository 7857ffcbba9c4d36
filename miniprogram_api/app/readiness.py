"""What must hold before the house serves real people: reasons against it, each a sentence that says what to do."""

from __future__ import annotations

import ipaddress
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from pydantic import ValidationError

from bot.channels.settings import ChannelSettings
from core.foundation.encryption.master_keys import MasterKeys, UnusableMasterKeys
from miniprogram_api.app.calls import UnusableJanusFile, UnusableTurnSecret, janus_entries, relays_of
from miniprogram_api.app.files import UnusableBucketKeys, bucket_of
from miniprogram_api.app.settings import Settings
from miniprogram_api.app.tls import ServerTls, UnusableCertificate


def reasons_against(settings: Settings) -> list[str]:
    """Why these settings must not serve real people; empty when nothing speaks against it. Reads files, changes nothing."""
    parts = (_about_addresses, _about_secrets, _about_redis, _about_tls, _about_databases, _about_audit, _about_files, _about_calls)
    return [reason for about in parts for reason in about(settings)]


def _about_addresses(settings: Settings) -> Iterator[str]:
    if settings.demo:
        yield "HUIZHEN_DEMO 只用于演示:正式启动请去掉它。"
    if settings.simulator_url:
        yield "HUIZHEN_SIMULATOR_URL 只用于演示:正式启动请去掉它。"
    if urlsplit(settings.public_url).scheme != "https":
        yield "HUIZHEN_PUBLIC_URL 必须是 https:// 开头的对外网址(微信只回调 https)。"
    for name in ("wechat_api_base", "wechat_open_base", "wecom_api_base"):
        if urlsplit(getattr(settings, name)).scheme != "https":
            yield f"HUIZHEN_{name.upper()} 必须是 https:// 开头的网址。"
    if (settings.simulator_dir / "platform.json").exists():
        yield "这个数据目录是演示用的,里面的人和密钥都不能用于真实病人:请用 HUIZHEN_DATA_DIR 另选一个目录。"


def _about_secrets(settings: Settings) -> Iterator[str]:
    yield from _about_master_keys(settings)
    if not settings.channels_file.exists():
        yield f"没有渠道凭据 {settings.channels_file}:请按 docs/connect-wechat.md 填写公众号、小程序、企业微信的凭据。"
    else:
        yield from _about_channels(settings.channels_file)
    kept = (settings.secrets_dir, settings.key_file, settings.key_service_token, settings.channels_file, settings.tls_key)
    for path in (*kept, settings.audit_key_file, settings.audit_bucket_file, settings.files_keys, settings.janus_file, settings.turn_secret_path):
        if path is not None and path.exists() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield f"{path} 可被其他用户读取:请运行 chmod {'700' if path.is_dir() else '600'} {path}"


def _about_master_keys(settings: Settings) -> Iterator[str]:
    if settings.key_service_url:
        parts = urlsplit(settings.key_service_url)
        if parts.scheme != "https" and not (parts.scheme == "http" and _on_this_machine(parts.hostname or "")):
            yield "HUIZHEN_KEY_SERVICE_URL 必须是 https:// 开头的网址(在本机上可以是 http://)。"
        if not settings.key_service_token.exists():
            yield f"没有密钥服务的令牌 {settings.key_service_token}:请从密钥服务那台机器安全地拷来。"
    elif settings.master_keys.get_secret_value():
        try:
            MasterKeys.parse(settings.master_keys.get_secret_value())
        except UnusableMasterKeys:
            yield "HUIZHEN_MASTER_KEYS 不是主密钥:内容应与 huizhen keys 生成的密钥文件相同。"
    elif not settings.key_file.exists():
        yield f"没有主密钥 {settings.key_file}:首次部署请运行 huizhen keys 生成,并在别处妥善另存一份(丢失主密钥,病历无法解密)。"


def _about_channels(path: Path) -> Iterator[str]:
    try:
        channels = ChannelSettings.read(path)
    except ValidationError as error:
        wrong = "、".join(sorted({".".join(str(part) for part in problem["loc"]) for problem in error.errors(include_input=False)}))
        yield f"渠道凭据 {path} 不能用,请检查:{wrong}"
        return
    except OSError:
        yield f"渠道凭据 {path} 不能读取:请检查文件的所有者。"
        return
    if not (channels.official_account or channels.mini_program or channels.wecom):
        yield f"渠道凭据 {path} 里一个渠道也没有:至少接入公众号、小程序、企业微信之一。"


def _about_audit(settings: Settings) -> Iterator[str]:
    house = settings.audit_anchor_house
    if house and urlsplit(house).scheme != "https":
        yield "HUIZHEN_AUDIT_ANCHOR_HOUSE 必须是 https:// 开头的网址。"
    if not house and not settings.audit_bucket_file.exists() and settings.anchors_dir.is_relative_to(settings.data_dir):
        yield (
            "审计树头没有送到外部:谁能改数据库,谁就能改掉证据。请用 HUIZHEN_AUDIT_ANCHOR_DIR 指到另一处存储,"
            "或设置 HUIZHEN_AUDIT_ANCHOR_HOUSE(另一家机构),或写好 secrets/audit_bucket.json(对象存储)。"
        )


def _about_files(settings: Settings) -> Iterator[str]:
    if settings.files_bucket:
        try:
            bucket_of(settings)
        except UnusableBucketKeys as unusable:
            yield str(unusable)


def _about_calls(settings: Settings) -> Iterator[str]:
    try:
        relays_of(settings)
        if settings.call_engine == "janus":
            janus_entries(settings.janus_file)
    except (UnusableTurnSecret, UnusableJanusFile) as unusable:
        yield str(unusable)


def _about_redis(settings: Settings) -> Iterator[str]:
    parts = urlsplit(settings.redis_url)
    if parts.scheme in ("redis", "rediss") and not _on_this_machine(parts.hostname or "") and not (parts.password and parts.scheme == "rediss"):
        yield "HUIZHEN_REDIS_URL 指向另一台机器:必须用 rediss:// 并带密码。"
    chosen = {name: values[-1].lower() for name, values in parse_qs(parts.query).items()}
    if chosen.get("ssl_cert_reqs", "required") != "required" or chosen.get("ssl_check_hostname", "true") not in ("true", "1", "yes"):
        yield "HUIZHEN_REDIS_URL 关掉了证书检查:请去掉 ssl_cert_reqs 和 ssl_check_hostname,用 ssl_ca_certs 指明 CA 证书。"


def _about_tls(settings: Settings) -> Iterator[str]:
    if settings.tls_certificate is not None and settings.tls_key is not None:
        try:
            ServerTls(settings.tls_certificate, settings.tls_key)
        except UnusableCertificate:
            yield "HUIZHEN_TLS_CERTIFICATE 与 HUIZHEN_TLS_KEY 不能用:请检查两个文件是否成对、是否可读、私钥是否没有口令。"
    elif not _on_this_machine(settings.host) and not settings.trusted_proxies:
        yield "HUIZHEN_HOST 让别的机器不加密地连进来:请设 HUIZHEN_TLS_CERTIFICATE 与 HUIZHEN_TLS_KEY,或写明反向代理 HUIZHEN_TRUSTED_PROXIES。"


def _about_databases(settings: Settings) -> Iterator[str]:
    for name in ("database_url", "keyring_url"):
        parts = urlsplit(getattr(settings, name))
        chosen = parse_qs(parts.query)
        if parts.scheme in ("mysql", "mariadb") and not _on_this_machine(parts.hostname or "") and "ssl_ca" not in chosen:
            yield f"HUIZHEN_{name.upper()} 指向另一台机器:必须用 TLS,请在地址后加 ?ssl_ca=<CA 证书文件>。"


def _on_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in ("", "localhost")
