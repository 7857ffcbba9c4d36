"""An S3 stand-in as a process of its own, on a port of its own: a bucket that can be taken away in the middle."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from core.foundation.objects.bucket import BucketSettings

ID, SECRET, REGION = "test-key-id", "test-secret-for-the-stand-in", "us-east-1"


class ObjectServer:
    """``settings(bucket)`` opens a bucket; :meth:`stop` ends the process as a crash would."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for _ in range(300):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.1)
        raise TimeoutError("the S3 stand-in does not start")

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()

    @property
    def client(self) -> Any:
        """A client of another maker, to look at the bucket from outside."""
        import boto3

        return boto3.client("s3", endpoint_url=self.url, region_name=REGION, aws_access_key_id=ID, aws_secret_access_key=SECRET)

    def settings(self, bucket: str) -> BucketSettings:
        with contextlib.suppress(self.client.exceptions.BucketAlreadyOwnedByYou):
            self.client.create_bucket(Bucket=bucket)
        return BucketSettings(bucket, self.url, REGION, "files", ID, SECRET)


@contextlib.contextmanager
def object_server() -> Iterator[ObjectServer]:
    server = ObjectServer()
    try:
        yield server
    finally:
        server.stop()
