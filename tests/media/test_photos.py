"""Photos of a phone as images: whole ones are taken under identifiers of their own and shown upright; what only begins like one is named."""

from __future__ import annotations

import random
from io import BytesIO

import pytest
from PIL import Image

from media.imaging.broken import BrokenDicom
from media.imaging.deidentify import ImageWithheld, NewNames, deidentified
from media.imaging.engine import check
from media.imaging.render import render


def photo(kind: str = "JPEG", *, turned: bool = False, shade: int = 200) -> bytes:
    """Sixty wide and forty high, the upper left corner dark; ``turned``: as a phone held upright writes it."""
    image = Image.new("RGB", (60, 40), (shade, shade, shade))
    image.paste((0, 0, 0), (0, 0, 20, 20))
    exif = Image.Exif()
    if turned:
        exif[0x0112] = 6
    exif.get_ifd(0x8769)[0x9003] = "2026:11:20 09:30:00"
    file = BytesIO()
    image.save(file, kind, exif=exif)
    return file.getvalue()


def refusal(data: bytes) -> str:
    try:
        check(data)
        render(data, 0, "auto", 320)
    except BrokenDicom as broken:
        return broken.code
    return "ok"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_is_an_image_of_its_own(kind: str) -> None:
    data = photo(kind)
    found = check(data)
    assert (found.modality, found.rows, found.columns, found.frames) == ("XC", 40, 60, 1)
    assert found.taken_on == ("" if kind == "PNG" else "2026-11-20")
    assert found == check(data)
    uids = {found.sop_instance_uid, found.series_instance_uid, found.study_instance_uid}
    assert len(uids) == 3
    assert all(uid.startswith("2.25.") and len(uid) <= 64 for uid in uids)
    assert check(photo(kind, shade=90)).sop_instance_uid not in uids


def test_it_is_shown_upright_without_what_the_phone_wrote() -> None:
    picture = render(photo(turned=True), 0, "auto", 320)
    assert (picture.width, picture.height) == (40, 60)
    shown = Image.open(BytesIO(picture.data))
    assert not shown.getexif()
    assert shown.convert("L").crop((32, 2, 38, 8)).getextrema()[1] < 60
    with pytest.raises(BrokenDicom):
        render(photo(), 1, "auto", 320)


def test_what_is_no_whole_photo_is_named_and_nothing_else_happens() -> None:
    data = photo()
    assert refusal(data[: len(data) - len(data) // 3]) in ("truncated", "undecodable", "not_dicom")
    chance = random.Random(5)
    for _ in range(300):
        torn = bytearray(photo(chance.choice(("JPEG", "PNG", "WEBP"))))
        for _ in range(chance.randrange(1, 8)):
            torn[chance.randrange(len(torn))] = chance.randrange(256)
        assert refusal(bytes(torn[: chance.randrange(4, len(torn) + 1)]))


def test_no_copy_without_names_is_made_of_a_photo() -> None:
    with pytest.raises(ImageWithheld):
        deidentified(photo(), NewNames(patient="P1", uid=lambda uid: uid, shift_days=3))
