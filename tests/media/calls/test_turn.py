"""Passes for relays, and calls that come through a relay alone: coturn, over UDP, TCP and TLS."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from aioice.stun import TransactionFailed
from aioice.turn import create_turn_endpoint
from aiortc import RTCBundlePolicy, RTCConfiguration, RTCIceServer, RTCIceTransportPolicy

from media.calls.engine import Engine
from media.calls.forwarding import PythonEngine
from media.calls.native.build import build
from media.calls.native.engine import NativeEngine
from media.calls.turn import PASS_S, IceServer, Relays, ice_servers, is_uri, new_pass
from tests.media.calls.clients import Client, all_decode_all, until
from tests.support.coturn import SECRET, Coturn, running_coturn
from tests.support.peers import need

PEOPLE = ("patient", "expert")


def test_a_pass_is_the_one_that_the_draft_describes():
    """Computed with openssl: printf 1433895918:filtr | openssl dgst -sha1 -hmac my_secret -binary | base64"""
    assert new_pass("my_secret", "filtr", 1433895918) == ("1433895918:filtr", "zuqGUXzpAZ+xBZzyUYZINmegtcE=")


def test_relays_are_told_with_a_pass_and_nothing_without_relays():
    assert ice_servers(Relays(), "x", 0) == ()
    relays = Relays(("stun:a.example:3478", "turn:a.example:3478?transport=udp", "turns:a.example:443?transport=tcp"), SECRET)
    plain, relaying = ice_servers(relays, "f00", 1_000_000.7)
    assert plain == IceServer(("stun:a.example:3478",))
    assert relaying.urls == relays.uris[1:]
    assert (relaying.username, relaying.credential) == new_pass(SECRET, "f00", 1_000_000 + PASS_S)
    assert SECRET not in repr(relays)
    assert relaying.credential not in repr(relaying)


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("turn:relay.example.org:3478?transport=udp", True), ("turns:[2001:db8::1]:443?transport=tcp", True), ("stun:192.0.2.1", True),
        ("turn:relay.example.org", True), ("turn:relay.example.org:70000", False), ("turn:relay.example.org:0", False), ("turn://relay", False),
        ("https://relay", False), ("turn:a b", False), ("stun:relay?transport=udp", False), ("turn:relay?transport=sctp", False), ("", False),
    ],
)
def test_addresses_of_relays(text: str, good: bool):
    assert is_uri(text) is good


@pytest.fixture(scope="module")
def coturn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coturn]:
    with running_coturn(tmp_path_factory.mktemp("coturn")) as running:
        yield running


@pytest.fixture
async def people() -> AsyncIterator[list[Client]]:
    made: list[Client] = []
    yield made
    for one in made:
        await one.close()


def relay_only(uri: str, user: str, credential: str) -> RTCConfiguration:
    return RTCConfiguration(
        iceServers=[RTCIceServer([uri], user, credential)], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE, iceTransportPolicy=RTCIceTransportPolicy.RELAY
    )


def engines() -> list[Any]:
    from media.calls.janus import JanusEngine

    def native(_fixture: Any) -> Engine:
        need(build() is not None, "C compiler")
        return NativeEngine()

    return [
        pytest.param(lambda fixture: PythonEngine(), id="python"),
        pytest.param(native, id="native"),
        pytest.param(lambda fixture: JanusEngine(lambda event: None, [fixture("janus").address]), id="janus"),
    ]


@pytest.mark.peer
@pytest.mark.parametrize("way", ["udp", "tcp", "tls"])
@pytest.mark.parametrize("make", engines())
async def test_a_call_comes_through_the_relay_alone(
    way: str, make: Any, coturn: Coturn, people: list[Client], request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SSL_CERT_FILE", str(coturn.authority))
    uri = getattr(coturn, way)
    [server] = ice_servers(Relays((uri,), SECRET), "test", time.time())
    engine: Engine = make(request.getfixturevalue)
    try:
        await engine.create_room("room", PEOPLE)
        only = relay_only(uri, server.username, server.credential)
        people.extend(Client(seat, grey, configuration=only) for seat, grey in zip(PEOPLE, (60, 200), strict=True))
        for one in people:
            await one.join(engine, "room")
        await until(all_decode_all({one.seat: one for one in people}))
        for one in people:
            offered = [line.split() for line in one.sending.localDescription.sdp.splitlines() if line.startswith("a=candidate:")]
            assert {line[7] for line in offered} == {"relay"}
    finally:
        await engine.close()


@pytest.mark.peer
@pytest.mark.parametrize("what", ["wrong", "expired", "of another"])
async def test_a_pass_that_is_not_good_opens_nothing(what: str, coturn: Coturn):
    now = int(time.time())
    user, credential = new_pass("another secret" if what == "wrong" else SECRET, "test", now - 60 if what == "expired" else now + 600)
    if what == "of another":
        user = user.replace("test", "somebody")
    port = int(coturn.tcp.split(":")[2].partition("?")[0])
    with pytest.raises(TransactionFailed) as refused:
        async with asyncio.timeout(20):
            await create_turn_endpoint(asyncio.DatagramProtocol, ("127.0.0.1", port), user, credential, transport="tcp")
    assert refused.value.response.attributes["ERROR-CODE"][0] == 401
