"""Uploads in parts that nobody finished, in a bucket: found and aborted. The client library has no call for it, S3 has two plain requests.

S3 API: ListMultipartUploads, AbortMultipartUpload. Requests are signed as AWS Signature Version 4 says (header form, HMAC-SHA256).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree

import httpx

from core.foundation.authorities import authorities
from core.foundation.clock import SystemClock
from core.foundation.objects.port import FilesAway

TIMEOUT_S = 20
_EMPTY = hashlib.sha256(b"").hexdigest()
MOST_XML = 4 << 20
"""Bytes: a page of a thousand uploads has some hundred thousand."""


@dataclass(frozen=True, slots=True)
class UnfinishedUpload:
    key: str
    upload_id: str


class S3Uploads:
    """``endpoint`` empty: Amazon's own. :class:`FilesAway` when the store does not answer as it should."""

    def __init__(self, bucket: str, endpoint: str, region: str, access_key_id: str, secret_access_key: str) -> None:
        self._base = f"{(endpoint or f'https://s3.{region}.amazonaws.com').rstrip('/')}/{bucket}"
        self._region = region
        self._id, self._secret = access_key_id, secret_access_key

    async def begun_before(self, moment: datetime, prefix: str) -> list[UnfinishedUpload]:
        """Every upload under ``prefix`` that was begun before ``moment`` (UTC, real time)."""
        found: list[UnfinishedUpload] = []
        marker: dict[str, str] = {}
        while True:
            page = parsed(await self.ask("GET", "", {"uploads": "", "prefix": prefix, "max-uploads": "1000", **marker}))
            found += [UnfinishedUpload(text_of(one, "Key"), text_of(one, "UploadId")) for one in page.iter("Upload") if _begun(one) < moment]
            if text_of(page, "IsTruncated") != "true":
                return found
            marker = {"key-marker": text_of(page, "NextKeyMarker"), "upload-id-marker": text_of(page, "NextUploadIdMarker")}

    async def abort(self, upload: UnfinishedUpload) -> None:
        """Its parts go. One that ended meanwhile is no error."""
        await self.ask("DELETE", f"/{quote(upload.key, safe='/-_.~')}", {"uploadId": upload.upload_id}, also=(404,))

    async def ask(self, method: str, path: str, query: Mapping[str, str], also: tuple[int, ...] = ()) -> bytes:
        """The body of the answer to a signed request without one."""
        text = "&".join(f"{quote(name, safe='-_.~')}={quote(query[name], safe='-_.~')}" for name in sorted(query))
        url = f"{self._base}{path}?{text}"
        headers = signed(method, url, self._region, self._id, self._secret, SystemClock().real_now())
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=TIMEOUT_S, verify=authorities()) as client:
                answer = await client.request(method, url, headers=headers)
        except httpx.HTTPError as error:
            raise FilesAway from error
        if answer.status_code not in (200, 204, *also) or len(answer.content) > MOST_XML:
            raise FilesAway
        return answer.content


def signed(method: str, url: str, region: str, key_id: str, secret: str, now: datetime) -> dict[str, str]:
    """The headers of a request without a body. ``url``: its query sorted and encoded already."""
    parts = urlsplit(url)
    moment, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
    headers = {"host": parts.netloc, "x-amz-content-sha256": _EMPTY, "x-amz-date": moment}
    names = ";".join(sorted(headers))
    canonical = "\n".join(
        [method, parts.path or "/", parts.query, *(f"{name}:{headers[name]}" for name in sorted(headers)), "", names, _EMPTY]
    )
    scope = f"{day}/{region}/s3/aws4_request"
    to_sign = "\n".join(["AWS4-HMAC-SHA256", moment, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{secret}".encode()
    for step in (day, region, "s3", "aws4_request"):
        key = hmac.digest(key, step.encode(), "sha256")
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    return {**headers, "Authorization": f"AWS4-HMAC-SHA256 Credential={key_id}/{scope},SignedHeaders={names},Signature={signature}"}


def parsed(content: bytes) -> ElementTree.Element:
    """The answer without its namespace, which stores write or leave out. A document that declares entities is none of ours."""
    if b"<!" in content:
        raise FilesAway
    try:
        root = ElementTree.fromstring(content)  # noqa: S314 - no declarations, bounded, from the store that we chose
    except ElementTree.ParseError as error:
        raise FilesAway from error
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def _begun(upload: ElementTree.Element) -> datetime:
    try:
        return datetime.fromisoformat(text_of(upload, "Initiated"))
    except ValueError as error:
        raise FilesAway from error


def text_of(element: ElementTree.Element, name: str) -> str:
    return element.findtext(name, "")
