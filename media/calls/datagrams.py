"""Datagrams many at a time, straight from and into memory that the cipher works in: recvmmsg(2) and sendmmsg(2) of the system's C library.

Python's own sockets make an object of every datagram and of every address; a call engine handles tens of thousands a second. No compiler is
needed: cffi calls the library that is there. Linux only.
"""

from __future__ import annotations

import socket
import struct
from typing import Any

import cffi

SLOT = 1536
"""Bytes for one datagram: an Ethernet frame's with room for a cipher's tag (SRTP adds at most 16, SRTCP 20)."""
LARGEST = 1472
"""A larger datagram is no media packet of ours: nothing on its way may be cut into fragments."""
BATCH = 16
MSG_DONTWAIT = 0x40

ffi = cffi.FFI()
ffi.cdef("""
    struct iovec { void *iov_base; size_t iov_len; };
    struct msghdr {
        void *msg_name; unsigned int msg_namelen; struct iovec *msg_iov; size_t msg_iovlen;
        void *msg_control; size_t msg_controllen; int msg_flags;
    };
    struct mmsghdr { struct msghdr msg_hdr; unsigned int msg_len; };
    int recvmmsg(int socket, struct mmsghdr *messages, unsigned int count, int flags, void *timeout);
    int sendmmsg(int socket, struct mmsghdr *messages, unsigned int count, int flags);
""")
libc: Any = ffi.dlopen(None)


class Slots:
    """Memory for BATCH datagrams with what the system wants to know of them. `at` are addresses, `views` the same memory for Python to read."""

    def __init__(self) -> None:
        self._memory = ffi.new("char[]", BATCH * SLOT)
        self.at: list[Any] = [self._memory + place * SLOT for place in range(BATCH)]
        self.buffer = memoryview(ffi.buffer(self._memory))
        self.views = [self.buffer[place * SLOT : (place + 1) * SLOT] for place in range(BATCH)]
        self._vectors = ffi.new("struct iovec[]", BATCH)
        self.messages = ffi.new("struct mmsghdr[]", BATCH)
        self.vectors: list[Any] = [self._vectors[place] for place in range(BATCH)]
        self.heads: list[Any] = [self.messages[place].msg_hdr for place in range(BATCH)]
        for place in range(BATCH):
            self.vectors[place].iov_base, self.vectors[place].iov_len = self.at[place], SLOT
            self.heads[place].msg_iov, self.heads[place].msg_iovlen = self._vectors + place, 1


class Arriving(Slots):
    """Where datagrams are received; one for a whole process, for what is in it is used up before the next call."""

    def __init__(self) -> None:
        super().__init__()
        self._names = [ffi.new("char[]", 28) for _ in range(BATCH)]
        self._name_views = [memoryview(ffi.buffer(one)) for one in self._names]
        for head, name in zip(self.heads, self._names, strict=True):
            head.msg_name, head.msg_namelen = name, 28

    def receive(self, descriptor: int) -> int:
        """How many came; 0 for none, or for an error that an earlier datagram met on its way."""
        return max(0, libc.recvmmsg(descriptor, self.messages, BATCH, MSG_DONTWAIT, ffi.NULL))

    def sender(self, place: int) -> tuple[str, int]:
        return read_address(self._name_views[place])


class Leaving(Slots):
    """What one connection is about to send to one address: filled in place, sent together."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self._name: Any = None

    def to(self, name: bytes) -> None:
        """All that is sent from now on goes to this address (see `write_address`)."""
        self._name = ffi.new("char[]", name)
        for head in self.heads:
            head.msg_name, head.msg_namelen = self._name, len(name)

    def send(self, descriptor: int) -> int:
        """Send what is there; how many the system took. The rest is lost, as it would be on the way: nothing waits here for a slow network."""
        count, self.count = self.count, 0
        return max(0, libc.sendmmsg(descriptor, self.messages, count, MSG_DONTWAIT))


def write_address(host: str, port: int, family: int) -> bytes:
    """A socket address as the system wants it; ValueError for a host that is no address of the family."""
    try:
        packed = socket.inet_pton(family, host.partition("%")[0])
    except OSError as error:
        raise ValueError("no address") from error
    if family == socket.AF_INET:
        return struct.pack("=H", family) + struct.pack("!H4s8x", port, packed)
    scope = socket.if_nametoindex(host.partition("%")[2]) if "%" in host else 0
    return struct.pack("=H", family) + struct.pack("!HI16s", port, 0, packed) + struct.pack("=I", scope)


def read_address(name: memoryview) -> tuple[str, int]:
    family = struct.unpack_from("=H", name)[0]
    port = struct.unpack_from("!H", name, 2)[0]
    if family == socket.AF_INET:
        return socket.inet_ntop(family, bytes(name[4:8])), port
    return socket.inet_ntop(socket.AF_INET6, bytes(name[8:24])), port
