"""`huizhen credential verify`: checks a proof with what the county published and nothing else: no database, no network, no key of ours."""

from __future__ import annotations

import argparse
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.credentials.attributes import WAY_LABELS
from core.credentials.checking import check
from core.credentials.documents import thumbprint
from core.credentials.errors import ProofRefused


def run(given: argparse.Namespace) -> int:
    """Status 0: the proof is right. 1: it is not, or the key is another. 2: a file cannot be read."""
    try:
        proof, published = _proof_in(Path(given.proof)), _object_in(Path(given.published))
    except (OSError, ValueError):
        print("读不了:证明和公开资料都要是取来的 JSON 文件。")
        return 2
    try:
        if not hmac.compare_digest(thumbprint(published["key"]).encode(), given.key.encode()):
            print("公钥不对:公开资料里的公钥和您核对过的指纹不一样,不要相信这份资料。")
            return 1
        right = check(proof, published, nonce=given.nonce, audience=given.audience, now=datetime.now(UTC))
    except ProofRefused as refused:
        print(f"查验没有通过:{refused.fields['why']}。")
        return 1
    except (KeyError, TypeError, AttributeError):
        print("公开资料不完整,请重新取一份。")
        return 2
    print(f"{right.label}\n出具:{right.issuer_name}({right.county})\n方式:{WAY_LABELS[right.way]}\n核对过:{'、'.join(right.checked)}")
    return 0


def _object_in(file: Path) -> dict[str, Any]:
    told = json.loads(file.read_text("utf-8"))
    if not isinstance(told, dict):
        raise ValueError("no object")
    return told


def _proof_in(file: Path) -> str:
    """The proof itself, or the answer of the address that gave it."""
    text = file.read_text("utf-8")
    inner = _object_in(file).get("proof")
    return inner if isinstance(inner, str) else text
