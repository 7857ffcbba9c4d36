"""The weak link that calls are tested behind: what it is told is what it does, and with the same seed it does the same."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.links import DOWN, HEADERS, OPEN, Link, Pipe
from tests.support.shaper import Shaper


def test_a_packet_takes_its_bits_and_the_way() -> None:
    pipe = Pipe(1, [(0.0, Link(rate_bps=8 * (1000 + HEADERS), delay_s=0.04, queue_s=10))])
    assert pipe.offer(0.0, 1000) == pytest.approx(1.04)
    assert pipe.offer(0.0, 1000) == pytest.approx(2.04)
    assert pipe.offer(5.0, 1000) == pytest.approx(6.04)


def test_who_would_wait_longer_than_the_queue_is_dropped() -> None:
    pipe = Pipe(1, [(0.0, Link(rate_bps=8 * (1000 + HEADERS), queue_s=1.5))])
    assert [pipe.offer(0.0, 1000) is not None for _ in range(4)] == [True, True, False, False]
    assert (pipe.passed, pipe.dropped) == (2, 2)


def test_a_script_is_followed_from_when_it_was_given() -> None:
    pipe = Pipe(1)
    pipe.follow([(0.0, DOWN), (2.0, Link(delay_s=0.5))], now=100.0)
    assert pipe.offer(101.9, 100) is None
    assert pipe.offer(102.0, 100) == pytest.approx(102.5)
    assert pipe.link(99.0) == OPEN


@pytest.mark.parametrize("burst", [1.0, 5.0])
def test_losses_are_as_many_and_as_long_as_told(burst: float) -> None:
    pipe = Pipe(7, [(0.0, Link(loss=0.1, burst=burst))])
    fates = [pipe.offer(float(n), 100) is None for n in range(100_000)]
    runs = sum(1 for before, one in zip([False, *fates], fates, strict=False) if one and not before)
    assert sum(fates) / len(fates) == pytest.approx(0.1, rel=0.1)
    assert sum(fates) / runs == pytest.approx(max(burst, 1 / 0.9), rel=0.1)


@given(
    seed=st.integers(0, 1000), rate=st.one_of(st.none(), st.floats(1000, 1e7)), loss=st.floats(0, 1), burst=st.floats(1, 20),
    packets=st.lists(st.tuples(st.floats(0, 0.2), st.integers(1, 1500)), max_size=60),
)  # fmt: skip
def test_nothing_overtakes_nothing_comes_early_and_a_seed_repeats(
    seed: int, rate: float | None, loss: float, burst: float, packets: list[tuple[float, int]]
) -> None:
    link = Link(rate, 0.03, 0.3, loss, burst)
    runs: list[list[float | None]] = []
    for _ in range(2):
        pipe, now, fates = Pipe(seed, [(0.0, link)]), 0.0, []
        for wait, size in packets:
            now += wait
            out = pipe.offer(now, size)
            assert out is None or out >= now + 0.03 - 1e-9
            fates.append(out)
        came = [out for out in fates if out is not None]
        assert came == sorted(came)
        runs.append(fates)
    assert runs[0] == runs[1]


class _Echo(asyncio.DatagramProtocol):
    """Tells every sender his own words; remembers from where they came."""

    def __init__(self) -> None:
        self.senders: list[Any] = []

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.senders.append(addr)
        self.transport.sendto(data, addr)


class _Heard(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.heard: asyncio.Queue[bytes] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.heard.put_nowait(data)


@pytest.fixture
async def shaper() -> AsyncIterator[Shaper]:
    made = Shaper(3)
    yield made
    await made.close()


@pytest.fixture
async def echo() -> AsyncIterator[tuple[_Echo, int]]:
    transport, server = await asyncio.get_running_loop().create_datagram_endpoint(_Echo, local_addr=("127.0.0.1", 0))
    yield server, transport.get_extra_info("sockname")[1]
    transport.close()


async def _device(port: int) -> tuple[asyncio.DatagramTransport, _Heard]:
    return await asyncio.get_running_loop().create_datagram_endpoint(_Heard, remote_addr=("127.0.0.1", port))


async def test_datagrams_go_there_and_back_and_every_sender_keeps_his_own_address(shaper: Shaper, echo: tuple[_Echo, int]) -> None:
    server, port = echo
    front = await shaper.port_for("127.0.0.1", port)
    assert await shaper.port_for("127.0.0.1", port) == front
    ends = [await _device(front) for _ in range(2)]
    for words, (transport, device) in zip((b"one", b"two"), ends, strict=True):
        for _ in range(2):
            transport.sendto(words)
            async with asyncio.timeout(10):
                assert await device.heard.get() == words
    assert len(set(server.senders)) == 2
    for transport, _ in ends:
        transport.close()


async def test_an_outage_and_another_address(shaper: Shaper, echo: tuple[_Echo, int]) -> None:
    _, port = echo
    front = await shaper.port_for("127.0.0.1", port)
    old, heard_by_old = await _device(front)
    shaper.set(DOWN)
    old.sendto(b"lost")
    async with asyncio.timeout(10):
        while not shaper.up.dropped:  # noqa: ASYNC110 - what the network does on its own
            await asyncio.sleep(0.01)
    shaper.set(OPEN)
    old.sendto(b"back")
    async with asyncio.timeout(10):
        assert await heard_by_old.heard.get() == b"back"
    shaper.change_address()
    old.sendto(b"from where nobody is")
    new, heard_by_new = await _device(front)
    new.sendto(b"new")
    async with asyncio.timeout(10):
        assert await heard_by_new.heard.get() == b"new"
    assert heard_by_old.heard.empty()
    old.close()
    new.close()


async def test_tcp_goes_through_the_proxy_and_waits_out_an_outage(shaper: Shaper) -> None:
    async def shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line.upper())
        writer.close()

    server = await asyncio.start_server(shout, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", await shaper.proxy())
    writer.write(b"\x05\x01\x00" + b"\x05\x01\x00\x01\x7f\x00\x00\x01" + port.to_bytes(2, "big"))
    async with asyncio.timeout(20):
        assert await reader.readexactly(2) == b"\x05\x00"
        assert (await reader.readexactly(10))[1] == 0
        writer.write(b"a\n")
        assert await reader.readline() == b"A\n"
        began = shaper.now()
        shaper.drop(0.6, Link(rate_bps=1_000_000, delay_s=0.01))
        writer.write(b"through\n")
        assert await reader.readline() == b"THROUGH\n"
        assert shaper.now() - began >= 0.6
    writer.close()
    server.close()


@pytest.mark.parametrize("greeting", [b"GET / HTTP/1.1\r\n\r\n", b"\x04\x01\x00\x50", b"\x05\x01\x00\x05\x02\x00\x01" + b"\x00" * 6])
async def test_what_is_not_socks_is_hung_up_on(shaper: Shaper, greeting: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", await shaper.proxy())
    writer.write(greeting)
    writer.write_eof()
    async with asyncio.timeout(10):
        assert await reader.read(100) in (b"", b"\x05\x00")
    writer.close()
