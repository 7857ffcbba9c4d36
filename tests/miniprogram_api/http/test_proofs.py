"""Proofs over HTTP: the holder's way, the verifier's without an account, and one who trusts nothing but what the county publishes."""

from __future__ import annotations

import json
import random
import re

import pytest

from core.credentials.attributes import Attribute
from miniprogram_api.cli.main import main
from tests.core.credentials.conftest import holder, quick_keys
from tests.core.credentials.people import COUNTY, MEMBER, Holder
from tests.miniprogram_api.http.conftest import Face

__all__ = ["holder", "quick_keys"]

pytestmark = pytest.mark.storage

AUDIENCE = "pharmacy-7"


async def told(face: Face, path: str, body: object, expected: int = 200) -> dict[str, str]:
    answer = await face.client.post(f"/v1/credentials/{path}", json=body)
    assert answer.status_code == expected, answer.text
    return dict(answer.json())


async def test_the_holder_shows_and_who_has_no_account_learns_the_one_answer(face: Face, holder: Holder) -> None:
    mine = await face.bearer(holder.actor.account_id)
    base = f"/v1/patients/{holder.woman}"
    assert (await face.client.post(f"{base}/credentials", json={"attribute": "name"}, headers=mine)).status_code == 422
    for attribute in Attribute:
        assert (await face.client.post(f"{base}/credentials", json={"attribute": attribute}, headers=mine)).json()["state"] == "making"
    await holder.work()
    view = (await face.client.get(f"{base}/credentials", headers=mine)).json()
    assert [line["state"] for line in view["lines"]] == ["ready", "ready"]
    for attribute in Attribute:
        offer = (await face.client.post(f"{base}/proofs", json={"attribute": attribute}, headers=mine)).json()
        assert offer["link"].endswith(f"/h5/verify/#{offer['code']}")
        assert offer["picture"].startswith("data:image/png;base64,")
        begun = await told(face, "checks", {"audience": AUDIENCE}, 201)
        shown = await told(face, "shown", {"code": offer["code"], "nonce": begun["nonce"], "audience": AUDIENCE})
        right = await told(face, "checked", {"nonce": begun["nonce"], **shown})
        assert right["result"] in ("在本县参保:是", "已满 18 岁:是")
        said = json.dumps([begun, shown, right], ensure_ascii=False)
        for secret in ("李秀英", "1975-07-01", MEMBER, holder.woman):
            assert secret not in said
        # As a number of its own: within the long numbers of a proof any eight digits may follow each other.
        assert not re.search(r"(?<!\d)19750701(?!\d)", said)
        again = await told(face, "checked", {"nonce": begun["nonce"], **shown}, 409)
        assert again["code"] == "credentials.nonce_used"
        assert (await told(face, "shown", {"code": offer["code"], "nonce": begun["nonce"], "audience": AUDIENCE}, 409))["code"] == (
            "credentials.offer_used"
        )
    assert (await face.client.delete(f"{base}/credentials/insured", headers=mine)).json()["state"] == "none"
    stranger = await face.bearer(holder.county.stranger.account_id)
    for method, path in (("GET", "credentials"), ("POST", "credentials"), ("POST", "proofs"), ("DELETE", "credentials/insured")):
        body = {"json": {"attribute": "insured"}} if method == "POST" else {}
        answer = await face.client.request(method, f"{base}/{path}", headers=stranger, **body)
        assert answer.status_code == 403, path
        assert (await face.client.request(method, f"{base}/{path}", **body)).status_code == 401


async def test_whoever_has_the_published_papers_checks_by_himself(face: Face, holder: Holder, tmp_path, clock, monkeypatch, capsys) -> None:
    proof, published = tmp_path / "proof.json", tmp_path / "published.json"
    assert (await face.client.get(f"/v1/credentials/issuers/{COUNTY}")).json()["code"] == "credentials.issuer_unknown"
    for attribute in Attribute:
        await holder.obtain(attribute)
        nonce = str(random.Random(attribute).getrandbits(80))
        proof.write_text(json.dumps(await told(face, "shown", {"code": await holder.offer(attribute), "nonce": nonce, "audience": AUDIENCE})))
        answer = await face.client.get(f"/v1/credentials/issuers/{COUNTY}")
        published.write_text(answer.text)
        assert holder.woman not in answer.text
        monkeypatch.setattr("miniprogram_api.cli.credential.datetime", _At(clock.real_now()))
        key = answer.json()["key_thumbprint"]

        def verify(key: str = key, nonce: str = nonce, audience: str = AUDIENCE) -> int:
            files = ["--proof", str(proof), "--published", str(published)]
            return main(["credential", "verify", *files, "--nonce", nonce, "--audience", audience, "--key", key])

        assert verify() == 0
        assert "是\n出具:平塘县人民医院" in capsys.readouterr().out
        assert verify(key="x" * 43) == 1
        assert "公钥不对" in capsys.readouterr().out
        assert verify(nonce="1" * 20) == 1
        assert verify(audience="somebody") == 1
        capsys.readouterr()
        assert verify(nonce="", audience="") == 1
        assert "不是为这次查验出示的" in capsys.readouterr().out
        monkeypatch.setattr("miniprogram_api.cli.credential.datetime", _At(clock.real_now().replace(year=2027)))
        assert verify() == 1
    proof.write_text("no JSON")
    assert verify() == 2
    published.write_text("[]")
    assert verify() == 2


class _At:
    def __init__(self, moment: object) -> None:
        self.moment = moment

    def now(self, zone: object) -> object:
        return self.moment


async def test_nothing_that_is_sent_to_the_verifier_answers_500(face: Face, holder: Holder) -> None:
    chance = random.Random(11)
    await holder.obtain(Attribute.INSURED)
    good = await holder.fetch(await holder.offer(Attribute.INSURED), "1234567890")
    for path in ("checks", "shown", "checked"):
        for body in (b"", b"[]", b"{", b'{"nonce": 1e400}', "{\"proof\": \"\ud800\"}".encode("utf-8", "surrogatepass"), b'{"a":' * 90 + b"1"):
            answer = await face.client.post(f"/v1/credentials/{path}", content=body)
            assert 400 <= answer.status_code < 500, (path, body, answer.text)
    for _ in range(12):
        begun = await told(face, "checks", {"audience": AUDIENCE}, 201)
        place = chance.randrange(len(good))
        answer = await face.client.post("/v1/credentials/checked", json={
            "nonce": begun["nonce"], "proof": good[:place] + chance.choice(["~", ".", "\x00", "证", '"', ""]) + good[place + 1 :]
        })
        assert answer.status_code == 422, answer.text
    for county in ("5227", "52272x", "999999", "%00"):
        assert (await face.client.get(f"/v1/credentials/issuers/{county}")).status_code in (404, 422)
