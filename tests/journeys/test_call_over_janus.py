"""The same room and the same browsers over two Janus servers, one tab behind a firewall that lets nothing but a relay through."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, expect

from tests.journeys.call_people import open_case
from tests.journeys.test_call_pages import all_meet, camera_browser, contexts, tab
from tests.support.coturn import SECRET, Coturn, running_coturn
from tests.support.demo import Demo, running
from tests.support.janus import Janus, running_janus

__all__ = ["camera_browser", "contexts"]
pytestmark = [pytest.mark.browser, pytest.mark.peer]

# What a firewall does that drops everything but the way to the relay.
_ONLY_RELAYED = """{
  const Plain = RTCPeerConnection;
  window.RTCPeerConnection = class extends Plain {
    constructor(configuration) { super({ ...configuration, iceTransportPolicy: "relay" }); }
  };
}"""
# A page that knows of no relay: Janus nominates whatever comes through first, and where both would the relay may win.
_WITHOUT_RELAYS = """{
  const Plain = RTCPeerConnection;
  window.RTCPeerConnection = class extends Plain {
    constructor(options = {}, ...more) { super({ ...options, iceServers: [] }, ...more); }
    setConfiguration(options) { super.setConfiguration({ ...options, iceServers: [] }); }
  };
}"""
# A page that sends its picture in three sizes, the smallest named first.
_IN_LAYERS = """{
  const plain = RTCPeerConnection.prototype.addTransceiver;
  RTCPeerConnection.prototype.addTransceiver = function (what, options = {}) {
    const kind = what.kind ?? what;
    const sizes = [{ rid: "q", scaleResolutionDownBy: 4 }, { rid: "h", scaleResolutionDownBy: 2 }, { rid: "f" }];
    return plain.call(this, what, kind === "video" && options.direction === "sendonly" ? { ...options, sendEncodings: sizes } : options);
  };
}"""
_LARGEST = """async () => {
  const { call } = await import(new URL("../room.js", document.baseURI));
  const found = [...(await call.receiving.getStats()).values()].filter((one) => one.type === "inbound-rtp" && one.kind === "video");
  return Math.max(0, ...found.map((one) => one.frameWidth ?? 0));
}"""
# Which kind of own address each of the tab's two connections goes over.
_WAYS = """async () => {
  const { call } = await import(new URL("../room.js", document.baseURI));
  const ways = [];
  for (const connection of [call.sending, call.receiving]) {
    const found = [...(await connection.getStats()).values()];
    // Janus nominates whatever comes through; several pairs may be nominated, one of them is in use.
    const chosen = found.find((one) => one.type === "transport")?.selectedCandidatePairId;
    const pair = found.find((one) => one.id === chosen);
    const own = found.find((one) => one.id === pair?.localCandidateId);
    ways.push(`${own?.candidateType} ${own?.relayProtocol ?? "-"}`);
  }
  return ways;
}"""


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Janus]]:
    folder = tmp_path_factory.mktemp("servers")
    with running_janus(folder / "a", "a") as first, running_janus(folder / "b", "b") as second:
        yield {"a": first, "b": second}


@pytest.fixture(scope="module")
def coturn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coturn]:
    with running_coturn(tmp_path_factory.mktemp("coturn")) as running_relay:
        yield running_relay


@pytest.fixture(scope="module")
def demo(servers: dict[str, Janus], coturn: Coturn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = Path(tmp_path_factory.mktemp("demo"))
    addresses = [one.address for one in servers.values()]
    entries = [{"name": one.name, "url": one.url, "api_secret": one.api_secret} for one in addresses]
    (folder / "janus.json").write_text(json.dumps(entries), "utf-8")
    environment = {
        "HUIZHEN_CALL_ENGINE": "janus", "HUIZHEN_JANUS_SERVERS_FILE": str(folder / "janus.json"),
        "HUIZHEN_TURN_URLS": coturn.tcp, "HUIZHEN_TURN_SECRET": SECRET,
    }  # fmt: skip
    with running(folder / "data", environment=environment) as started:
        yield started


async def test_tabs_meet_over_janus_one_through_a_relay_and_meet_again_when_a_janus_dies(
    camera_browser: Browser, contexts: list[BrowserContext], demo: Demo, servers: dict[str, Janus]
) -> None:
    case = open_case(demo)
    tabs = {seat: await tab(camera_browser, contexts, demo, case, seat) for seat in ("patient", "village_doctor")}
    await tabs["patient"].page.context.add_init_script(_ONLY_RELAYED)
    await tabs["village_doctor"].page.context.add_init_script(_WITHOUT_RELAYS)
    await tabs["village_doctor"].page.context.add_init_script(_IN_LAYERS)
    for visit in tabs.values():
        await visit.page.reload()
    for visit in tabs.values():
        join = visit.page.get_by_role("button", name="加入", exact=True)
        await expect(join).to_be_enabled()
        await join.click()
    await all_meet(tabs)
    assert await tabs["patient"].page.evaluate(_WAYS) == ["relay tcp", "relay tcp"]
    assert not [way for way in await tabs["village_doctor"].page.evaluate(_WAYS) if way.startswith("relay")]

    carrier = await _carrier(demo, servers)
    async with asyncio.timeout(40):
        while await tabs["patient"].page.evaluate(_LARGEST) <= 160:  # noqa: ASYNC110 - larger than the smallest: Janus knows their order
            await asyncio.sleep(0.3)

    servers[carrier].kill()
    await expect(tabs["village_doctor"].page.locator(".call-line")).to_contain_text("自动重连")
    await all_meet(tabs, 60)
    assert await _carrier(demo, servers) != carrier
    assert [trouble for visit in tabs.values() for trouble in visit.troubles] == []


async def _carrier(demo: Demo, servers: dict[str, Janus]) -> str:
    """The Janus that has a room, as the operator's command shows it."""
    for _ in range(100):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "miniprogram_api.cli.main", "calls", env={**os.environ, **demo.environment}, stdout=asyncio.subprocess.PIPE
        )
        shown = (await process.communicate())[0].decode()
        found = [line.split()[0] for line in shown.splitlines() if line.endswith(" 1 个视频")]
        if found:
            return found[0]
        await asyncio.sleep(0.2)
    raise AssertionError(shown)
