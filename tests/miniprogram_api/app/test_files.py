"""Where files lie is chosen by settings; what cannot be used is refused before anybody is served, and no secret is in any text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from core.foundation.clock import SystemClock
from core.foundation.keys import KeyRing, MasterKeys
from core.foundation.objects.bucket import BucketObjects
from core.foundation.objects.folder import FolderObjects
from miniprogram_api.app.files import UnusableBucketKeys, bucket_of, open_files
from miniprogram_api.app.readiness import reasons_against
from miniprogram_api.app.settings import Settings

SECRET = "the-secret-of-the-bucket"
BUCKET: dict[str, Any] = {"files_bucket": "records", "files_endpoint": "https://store.example.org"}


def test_a_folder_unless_a_bucket_is_named(tmp_path: Path) -> None:
    keys = KeyRing(MasterKeys.create(tmp_path / "keyring.key"), SystemClock())
    folder = open_files(Settings(data_dir=tmp_path), keys).objects
    assert isinstance(folder, FolderObjects)
    assert folder.folder == tmp_path / "blobs"
    chosen = Settings(data_dir=tmp_path, files_access_key_id="id", files_secret_access_key=SECRET, **BUCKET)  # type: ignore[arg-type]
    assert isinstance(open_files(chosen, keys).objects, BucketObjects)
    assert SECRET not in repr(chosen) + repr(bucket_of(chosen))


def test_the_keys_may_lie_in_a_file(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, **BUCKET)
    with pytest.raises(UnusableBucketKeys):
        bucket_of(settings)
    assert any("HUIZHEN_FILES_KEYS_FILE" in one for one in reasons_against(settings))
    settings.files_keys.parent.mkdir()
    for damaged in ("", "[]", "{", '{"access_key_id": "id"}'):
        settings.files_keys.write_text(damaged)
        with pytest.raises(UnusableBucketKeys) as refused:
            bucket_of(settings)
        assert refused.value.__cause__ is None
    settings.files_keys.write_text(json.dumps({"access_key_id": "id", "secret_access_key": SECRET}))
    assert bucket_of(settings).secret_access_key == SECRET
    assert any("chmod 600" in one and "files_bucket.json" in one for one in reasons_against(settings))


def test_secrets_do_not_travel_in_the_clear() -> None:
    with pytest.raises(ValidationError, match="HUIZHEN_FILES_ENDPOINT"):
        Settings(files_bucket="records", files_endpoint="http://store.example.org")
    with pytest.raises(ValidationError, match="HUIZHEN_FILES_ACCESS_KEY_ID"):
        Settings(files_bucket="records", files_secret_access_key=SECRET)  # type: ignore[arg-type]
    assert Settings(files_bucket="records", files_endpoint="http://127.0.0.1:9000").files_endpoint
