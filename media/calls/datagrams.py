"""Datagrams many at a time, straight from and into memory that the cipher works in: recvmmsg(2) and sendmmsg(2) of the system's C library.

Python's own sockets make an object of every datagram and of every address; a call engine handles tens of thousands a second. No compiler is
needed: cffi calls the library that is there. Linux only.
"""

from __future__ import annotations

import errno
import socket
import struct
from typing import Any

import cffi

from media.calls import hooks

SLOT = 1536
"""Bytes for one datagram: an Ethernet frame's with room for a cipher's tag (SRTP adds at most 16, SRTCP 20)."""
LARGEST = 1472
"""A larger datagram is no media packet of ours: nothing on its way may be cut into fragments."""
BATCH = 16
SPACE = 16 * SLOT
MOST_SEGMENTS = 16
MSG_DONTWAIT = 0x40
SOL_UDP, UDP_SEGMENT = 17, 103
_UNABLE = (errno.EIO, errno.EINVAL, errno.EMSGSIZE, errno.EOPNOTSUPP, errno.ENOPROTOOPT)
"""What a system or a way that cannot cut datagrams answers."""
_CONTROL = struct.Struct("@NiiH6x")
"""cmsghdr(3) with the size of a segment."""
_CONTROL_LENGTH = struct.calcsize("@Nii") + 2

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
_WORDS = ffi.sizeof("struct mmsghdr") // 8
_CONTROL_WORD = ffi.offsetof("struct msghdr", "msg_controllen") // 8
_LENGTHS, _LENGTH = ffi.sizeof("struct mmsghdr") // 4, ffi.offsetof("struct mmsghdr", "msg_len") // 4
memory = hooks.cipher_ffi
"""Whose memory the cipher works in; the same as ours for the system."""


def bytes_at(payload: Any, size: int) -> bytes:
    """A copy of `size` bytes at an address, or of bytes as they are."""
    return bytes(payload[:size]) if isinstance(payload, bytes | bytearray | memoryview) else bytes(memory.buffer(payload, size))


class Arriving:
    """Where datagrams are received; one for a whole process, for what is in it is used up before the next call. `at` are addresses, `views` the same
    memory for Python to read."""

    def __init__(self) -> None:
        self._memory = memory.new("char[]", BATCH * SLOT)
        self.at: list[Any] = [self._memory + place * SLOT for place in range(BATCH)]
        whole = memoryview(memory.buffer(self._memory))
        self.views = [whole[place * SLOT : (place + 1) * SLOT] for place in range(BATCH)]
        self._vectors = ffi.new("struct iovec[]", BATCH)
        self._names = [ffi.new("char[]", 28) for _ in range(BATCH)]
        self._name_views = [memoryview(ffi.buffer(one)) for one in self._names]
        self.messages = ffi.new("struct mmsghdr[]", BATCH)
        for place in range(BATCH):
            self._vectors[place].iov_base, self._vectors[place].iov_len = self.at[place], SLOT
            head = self.messages[place].msg_hdr
            head.msg_iov, head.msg_iovlen = self._vectors + place, 1
            head.msg_name, head.msg_namelen = self._names[place], 28

        self._numbers = memoryview(ffi.buffer(self.messages)).cast("B").cast("I")

    def size(self, place: int) -> int:
        return int(self._numbers[_LENGTHS * place + _LENGTH])

    def receive(self, descriptor: int) -> int:
        """How many came; 0 for none, or for an error that an earlier datagram met on its way."""
        return max(0, int(libc.recvmmsg(descriptor, self.messages, BATCH, MSG_DONTWAIT, ffi.NULL)))

    def sender(self, place: int) -> tuple[str, int]:
        return read_address(self._name_views[place])


class Leaving:
    """What one connection is about to send to one address: written one behind the other from `start` on, sent together. Datagrams of one size in a
    row (the packets of a picture) are handed to the system as one, which cuts it (UDP_SEGMENT): half the work. Where the way does not bear that,
    they go one by one."""

    def __init__(self) -> None:
        self.start = memory.new("char[]", SPACE)
        self.buffer = memoryview(memory.buffer(self.start))
        self.end = 0
        self._name: Any = None
        self._rows: list[tuple[int, int]] = []
        """Where each row of equal datagrams begins, and their size; the last of a row may be smaller."""
        self._size = self._count = 0
        """Of the row that may still grow; 0 when it may not."""
        self._segmenting = True
        self._vectors = ffi.new("struct iovec[]", BATCH)
        self._messages = ffi.new("struct mmsghdr[]", BATCH)
        self._controls = ffi.new("char[]", BATCH * _CONTROL.size)
        self._control_buffer = ffi.buffer(self._controls)
        for place in range(BATCH):
            head = self._messages[place].msg_hdr
            head.msg_iov, head.msg_iovlen, head.msg_control = self._vectors + place, 1, self._controls + place * _CONTROL.size
        self._address = int(ffi.cast("uintptr_t", self.start))
        # The same structures as numbers: cffi's fields take three times as long.
        self._vector_numbers = memoryview(ffi.buffer(self._vectors)).cast("B").cast("Q")
        self._message_numbers = memoryview(ffi.buffer(self._messages)).cast("B").cast("Q")

    def to(self, name: bytes) -> None:
        """All that is sent from now on goes to this address (see `write_address`)."""
        self._name = ffi.new("char[]", name)
        for place in range(BATCH):
            head = self._messages[place].msg_hdr
            head.msg_name, head.msg_namelen = self._name, len(name)

    def add(self, size: int) -> bool:
        """A datagram of `size` bytes was written at `end`; whether there is room for another one."""
        if size == self._size and self._count < MOST_SEGMENTS:
            self._count += 1
        elif size < self._size and self._count < MOST_SEGMENTS:
            self._size = 0
        else:
            self._rows.append((self.end, size))
            self._size, self._count = size if self._segmenting else 0, 1
        self.end += size
        return self.end < SPACE - SLOT and len(self._rows) < BATCH

    def send(self, descriptor: int) -> int:
        """Send what is there; how many messages the system took. The rest is lost, as it would be on the way: nothing waits here for a slow
        network."""
        rows, stop = self._rows, self.end
        vectors, messages = self._vector_numbers, self._message_numbers
        for place in range(len(rows) - 1, -1, -1):
            start, size = rows[place]
            vectors[2 * place], vectors[2 * place + 1] = self._address + start, stop - start
            if stop - start > size:
                _CONTROL.pack_into(self._control_buffer, place * _CONTROL.size, _CONTROL_LENGTH, SOL_UDP, UDP_SEGMENT, size)
                messages[_WORDS * place + _CONTROL_WORD] = _CONTROL.size
            else:
                messages[_WORDS * place + _CONTROL_WORD] = 0
            stop = start
        count = len(rows)
        taken = int(libc.sendmmsg(descriptor, self._messages, count, MSG_DONTWAIT)) if count else 0
        if taken < 0 and self._segmenting and ffi.errno in _UNABLE:
            taken = self._one_by_one(descriptor)
        self.clear()
        return max(0, taken)

    def clear(self) -> None:
        self._rows.clear()
        self.end = self._size = self._count = 0

    def _one_by_one(self, descriptor: int) -> int:
        self._segmenting = False
        rows, end, taken = list(self._rows), self.end, 0
        for place, (start, size) in enumerate(rows):
            stop = rows[place + 1][0] if place + 1 < len(rows) else end
            for at in range(start, stop, size):
                self._vectors[0].iov_base, self._vectors[0].iov_len = self.start + at, min(size, stop - at)
                self._messages[0].msg_hdr.msg_controllen = 0
                taken += max(0, int(libc.sendmmsg(descriptor, self._messages, 1, MSG_DONTWAIT)))
        return taken


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
