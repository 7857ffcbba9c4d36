"""Every version that a bucket keeps of its objects, the hidden ones too: under object lock nobody takes a version away, but whoever may write can put
another one over it, or a mark that says it was deleted, and plain listing and reading show that alone.

S3 API: ListObjectVersions. For stores and buckets without versions each object is its own only one.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.foundation.objects.port import FilesAway
from core.foundation.objects.unfinished import S3Uploads, parsed, text_of

ONLY = "null"
"""The id of a version of an object in a bucket that keeps none."""


@dataclass(frozen=True, slots=True)
class Version:
    key: str
    id: str


class S3Versions:
    """Asked with the plain requests of ``uploads``. :class:`FilesAway` when the store does not answer as it should."""

    def __init__(self, uploads: S3Uploads) -> None:
        self._ask = uploads.ask

    async def below(self, folder: str) -> list[Version]:
        """Every version of every object below ``folder`` (with its ``/``); no marks of deletion."""
        return (await self._pages(folder, ""))[0]

    async def folders(self, folder: str) -> list[str]:
        """The folders right below ``folder`` (with its ``/``) in which any version of an object is kept; by their last name."""
        return [name.removeprefix(folder).rstrip("/") for name in (await self._pages(folder, "/"))[1]]

    async def _pages(self, prefix: str, delimiter: str) -> tuple[list[Version], list[str]]:
        versions: list[Version] = []
        folders: list[str] = []
        marker: dict[str, str] = {}
        while True:
            asked = {"versions": "", "prefix": prefix, "max-keys": "1000", **({"delimiter": delimiter} if delimiter else {}), **marker}
            page = parsed(await self._ask("GET", "", asked))
            versions += [Version(text_of(one, "Key"), text_of(one, "VersionId") or ONLY) for one in page.iter("Version")]
            folders += [text_of(one, "Prefix") for one in page.iter("CommonPrefixes")]
            if text_of(page, "IsTruncated") != "true":
                return versions, folders
            following = {"key-marker": text_of(page, "NextKeyMarker"), "version-id-marker": text_of(page, "NextVersionIdMarker")}
            before, marker = marker, {name: value for name, value in following.items() if value}
            if marker in ({}, before):
                raise FilesAway  # there is more, and no way to ask for it
