"""Datagrams many at a time arrive as they were sent, cut by the system or one by one; a closed socket's number is never sent on again."""

from __future__ import annotations

import asyncio
import os
import random
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from media.calls import datagrams
from media.calls.datagrams import Arriving, Leaving, read_address, write_address
from media.calls.wire import Port, Wire


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as first, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as second:
        for one in (first, second):
            one.bind(("127.0.0.1", 0))
            one.setblocking(False)
        yield first, second


def leaving_for(receiver: socket.socket) -> Leaving:
    leaving = Leaving()
    leaving.to(write_address(*receiver.getsockname(), socket.AF_INET))
    return leaving


def send_all(leaving: Leaving, sender: socket.socket, sent: list[bytes]) -> None:
    for data in sent:
        leaving.buffer[leaving.end : leaving.end + len(data)] = data
        if not leaving.add(len(data)):
            leaving.send(sender.fileno())
    if leaving.end:
        leaving.send(sender.fileno())


def receive_all(receiver: socket.socket) -> tuple[list[bytes], set[tuple[str, int]]]:
    arriving, found, froms = Arriving(), [], set()
    while count := arriving.receive(receiver.fileno()):
        found += [bytes(arriving.views[place][: arriving.size(place)]) for place in range(count)]
        froms |= {arriving.sender(place) for place in range(count)}
    return found, froms


def some(rng: random.Random) -> list[bytes]:
    """Rows of one size, as the packets of pictures are, among others."""
    sent: list[bytes] = []
    while len(sent) < 60:
        size = rng.choice((40, 200, 1000, 1200))
        sent += [rng.randbytes(size) for _ in range(rng.randrange(1, 20))] + [rng.randbytes(rng.randrange(1, size))]
    return sent


def test_rows_of_equal_datagrams_arrive_as_they_were_sent(pair: tuple[socket.socket, socket.socket]):
    sender, receiver = pair
    leaving = leaving_for(receiver)
    for seed in range(20):
        sent = some(random.Random(seed))
        send_all(leaving, sender, sent)
        assert receive_all(receiver) == (sent, {sender.getsockname()})


class NoCutting:
    """A system, or a way through it, that does not cut datagrams."""

    def __init__(self, libc: Any) -> None:
        self._libc = libc
        self.refused = 0

    def sendmmsg(self, descriptor: int, messages: Any, count: int, flags: int) -> int:
        if any(messages[place].msg_hdr.msg_controllen for place in range(count)):
            self.refused += 1
            datagrams.ffi.errno = 5
            return -1
        return int(self._libc.sendmmsg(descriptor, messages, count, flags))

    def recvmmsg(self, *arguments: Any) -> int:
        return int(self._libc.recvmmsg(*arguments))


def test_where_datagrams_cannot_be_cut_they_go_one_by_one(pair: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch):
    sender, receiver = pair
    system = NoCutting(datagrams.libc)
    monkeypatch.setattr(datagrams, "libc", system)
    leaving = leaving_for(receiver)
    for seed in range(5):
        sent = some(random.Random(seed))
        send_all(leaving, sender, sent)
        assert receive_all(receiver)[0] == sent
    assert system.refused == 1


@pytest.mark.parametrize(("host", "family"), [("192.0.2.7", socket.AF_INET), ("2001:db8::5", socket.AF_INET6)])
def test_addresses_are_written_as_the_system_reads_them(host: str, family: int):
    assert read_address(memoryview(write_address(host, 4711, family).ljust(28, b"\0"))) == (host, 4711)
    with pytest.raises(ValueError, match="no address"):
        write_address("example.org", 1, family)


async def test_a_closed_socket_is_not_sent_on(pair: tuple[socket.socket, socket.socket]):
    sender, receiver = pair
    wire = Wire(lambda: 0.0, lambda at, view, size, now: None, lambda data, now: None)
    port = Port(wire, None, socket.socket(fileno=os.dup(sender.fileno())), asyncio.get_running_loop())
    wire._descriptor, wire.open = port.descriptor, True
    wire.leaving.to(write_address(*receiver.getsockname(), socket.AF_INET))
    wire.leaving.buffer[:5] = b"first"
    wire.leaving.add(5)
    wire.flush()
    port.close()
    reused = os.dup(sender.fileno())
    try:
        wire.leaving.add(5)
        wire.flush()
    finally:
        os.close(reused)
    assert not wire.open
    assert port.is_closing()
    assert receive_all(receiver)[0] == [b"first"]
