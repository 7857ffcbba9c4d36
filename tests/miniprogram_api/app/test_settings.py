"""Settings: defaults, derived addresses, and the environment as the only source."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from miniprogram_api.app.settings import Settings


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in list(os.environ):
        if name.startswith("HUIZHEN_"):
            monkeypatch.delenv(name)


def test_everything_has_a_default_for_one_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings()
    assert settings.data_dir == tmp_path / "data"
    assert settings.database_url == f"sqlite://{tmp_path}/data/practice.sqlite3"
    assert settings.keyring_url == f"sqlite://{tmp_path}/data/keyring.sqlite3"
    assert settings.public_url == "http://127.0.0.1:8000"
    assert settings.wechat_api_base == "https://api.weixin.qq.com"
    assert not settings.demo


def test_the_environment_chooses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUIZHEN_PORT", "9001")
    monkeypatch.setenv("HUIZHEN_DEMO", "1")
    monkeypatch.setenv("HUIZHEN_DATABASE_URL", "mysql://u:p@h/practice")
    monkeypatch.setenv("HUIZHEN_PUBLIC_URL", "https://huizhen.example/")
    settings = Settings()
    assert (settings.port, settings.demo) == (9001, True)
    assert settings.database_url == "mysql://u:p@h/practice"
    assert settings.public_url == "https://huizhen.example"
    assert settings.on_port(9002).public_url == "https://huizhen.example"


def test_an_empty_variable_is_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUIZHEN_PORT", "")
    monkeypatch.setenv("HUIZHEN_DATABASE_URL", "")
    assert Settings().port == 8000
    assert Settings().database_url.startswith("sqlite://")


@pytest.mark.parametrize(
    ("name", "value"), [("PORT", "70000"), ("PORT", "eighty"), ("WEB_PROCESSES", "0"), ("SEED", "x"), ("METRICS_TOKEN", "short")]
)
def test_nonsense_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"HUIZHEN_{name}", value)
    with pytest.raises(ValidationError):
        Settings()


def test_a_free_port_moves_the_origin() -> None:
    settings = Settings(port=0).on_port(43210)
    assert (settings.port, settings.public_url) == (43210, "http://127.0.0.1:43210")
