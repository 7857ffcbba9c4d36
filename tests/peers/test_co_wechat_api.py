"""The npm client co-wechat-api, which no one here wrote, talks to the simulator: token, customer-service text, template message.

Its version and its dependencies are pinned by the repository's package.json and package-lock.json.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.bot.simulator.conftest import PEOPLE, platform
from tests.support.peers import need

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "node_modules" / "co-wechat-api"
PROGRAM = """
const WechatAPI = require(process.argv[1]);
const prefix = process.argv[2];
const api = new WechatAPI("wxofficial", "secret-official");
api.prefix = prefix;
(async () => {
  const token = await api.ensureAccessToken();
  const results = {token: token.accessToken.length, expires: token.expireTime - Date.now()};
  results.text = await api.sendText("oPatient1", "请坐好,慢慢说 <&>");
  results.template = await api.sendTemplate("oPatient1", "TPL-1", "http://127.0.0.1/h5/c", "#000000",
    {thing1: {value: "王主任已接诊", color: "#173177"}});
  try {
    await api.sendTemplate("nobody", "TPL-1", "", "", {thing1: {value: "x"}});
  } catch (error) {
    results.refused = error.code;
  }
  api.store.accessToken = "spoiled";
  results.again = await api.sendText("oPatient1", "令牌坏了也送到");
  console.log(JSON.stringify(results));
})().catch((error) => { console.error(error); process.exit(1); });
"""


def node() -> str:
    """The Node of this machine, or the one that came as a Python package."""
    beside = Path(sys.executable).with_name("node")
    return shutil.which("node") or (str(beside) if beside.exists() else "")


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[str]:
    """A simulator process on a free port; its origin."""
    need(bool(node()), "node")
    need((PACKAGE / "package.json").exists(), "co-wechat-api (npm)")
    folder = tmp_path / "simulator"
    folder.mkdir()
    (folder / "platform.json").write_text(json.dumps(platform(9)))
    (folder / "people.json").write_text(json.dumps(PEOPLE))
    child = subprocess.Popen(
        [sys.executable, "-m", "bot.simulator", "--port", "0"],
        env={**os.environ, "HUIZHEN_DATA_DIR": str(tmp_path)}, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stderr
    origin = child.stderr.readline().split()[-1].rstrip("/")
    ready = httpx.HTTPTransport(retries=10)
    with httpx.Client(transport=ready, trust_env=False) as client:
        assert client.get(f"{origin}/simulator/people").status_code == 200
    yield origin
    child.terminate()
    child.wait(10)


@pytest.mark.peer
def test_a_client_from_elsewhere_is_served(simulator: str) -> None:
    with httpx.Client(trust_env=False) as client:
        chat = f"{simulator}/simulator/people/patient-001/chats/official_account/messages"
        assert client.post(chat, json={"type": "text", "content": "你好"}).status_code == 201
        prefix = f"{simulator}/simulator/api.weixin.qq.com/cgi-bin/"
        run = subprocess.run([node(), "-e", PROGRAM, str(PACKAGE), prefix], capture_output=True, text=True, timeout=60, cwd=ROOT)
        assert run.returncode == 0, run.stderr
        results: dict[str, Any] = json.loads(run.stdout)
        assert results["token"] > 100
        assert 7_000_000 < results["expires"] <= 7_200_000
        assert results["text"]["errcode"] == results["again"]["errcode"] == results["template"]["errcode"] == 0
        assert results["template"]["msgid"]
        assert results["refused"] == 40003
        shown = [m for m in client.get(chat).json() if m["from"] == "service"]
        assert [m["type"] for m in shown if m["type"] != "notice"] == ["text", "template", "text"]
        assert shown[0]["content"] == "请坐好,慢慢说 <&>"
        assert shown[1]["data"] == {"thing1": "王主任已接诊"}
