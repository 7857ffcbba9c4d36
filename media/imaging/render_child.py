"""The process that decodes: `python -m media.imaging.render_child`, spoken to over its standard input and output.

Decoders are native code that reads what strangers send. Here a crash, an endless loop or a swelling picture ends this process and nothing else:
memory is limited by the kernel, time by an alarm. It ends when its input ends, so it never outlives a killed worker for longer than the alarm.

A message is a 4-byte big-endian length, that many bytes of JSON, and as many bytes of content as the JSON says under ``size``.
"""

from __future__ import annotations

import json
import os
import resource
import signal
from typing import IO, Any

from media.imaging.content import Content, pieces_of

MEMORY = 3 << 30
"""Address space in bytes: a file of 512 MB, its frame decoded, and the libraries."""
PATIENCE_S = 30
"""Longest time for one frame; the caller gives up before."""


def send(stream: IO[bytes], head: dict[str, Any], content: Content = b"") -> None:
    text = json.dumps({**head, "size": len(content)}).encode()
    stream.write(len(text).to_bytes(4, "big") + text)
    for piece in pieces_of(content):
        stream.write(piece)
    stream.flush()


def receive(stream: IO[bytes]) -> tuple[dict[str, Any], bytes]:
    """The next message; EOFError at the end."""
    head: dict[str, Any] = json.loads(_exactly(stream, int.from_bytes(_exactly(stream, 4), "big")))
    return head, _exactly(stream, head["size"])


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold the patient's picture
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    source, target = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    # Decoders print: nothing of that may get between the messages.
    os.dup2(2, 1)
    from media.imaging.broken import BrokenDicom
    from media.imaging.render import read, render_read

    send(target, {"ready": True})
    held: tuple[str, Any] = ("", None)
    while True:
        try:
            asked, data = receive(source)
        except EOFError:
            return
        signal.alarm(PATIENCE_S)
        try:
            if asked["key"] != held[0]:
                held = ("", None)
                held = (asked["key"], read(data))
            del data
            picture = render_read(held[1], asked["frame"], asked["window"], asked["max_side"])
            send(target, {"width": picture.width, "height": picture.height}, picture.data)
        except BrokenDicom as broken:
            send(target, {"broken": broken.code, "place": broken.place})
        signal.alarm(0)


if __name__ == "__main__":
    main()
