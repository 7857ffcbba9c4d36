"""The envelope: what it opens, what it refuses, and in which order."""

from __future__ import annotations

import base64
from datetime import timedelta
from unittest.mock import patch

import pytest

from bot.channels import crypto
from bot.channels.crypto import Envelope, decode_aes_key, decrypt_file, encrypt_blocks
from bot.channels.refused import Reason, Refused
from tests.bot.channels.platform_side import KEY, NOW, OA, OTHER_KEY, STAMP, TOKEN, Platform

AES = decode_aes_key(KEY)


def envelope(**changes: object) -> Envelope:
    return Envelope(TOKEN, KEY, OA.receive_id, **changes)  # type: ignore[arg-type]


def framed(message: bytes, *, receive_id: bytes = OA.receive_id.encode(), length: int | None = None) -> bytes:
    return b"r" * 16 + (len(message) if length is None else length).to_bytes(4, "big") + message + receive_id


def reason_of(encrypt: str, *, query: dict[str, str] | None = None, opened_by: Envelope | None = None) -> Reason:
    with pytest.raises(Refused) as refused:
        (opened_by or envelope()).open(query or OA.query(encrypt), encrypt, NOW)
    assert str(refused.value) == "callback refused"
    return refused.value.reason


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.mark.parametrize("length", [0, 1, 11, 12, 31, 32, 33, 1000])
def test_opens_what_was_sealed(length: int) -> None:
    message = "会".encode() * length
    sealed = envelope().seal(message, now=NOW, nonce="n")
    query = {"msg_signature": sealed.signature, "timestamp": str(sealed.timestamp), "nonce": sealed.nonce}
    assert envelope().open(query, sealed.encrypt, NOW).message == message


def test_same_text_is_sealed_differently_each_time() -> None:
    assert envelope().seal(b"x", now=NOW, nonce="n").encrypt != envelope().seal(b"x", now=NOW, nonce="n").encrypt


def test_each_check_in_its_order() -> None:
    good = OA.encrypted("hello")
    assert reason_of(good, query=OA.query(good) | {"msg_signature": ""}) is Reason.MISSING
    assert reason_of(good, query=OA.query(good) | {"nonce": "n" * 200}) is Reason.TOO_LONG
    assert reason_of(good, query=OA.query(good) | {"timestamp": "1e9"}) is Reason.TOO_LONG
    assert reason_of("A" * 70_000) is Reason.TOO_LONG
    assert reason_of(good, query=OA.query(good) | {"msg_signature": "0" * 40}) is Reason.SIGNATURE
    assert reason_of(good, query=OA.query(good, stamp="1500000000")) is Reason.STALE
    assert reason_of(good[:-1] + "!") is Reason.BASE64
    assert reason_of("会" + good) is Reason.BASE64
    assert reason_of(b64(b"x" * 17)) is Reason.BLOCK
    assert reason_of(b64(b"x" * 64)) is Reason.PADDING
    assert reason_of(b64(encrypt_blocks(AES, b"short"))) is Reason.LENGTH
    assert reason_of(b64(encrypt_blocks(AES, framed(b"hello", length=5000)))) is Reason.LENGTH
    assert reason_of(b64(encrypt_blocks(AES, framed(b"hello", receive_id=b"wxsomebodyelse")))) is Reason.RECEIVER
    assert reason_of(b64(encrypt_blocks(AES, framed(b"hello", length=4)))) is Reason.RECEIVER


@pytest.mark.parametrize("padding", [b"\x00" * 32, b"\x21" * 33, b"\x01" * 15 + b"\x02", b"\xff" * 32])
def test_wrong_padding_bytes_are_refused(padding: bytes) -> None:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    plain = framed(b"x" * 3)
    plain += b"y" * (-(len(plain) + len(padding)) % 16) + padding
    encryptor = Cipher(algorithms.AES(AES), modes.CBC(AES[:16])).encryptor()
    assert reason_of(b64(encryptor.update(plain) + encryptor.finalize())) is Reason.PADDING


def test_no_padding_oracle_nothing_is_decrypted_before_the_signature_holds() -> None:
    cipher = bytearray(base64.b64decode(OA.encrypted("hello")))
    query = OA.query(b64(bytes(cipher)))
    with patch.object(crypto, "decrypt_blocks", side_effect=AssertionError("decrypted before the check")):
        for value in range(256):
            cipher[-17] = value
            if OA.query(b64(bytes(cipher))) != query:
                assert reason_of(b64(bytes(cipher)), query=query) is Reason.SIGNATURE


def test_replay_window_is_real_time_both_ways() -> None:
    encrypt = OA.encrypted("hello")
    for shift in (timedelta(minutes=4, seconds=59), -timedelta(minutes=4, seconds=59)):
        assert envelope().open(OA.query(encrypt), encrypt, NOW + shift).message == b"hello"
    for shift in (timedelta(minutes=5, seconds=1), -timedelta(minutes=5, seconds=1)):
        with pytest.raises(Refused) as refused:
            envelope().open(OA.query(encrypt), encrypt, NOW + shift)
        assert refused.value.reason is Reason.STALE


def test_key_change_opens_with_both_and_answers_with_the_one_that_opened() -> None:
    ours = Envelope(TOKEN, OTHER_KEY, OA.receive_id, previous_encoding_aes_key=KEY)
    new, old = Platform(OA.receive_id, OTHER_KEY), Platform(OA.receive_id, KEY)
    for platform, name in ((new, "current"), (old, "previous")):
        encrypt = platform.encrypted("你好")
        opened = ours.open(platform.query(encrypt), encrypt, NOW)
        assert (opened.message.decode(), opened.key) == ("你好", name)
        sealed = ours.seal(b"answer", now=NOW, nonce="n", key=opened.key)
        assert platform.opened(sealed.encrypt, sealed.signature, str(sealed.timestamp), sealed.nonce) == "answer"
    third = Platform(OA.receive_id, base64.b64encode(b"z" * 32).decode().rstrip("=")).encrypted("x")
    assert reason_of(third, query=OA.query(third), opened_by=ours) in (Reason.PADDING, Reason.LENGTH, Reason.RECEIVER)


def test_an_answer_to_a_retired_key_uses_the_current_one() -> None:
    sealed = envelope().seal(b"answer", now=NOW, nonce="n", key="previous")
    assert OA.opened(sealed.encrypt, sealed.signature, STAMP, "n") == "answer"


def test_odd_bytes_in_the_query_are_refused_not_raised() -> None:
    encrypt = OA.encrypted("hello")
    for name in ("msg_signature", "timestamp", "nonce"):
        for value in ("\udc80", "\x00", "é" * 40, "٣" * 10, "-5"):
            assert reason_of(encrypt, query=OA.query(encrypt) | {name: value}) in (Reason.TOO_LONG, Reason.SIGNATURE)


@pytest.mark.parametrize("key", ["", "short", "A" * 44, "会" * 43, "A" * 42 + "!"])
def test_a_key_that_is_none_is_a_value_error(key: str) -> None:
    with pytest.raises(ValueError, match="EncodingAESKey"):
        decode_aes_key(key)


def test_files_of_the_robot() -> None:
    assert decrypt_file(KEY, encrypt_blocks(AES, b"\x89PNG" + b"x" * 500)) == b"\x89PNG" + b"x" * 500
    with pytest.raises(Refused):
        decrypt_file(OTHER_KEY, encrypt_blocks(AES, b"\x89PNG" + b"x" * 500))
    with pytest.raises(Refused):
        decrypt_file(KEY, b"")
