"""What each process carries: the engines' weight lies in the worker alone."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.demo import ROOT, Demo

HEAVY = ("jieba", "numpy", "pydicom", "onnxruntime", "aiortc", "av")
WEB_LIMIT_MIB = 150


def mapped(pid: int) -> set[str]:
    """Packages whose compiled modules are mapped into process ``pid``."""
    files = re.findall(r"/site-packages/([A-Za-z0-9_]+)", Path(f"/proc/{pid}/maps").read_text())
    return {name.removesuffix("_libs").removesuffix(".libs") for name in files}


def memory_mib(pid: int) -> tuple[float, float]:
    """Resident and proportional memory of process ``pid`` in MiB: the second counts a page shared with others in part only."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    kib = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines) if name in ("Rss", "Pss")}
    return kib["Rss"] / 1024, kib["Pss"] / 1024


def loaded_by(*modules: str, then: str = "") -> set[str]:
    """Top-level modules in an interpreter that has imported ``modules`` and done ``then``."""
    code = f"import sys, json, {', '.join(modules)}\n{then}\nprint(json.dumps(sorted({{name.partition('.')[0] for name in sys.modules}})))"
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
    return set(json.loads(ended.stdout.splitlines()[-1]))


@pytest.mark.parametrize("name", ["web-1", "web-2", "ticker"])
def test_a_running_process_without_engines_has_loaded_none(running_demo_house: Demo, name: str) -> None:
    pid = running_demo_house.pid(name)
    assert pid is not None
    packages = mapped(pid)
    assert packages, "nothing compiled is mapped: the look itself is wrong"
    assert not packages & set(HEAVY)


def test_a_web_process_imports_no_engine(tmp_path: Path) -> None:
    """Pure packages leave no trace in a process's map, so this asks an interpreter that builds the whole app."""
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "demo.secret").write_text("secret")
    build = (
        "from pathlib import Path\nfrom miniprogram_api.app.settings import Settings\n"
        f"settings = Settings(demo=True, data_dir=Path({str(tmp_path)!r}), simulator_url='http://127.0.0.1:9', port=8000)\n"
        "miniprogram_api.app.web.build_app(settings, 'weighed').router.finalize()\n"
        "from core.practice_rooms import load_rooms\nload_rooms()"
    )
    assert not loaded_by("miniprogram_api.app.web", then=build) & set(HEAVY)
    assert not loaded_by("miniprogram_api.app.ticker") & set(HEAVY)


def test_a_worker_is_ready_to_read_and_to_look() -> None:
    """The dictionary is there before the first sentence; pydicom comes with the first image."""
    look = "from pathlib import Path\nimport importlib.util\nfolder = Path(importlib.util.find_spec('pydicom').origin).parent\n"
    look += "image = (folder / 'data/test_files/CT_small.dcm').read_bytes()\nengines = miniprogram_api.app.worker.build_engines()\n"
    assert "jieba" in loaded_by("miniprogram_api.app.worker", then=look)
    assert "pydicom" in loaded_by("miniprogram_api.app.worker", then=look + "engines.imaging.check(image)")


def test_the_running_worker_is_heavier_than_a_web_process(running_demo_house: Demo) -> None:
    """Its dictionary has no file of its own in the map, but its weight shows."""
    worker, web = running_demo_house.pid("worker"), running_demo_house.pid("web-1")
    assert worker is not None
    assert web is not None
    assert memory_mib(worker)[0] > memory_mib(web)[0] + 20


def test_a_web_process_is_light(running_demo_house: Demo, capsys: pytest.CaptureFixture[str]) -> None:
    weights = {name: memory_mib(pid) for name in running_demo_house.names() if (pid := running_demo_house.pid(name)) is not None}
    with capsys.disabled():
        print("\nMiB resident (proportional): " + ", ".join(f"{name} {rss:.0f} ({pss:.0f})" for name, (rss, pss) in weights.items()))
    assert all(weights[name][0] < WEB_LIMIT_MIB for name in ("web-1", "web-2"))


def test_every_process_is_listed_and_serves(running_demo_house: Demo) -> None:
    listed = running_demo_house.listed()
    assert {child["name"] for child in listed["processes"]} == {"redis", "simulator", "worker", "ticker", "media", "web-1", "web-2"}
    end = time.monotonic() + 60
    while not all(child["serving"] for child in running_demo_house.listed()["processes"]):
        assert time.monotonic() < end
        time.sleep(0.1)
    assert all(Path(f"/proc/{child['pid']}").exists() for child in running_demo_house.listed()["processes"])
