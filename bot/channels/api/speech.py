"""A recogniser of speech behind HTTP, by the widely implemented form: one audio file in, its words out.

`POST <url>/v1/audio/transcriptions`, multipart: file, model, language=zh → {"text": …} (the form of OpenAI's audio transcriptions, which whisper.cpp,
vLLM, FunASR and others serve). Neither audio, words nor key reach a log or an exception.
"""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import suppress

import httpx

from bot.channels.settings import SpeechSettings, is_loopback
from core.foundation.authorities import authorities

logger = logging.getLogger("huizhen.speech")

PATH = "/v1/audio/transcriptions"
SECONDS = 20.0
ANSWER_LIMIT = 64 * 1024
WORDS_LIMIT = 2000
"""Characters: a minute of talk has some three hundred."""
_TIMEOUT = httpx.Timeout(SECONDS, connect=3.0, pool=3.0)


class HttpRecogniser:
    """One recogniser. Close it when the process ends."""

    def __init__(self, settings: SpeechSettings, *, seconds: float = SECONDS) -> None:
        self._settings = settings
        self._seconds = seconds
        key = settings.key.get_secret_value()
        headers = {"authorization": f"Bearer {key}"} if key else {}
        outside = not is_loopback(settings.url)
        verify = authorities(trust_env=outside)
        self._client = httpx.AsyncClient(timeout=_TIMEOUT, follow_redirects=False, trust_env=outside, headers=headers, verify=verify)

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def recognise(self, audio: bytes, media_type: str, format: str) -> str | None:
        """The words of ``audio`` (AMR as WeChat gives it, for instance), "" where nobody speaks; None when the recogniser gave no usable answer."""
        try:
            async with asyncio.timeout(self._seconds):
                answer = await self._answered(audio, media_type, format)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, UnicodeError, OSError, TimeoutError, RuntimeError) as error:
            logger.warning("speech not recognised: %s", type(error).__name__)
            return None
        return None if answer is None else _words(answer)

    async def _answered(self, audio: bytes, media_type: str, format: str) -> bytes | None:
        file = (f"voice.{format or 'amr'}", audio, media_type or "application/octet-stream")
        form = {"model": self._settings.model, "language": "zh", "response_format": "json"}
        request = self._client.build_request("POST", self._settings.url + PATH, data=form, files={"file": file})
        response = await self._client.send(request, stream=True)
        try:
            if response.status_code != 200:
                logger.warning("speech not recognised: HTTP %d", response.status_code)
                return None
            parts = bytearray()
            async for part in response.aiter_bytes():
                parts += part
                if len(parts) > ANSWER_LIMIT:
                    logger.warning("speech not recognised: answer too long")
                    return None
            return bytes(parts)
        finally:
            await response.aclose()


def _words(answer: bytes) -> str | None:
    found: object = None
    with suppress(ValueError, RecursionError):
        found = json.loads(answer)
    text = found.get("text") if isinstance(found, dict) else None
    if not isinstance(text, str):
        logger.warning("speech not recognised: no text in the answer")
        return None
    said = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(said.split())[:WORDS_LIMIT]
