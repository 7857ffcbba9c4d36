"""Speech into a tab and out of another: spoken by espeak-ng, recorded where it is heard, compared by PESQ (ITU-T P.862.2, package `pesq`)."""

from __future__ import annotations

import base64
import shutil
import subprocess
import wave
from pathlib import Path
from typing import Any

RATE = 16_000
WORDS = "您好,我是村卫生室的医生。病人今天早上开始胸痛,出了很多汗。血压九十,六十。请您看一看他的心电图。他以前有高血压,一直在吃药。"

_LISTEN = """async ([seat, seconds]) => {
  const { call } = await import(new URL("../room.js", document.baseURI));
  const context = new AudioContext({ sampleRate: 16000 });
  await context.resume();
  const source = context.createMediaStreamSource(call.streams.get(seat));
  const ear = context.createScriptProcessor(4096, 1, 1);
  const parts = [];
  ear.onaudioprocess = (event) => parts.push(event.inputBuffer.getChannelData(0).slice());
  source.connect(ear).connect(context.destination);
  await new Promise((done) => setTimeout(done, seconds * 1000));
  await context.close();
  const heard = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0));
  let place = 0;
  for (const part of parts) for (const value of part) heard[place++] = Math.max(-1, Math.min(1, value)) * 32767;
  const bytes = new Uint8Array(heard.buffer);
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
}"""


def missing() -> str:
    """What is needed and not there, or nothing."""
    if shutil.which("espeak-ng") is None:
        return "espeak-ng"
    try:
        import pesq  # noqa: F401
    except ImportError:
        return "package pesq"
    return ""


def spoken(path: Path) -> Path:
    """A file of 48 kHz speech for Chromium's microphone, over and over."""
    raw = path.with_suffix(".raw.wav")
    subprocess.run(["espeak-ng", "-v", "cmn", "-s", "150", "-w", str(raw), WORDS], check=True, capture_output=True)
    import numpy

    with wave.open(str(raw)) as file:
        rate, sound = file.getframerate(), numpy.frombuffer(file.readframes(file.getnframes()), numpy.int16).astype(float)
    resampled = numpy.interp(numpy.arange(0, len(sound) / rate, 1 / 48_000), numpy.arange(len(sound)) / rate, sound) * 0.6
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(48_000)
        file.writeframes(resampled.astype(numpy.int16).tobytes())
    return path


async def listen(page: Any, seat: str, seconds: float) -> bytes:
    """What a tab plays of ``seat`` for so long: 16 kHz, 16 bits."""
    return base64.b64decode(await page.evaluate(_LISTEN, [seat, seconds]))


def score(path: Path, heard: bytes) -> float:
    """PESQ (wide band, 1.0–4.6) of what was heard against the file, at the place in it where it fits best."""
    import numpy
    from pesq import pesq

    with wave.open(str(path)) as file:
        said = numpy.frombuffer(file.readframes(file.getnframes()), numpy.int16).astype(float)[::3]
    there = numpy.frombuffer(heard, numpy.int16).astype(float)
    length = min(len(there), 8 * RATE)
    there = there[-length:]
    over_and_over = numpy.tile(said, 2 + length // len(said))
    size = 1 << (len(over_and_over) + length).bit_length()
    fit = numpy.fft.irfft(numpy.fft.rfft(over_and_over, size) * numpy.conj(numpy.fft.rfft(there, size)), size)
    start = int(numpy.argmax(fit[: len(said)]))
    return float(pesq(RATE, over_and_over[start : start + length].astype(numpy.int16), there.astype(numpy.int16), "wb"))
