"""The npm client tus-js-client, which no one here wrote, sends a file, is killed in the middle, and goes on in another process.

Its version and its dependencies are pinned by the repository's package.json and package-lock.json.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
from pathlib import Path
from typing import Any

import pytest

from core.dispatch.commands import RequestConsultation
from core.foundation.events import IMAGE_LANE
from core.imaging.models import Instance, Transfer
from media.imaging import build
from tests.core.dispatch.line_engine import LineEngine
from tests.media.test_check import small_ct
from tests.miniprogram_api.http.conftest import Face, face
from tests.miniprogram_api.http.test_images import lanes
from tests.peers.test_co_wechat_api import node
from tests.support.county import NUMBER_WITHOUT_WECHAT, seed_small
from tests.support.peers import need

__all__ = ["face"]
pytestmark = pytest.mark.peer

PACKAGE = Path(__file__).parents[2] / "node_modules" / "tus-js-client"
CHUNK = 300_000
PROGRAM = """
const tus = require(process.argv[1]);
const { endpoint, authorization, file, kill_at: killAt, uploadUrl, chunkSize } = JSON.parse(process.argv[2]);
const fs = require("fs");
let first = null;
const upload = new tus.Upload(fs.createReadStream(file), {
  endpoint, uploadUrl, chunkSize, uploadSize: fs.statSync(file).size,
  headers: { Authorization: authorization }, metadata: { kind: "image", filename: "CT.dcm" }, retryDelays: [0, 100, 300],
  onProgress: (sent) => { first ??= sent; },
  onChunkComplete: (size, accepted) => {
    if (killAt && accepted >= killAt) { console.log(JSON.stringify({ url: upload.url, accepted })); process.kill(process.pid, "SIGKILL"); }
  },
  onError: (error) => { console.error(String(error)); process.exit(1); },
  onSuccess: () => { console.log(JSON.stringify({ url: upload.url, first })); },
});
upload.start();
"""


async def run_client(**settings: Any) -> tuple[int, dict[str, Any]]:
    process = await asyncio.create_subprocess_exec(
        node(), "-e", PROGRAM, str(PACKAGE), json.dumps(settings), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert out.strip(), err.decode()
    return process.returncode or 0, json.loads(out.splitlines()[-1])


async def test_a_client_that_was_killed_goes_on_where_it_stopped(face: Face, tmp_path: Path) -> None:
    need(bool(node()), "node")
    need((PACKAGE / "package.json").exists(), "tus-js-client (npm)")
    county = await seed_small(face.practice)
    face.practice.engines.clinical, face.practice.engines.imaging = LineEngine(), build()
    asked = await face.practice.execute(county.village_doctor, RequestConsultation(number=NUMBER_WITHOUT_WECHAT, text="咳嗽 三天"))
    bearer = await face.bearer(county.village_doctor.account_id)
    data = small_ct(Rows=1000, Columns=1000, PixelData=random.Random(1).randbytes(2_000_000))
    (tmp_path / "CT.dcm").write_bytes(data)
    settings = {
        "endpoint": f"{face.client.base_url}/v1/consultations/{asked.consultation_id}/uploads",
        "authorization": bearer["Authorization"], "file": str(tmp_path / "CT.dcm"), "chunkSize": CHUNK,
    }  # fmt: skip

    code, broken = await run_client(**settings, kill_at=2 * CHUNK)
    assert code == -9
    assert (await Transfer.all().first()).received >= 2 * CHUNK  # type: ignore[union-attr]
    async with lanes(face, IMAGE_LANE):
        code, done = await run_client(**settings, uploadUrl=broken["url"])
        assert (code, done["url"]) == (0, broken["url"])
        assert done["first"] >= 2 * CHUNK
        for _ in range(100):
            view = (await face.client.get(done["url"], headers=bearer)).json()
            if view["state"] != "received":
                break
            await asyncio.sleep(0.05)
    assert (view["state"], view["sha256"]) == ("accepted", hashlib.sha256(data).hexdigest())
    instance = await Instance.get(id=view["instance_id"])
    assert await face.practice.blobs.get(instance.blob_id, "patient", instance.patient_id) == data
