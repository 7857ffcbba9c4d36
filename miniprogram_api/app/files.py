"""Where the sealed files lie, as the settings say: a folder, or a bucket of a store that speaks S3."""

from __future__ import annotations

import json

from core.foundation.blobs import BlobStore
from core.foundation.keys import KeyRing
from core.foundation.objects.bucket import BucketObjects, BucketSettings
from miniprogram_api.app.settings import Settings


class UnusableBucketKeys(ValueError):
    """The file with the bucket's keys is missing or is none. Holds nothing of it."""

    def __init__(self) -> None:
        super().__init__("存文件的桶没有可用的密钥:请检查 HUIZHEN_FILES_KEYS_FILE(JSON,含 access_key_id 和 secret_access_key)。")


def open_files(settings: Settings, keys: KeyRing) -> BlobStore:
    """The house's files. :class:`UnusableBucketKeys`."""
    if not settings.files_bucket:
        return BlobStore(settings.blobs_dir, keys)
    return BlobStore(BucketObjects(bucket_of(settings)), keys)


def bucket_of(settings: Settings) -> BucketSettings:
    """The chosen bucket with its keys, from the environment or from the file. :class:`UnusableBucketKeys`."""
    key_id, secret = settings.files_access_key_id.get_secret_value(), settings.files_secret_access_key.get_secret_value()
    if not secret:
        try:
            found = json.loads(settings.files_keys.read_text("utf-8"))
            key_id, secret = str(found["access_key_id"]), str(found["secret_access_key"])
        except (OSError, ValueError, KeyError, TypeError):
            raise UnusableBucketKeys from None
    return BucketSettings(settings.files_bucket, settings.files_endpoint, settings.files_region, settings.files_prefix, key_id, secret)
