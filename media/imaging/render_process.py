"""Holds the process that decodes, from the worker's side: started when first needed, one frame at a time, given up when nobody asks."""

from __future__ import annotations

import contextlib
import logging
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from media.imaging.broken import BrokenDicom
from media.imaging.content import Content
from media.imaging.render_child import receive, send

logger = logging.getLogger("huizhen.imaging")

LONGEST_S = 20.0
STARTS_IN_S = 20.0
IDLE_S = 60.0
"""The decoder holds the last file, so that the next frame of it needs no second reading; not for longer than somebody looks."""
SLOWEST = 16 << 20
"""Bytes a second at which a file comes at least, from wherever it lies: the decoder's own time begins after that."""
_ROOT = Path(__file__).resolve().parents[2]
_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}
"""Nothing of the worker's own environment: whoever breaks out of a decoder finds no setting there."""


class FileNeeded(Exception):
    """The decoder does not hold the file of this key (any more): ask again with its content."""


class DecoderDied(Exception):
    """The process ended in the middle of a frame."""


class DecoderAway(Exception):
    """The process cannot be started, which is no fault of any file."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture as the decoder gave it."""

    data: bytes
    width: int
    height: int
    media_type: str = "image/webp"


class RenderProcess:
    """Safe to call from several threads; they take turns."""

    def __init__(self, longest_s: float = LONGEST_S, idle_s: float = IDLE_S) -> None:
        self._longest_s, self._idle_s = longest_s, idle_s
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._held = ""
        self._idle: threading.Timer | None = None

    def render(self, key: str, data: Content | None, frame: int, window: str, max_side: int) -> Shown:
        """``key`` names the content (its SHA-256); ``data`` None when the decoder may hold it. :class:`BrokenDicom`, or :class:`FileNeeded`."""
        with self._turn:
            if self._idle is not None:
                self._idle.cancel()
            if data is None and (key != self._held or self._process is None or self._process.poll() is not None):
                raise FileNeeded
            try:
                try:
                    return self._asked(key, data, frame, window, max_side)
                except DecoderDied:
                    # Once may be an accident (somebody ended it, memory was short for a moment); twice is the file.
                    if data is None:
                        raise FileNeeded from None
                    return self._asked(key, data, frame, window, max_side)
            except DecoderDied:
                raise BrokenDicom("undecodable") from None
            except DecoderAway:
                raise BrokenDicom("decoder_away") from None
            finally:
                self._idle = threading.Timer(self._idle_s, self.stop)
                self._idle.daemon = True
                self._idle.start()

    def _asked(self, key: str, data: Content | None, frame: int, window: str, max_side: int) -> Shown:
        process = self._running()
        source, target = _pipes(process)
        late = threading.Event()

        def give_up() -> None:
            late.set()
            process.kill()

        content = b"" if data is None or key == self._held else data
        watch = threading.Timer(self._longest_s + len(content) / SLOWEST, give_up)
        watch.start()
        try:
            send(target, {"key": key, "frame": frame, "window": window, "max_side": max_side}, content)
            self._held = key
            head, picture = receive(source)
        except (OSError, EOFError, ValueError):
            self._end()
            if late.is_set():
                raise BrokenDicom("too_slow") from None
            raise DecoderDied from None
        except BaseException:
            # The content could not be read to its end: the decoder waits in the middle of a message.
            self._end()
            raise
        finally:
            watch.cancel()
        if "broken" in head:
            if head.get("place"):
                logger.info("a picture is not shown: %s (%s)", head["broken"], head["place"])
            if head["broken"] not in ("no_frame",):
                self._held = ""
            raise BrokenDicom(head["broken"])
        return Shown(picture, head["width"], head["height"])

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._held = ""
            self._process = subprocess.Popen(
                [sys.executable, "-m", "media.imaging.render_child"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                cwd=_ROOT, env=_ENVIRONMENT,
            )  # fmt: skip
            self._wait_ready(self._process)
        return self._process

    def _wait_ready(self, process: subprocess.Popen[bytes]) -> None:
        """It has loaded its libraries. Who dies before that never saw a file: :class:`DecoderAway`."""
        watch = threading.Timer(STARTS_IN_S, process.kill)
        watch.start()
        try:
            receive(_pipes(process)[0])
        except (OSError, EOFError, ValueError):
            self._end()
            logger.error("the decoder does not start (exit status %s)", process.returncode)
            raise DecoderAway from None
        finally:
            watch.cancel()

    def stop(self) -> None:
        """End the decoder and forget what it held; the next frame starts it again."""
        if self._turn.acquire(timeout=0.1):
            try:
                self._end()
            finally:
                self._turn.release()

    def _end(self) -> None:
        process, self._process, self._held = self._process, None, ""
        if process is not None:
            process.kill()
            with contextlib.suppress(OSError):
                process.communicate()


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    if process.stdout is None or process.stdin is None:
        raise RuntimeError("the decoder has no pipes")
    return process.stdout, process.stdin
