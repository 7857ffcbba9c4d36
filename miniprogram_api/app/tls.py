"""TLS where the house ends it itself: version 1.3 only (RFC 8446), the certificate read again while serving."""

from __future__ import annotations

import asyncio
import logging
import ssl
from pathlib import Path

logger = logging.getLogger("huizhen.tls")

LOOK_EVERY_S = 30.0


class UnusableCertificate(ValueError):
    """Certificate and key cannot be loaded, or do not belong together. Holds nothing of them."""


class ServerTls:
    """The context of a server socket. :meth:`reload` reads the files again; connections that stand go on, new ones get the new certificate."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self._certificate = certificate
        self._key = key
        self._mark: tuple[int, ...] = ()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_3
        self.context.maximum_version = ssl.TLSVersion.TLSv1_3
        self.context.options |= ssl.OP_NO_TICKET
        self.context.set_alpn_protocols(["http/1.1"])
        self.reload()

    def reload(self) -> bool:
        """Load the files if they changed; False when they did not. :class:`UnusableCertificate` leaves the old ones in use."""
        try:
            mark = tuple(part for path in (self._certificate, self._key) for part in (path.stat().st_mtime_ns, path.stat().st_ino))
            if mark == self._mark:
                return False
            # First into a context of nobody's: what does not fit together must not reach the one in use.
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self._certificate, self._key, password="")
            self.context.load_cert_chain(self._certificate, self._key, password="")
        except (OSError, ValueError):
            # OSError holds ssl.SSLError. A key with a password would ask at the terminal; it is refused instead.
            raise UnusableCertificate("certificate and key cannot be used") from None
        self._mark = mark
        return True

    async def follow(self) -> None:
        """Look for a renewed certificate now and then; runs until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                if await asyncio.to_thread(self.reload):
                    logger.info("certificate taken up")
            except UnusableCertificate:
                logger.error("the renewed certificate cannot be used; the one before stays")
