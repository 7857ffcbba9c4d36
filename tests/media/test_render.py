"""Pictures of frames: the right grey through the right window, for real files, mutated ones and bombs; and never more harm than one refusal."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from media.imaging import BrokenDicom
from media.imaging.broken import REASONS
from media.imaging.render import FULL_SIDE, MAX_LOSSLESS, THUMB_SIDE, grey_or_colour, read, render
from media.imaging.render_process import FileNeeded, RenderProcess
from media.imaging.windows import KEYS, windows_of
from tests.media.test_check import named, package_files, small_ct

FULL = os.environ.get("HUIZHEN_SOAK") == "1" or os.environ.get("HUIZHEN_TEST_SCALE") == "full"
MUTATIONS = 3_000 if FULL else 150


def words(*values: int) -> bytes:
    return np.asarray(values, "<i2").tobytes()


def slice_of(values: list[int], **differently: object) -> bytes:
    """A CT slice of 1 × n with these Hounsfield units, stored with an intercept of −1024."""
    return small_ct(
        Rows=1, Columns=len(values), PixelRepresentation=1, BitsStored=16, HighBit=15, RescaleSlope="1", RescaleIntercept="-1024",
        PixelData=words(*(value + 1024 for value in values)), **differently,
    )  # fmt: skip


def greys(data: bytes, window: str = "auto", frame: int = 0) -> list[Any]:
    return grey_or_colour(read(data), frame, window).reshape(-1).tolist()


def refusal(data: bytes, frame: int = 0) -> str:
    try:
        picture = render(data, frame, "auto", THUMB_SIDE)
    except BrokenDicom as broken:
        return broken.code if broken.code in REASONS else f"unnamed: {broken.code}"
    assert Image.open(BytesIO(picture.data)).size == (picture.width, picture.height)
    return "ok"


@pytest.mark.parametrize(
    ("window", "black", "middle", "white"),
    [("brain", 0, 40, 80), ("lung", -1350, -600, 150), ("soft", -160, 40, 240), ("bone", -500, 400, 1300)],
)
def test_each_window_ends_where_it_says(window: str, black: int, middle: int, white: int) -> None:
    low, centre, high, below, above = greys(slice_of([black, middle, white, black - 400, 3000]), window)
    assert (low, high, below, above) == (0, 255, 0, 255)
    assert 126 <= centre <= 130


def test_the_files_own_window_is_the_automatic_one_and_the_first_of_several() -> None:
    data = slice_of([0, 100, 200], WindowCenter=["100", "40"], WindowWidth=["201", "80"])
    assert greys(data) == [1, 128, 255]


def test_without_a_window_what_is_there_is_spread() -> None:
    assert greys(slice_of([-1000, 0, 1000])) == [0, 128, 255]
    assert greys(slice_of([7, 7, 7])) == [0, 0, 0]


def test_what_the_device_filled_up_with_does_not_count() -> None:
    with_padding = slice_of([-2000 + 1024, 0, 50, 100], PixelPaddingValue=-976 + 1024)
    assert greys(with_padding)[1:] == [0, 128, 255]


def test_an_inverted_film_is_shown_the_right_way_round() -> None:
    values = [-1000, 0, 1000]
    inverted = greys(slice_of(values, PhotometricInterpretation="MONOCHROME1"), "bone")
    assert inverted == [255 - grey for grey in greys(slice_of(values), "bone")]
    assert inverted[0] == 255


def test_a_table_of_the_file_is_followed() -> None:
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    table = Dataset()
    table.LUTDescriptor = [4, 0, 16]
    table.LUTData = words(0, 0, 32767, -1)
    data = small_ct(
        Rows=1, Columns=4, PixelData=np.asarray([0, 1, 2, 9], "<u2").tobytes(), VOILUTSequence=Sequence([table]), BitsStored=16, HighBit=15
    )
    assert greys(data) == [0, 0, 127, 255]


def test_pixels_that_are_not_square_are_shown_in_their_proportion() -> None:
    tall = render(small_ct(PixelSpacing=["2", "1"]), 0, "auto", FULL_SIDE)
    wide = render(small_ct(PixelAspectRatio=["1", "2"]), 0, "auto", FULL_SIDE)
    assert ((tall.width, tall.height), (wide.width, wide.height)) == ((8, 16), (16, 8))
    odd = render(small_ct(PixelSpacing=["1", "100000"]), 0, "auto", FULL_SIDE)
    assert (odd.width, odd.height) == (8, 8)


def test_colours_stay_colours() -> None:
    pixels = grey_or_colour(read(named("examples_rgb_color.dcm")), 0, "lung")
    assert (pixels.shape[2], pixels.dtype) == (3, np.uint8)
    palette = grey_or_colour(read(named("examples_palette.dcm")), 0, "auto")
    assert palette.ndim == 3
    deep = grey_or_colour(read(named("SC_rgb_rle_16bit.dcm")), 0, "auto")
    assert deep.max() == 255


def test_every_frame_has_its_own_picture() -> None:
    dataset = read(named("examples_ybr_color.dcm"))
    assert len({grey_or_colour(dataset, number, "auto").tobytes() for number in (0, 1, 14, 29)}) == 4
    with pytest.raises(BrokenDicom, match="no_frame"):
        grey_or_colour(dataset, 30, "auto")


def test_a_frame_of_an_enhanced_object_has_its_own_window_and_slope() -> None:
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    groups = []
    for centre, slope in (("100", "1"), ("200", "2")):
        window, rescale, group = Dataset(), Dataset(), Dataset()
        window.WindowCenter, window.WindowWidth = centre, "201"
        rescale.RescaleSlope, rescale.RescaleIntercept, rescale.RescaleType = slope, "0", "US"
        group.FrameVOILUTSequence, group.PixelValueTransformationSequence = Sequence([window]), Sequence([rescale])
        groups.append(group)
    data = small_ct(
        Rows=1, Columns=2, NumberOfFrames="2", BitsStored=16, HighBit=15, PixelData=np.asarray([100, 0, 100, 50], "<u2").tobytes(),
        PerFrameFunctionalGroupsSequence=Sequence(groups),
    )  # fmt: skip
    assert greys(data, frame=0)[0] == greys(data, frame=1)[0] == 128
    assert greys(data, frame=0)[1] == greys(data, frame=1)[1] == 1


def test_a_picture_is_small_enough_for_a_village() -> None:
    noise = random.Random(3).randbytes(1500 * 1500 * 2)
    picture = render(small_ct(Rows=1500, Columns=1500, BitsStored=16, HighBit=15, PixelData=noise), 0, "auto", FULL_SIDE)
    assert max(picture.width, picture.height) == 1500
    assert len(picture.data) < 2 * MAX_LOSSLESS
    thumb = render(named("693_J2KI.dcm"), 0, "auto", THUMB_SIDE)
    assert max(thumb.width, thumb.height) <= THUMB_SIDE
    assert len(thumb.data) < 30_000


SHOWN = {
    "CT_small.dcm": "uncompressed", "MR_small_bigendian.dcm": "big endian", "image_dfl.dcm": "deflated", "MR_small_RLE.dcm": "RLE",
    "SC_rgb_small_odd_jpeg.dcm": "JPEG", "JPEG2000.dcm": "JPEG 2000", "MR_small_jp2klossless.dcm": "JPEG 2000 lossless",
    "MR_small_jpeg_ls_lossless.dcm": "JPEG-LS", "SC_rgb_jpeg_gdcm.dcm": "JPEG lossless", "liver_1frame.dcm": "one bit",
    "examples_ybr_color.dcm": "YBR",
}  # fmt: skip


@pytest.mark.parametrize("name", SHOWN, ids=SHOWN.values())
def test_the_usual_transfer_syntaxes_are_shown(name: str) -> None:
    assert refusal(named(name)) == "ok"


@pytest.mark.parametrize(("one", "other"), [
    ("MR_small.dcm", "MR_small_bigendian.dcm"), ("MR_small.dcm", "MR_small_RLE.dcm"), ("MR_small.dcm", "MR_small_jp2klossless.dcm"),
    ("MR_small.dcm", "MR_small_jpeg_ls_lossless.dcm"), ("MR_small.dcm", "MR_small_implicit.dcm"),
])
def test_the_same_image_looks_the_same_in_every_lossless_syntax(one: str, other: str) -> None:
    assert greys(named(one)) == greys(named(other))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (named("reportsi.dcm"), "no_picture"), (named("JPEG-lossy.dcm"), "not_shown"), (b"no image", "not_dicom"), (small_ct()[:-30], "truncated"),
        (small_ct(Rows=20_000, Columns=20_000, BitsAllocated=1, PixelData=bytes(50_000_000)), "too_many_pixels"),
    ],
    ids=["report", "12-bit JPEG", "no DICOM", "cut", "huge"],
)  # fmt: skip
def test_what_cannot_be_shown_says_why(data: bytes, reason: str) -> None:
    assert refusal(data) == reason


def test_every_shipped_file_gives_a_picture_or_a_reason() -> None:
    outcomes = [refusal(path.read_bytes()) for path in package_files()]
    assert outcomes.count("ok") > 90


@cache
def mutable() -> tuple[bytes, ...]:
    names = ("CT_small.dcm", "MR_small_RLE.dcm", "MR_small_jpeg_ls_lossless.dcm", "MR_small_jp2klossless.dcm", "SC_rgb_small_odd_jpeg.dcm",
             "SC_rgb_jpeg_gdcm.dcm", "examples_palette.dcm", "liver_1frame.dcm")  # fmt: skip
    return tuple(named(name) for name in names)


@pytest.fixture(scope="module")
def decoder() -> Iterator[RenderProcess]:
    process = RenderProcess(longest_s=30)
    yield process
    process.stop()


def test_whatever_is_changed_in_a_file_the_worker_only_hears_a_reason(decoder: RenderProcess) -> None:
    """Header and pixels of every syntax; through the process, as in a worker: a decoder that crashes is a refusal."""
    chance = random.Random(20261120)
    counted = {"ok": 0}
    for number in range(MUTATIONS):
        data = bytearray(chance.choice(mutable()))
        for _ in range(chance.choice((1, 1, 3, 12))):
            where = chance.randrange(128, min(len(data), 3000) if chance.random() < 0.7 else len(data))
            data[where] = chance.choice((0, 1, 0x7F, 0xFF, chance.randrange(256)))
        try:
            decoder.render(f"mutant {number}", bytes(data), chance.choice((0, 0, 0, 3)), chance.choice(KEYS), THUMB_SIDE)
            counted["ok"] += 1
        except BrokenDicom as broken:
            counted[broken.code] = counted.get(broken.code, 0) + 1
    assert counted["ok"] > MUTATIONS // 10
    assert sum(counted.values()) == MUTATIONS


def test_the_decoder_keeps_the_last_file_for_its_next_frame() -> None:
    process = RenderProcess(idle_s=0.2)
    data = small_ct(NumberOfFrames="2", Rows=4, PixelData=bytes(64) + bytes(range(64)))
    with pytest.raises(FileNeeded):
        process.render("two", None, 0, "auto", THUMB_SIDE)
    first = process.render("two", data, 0, "auto", FULL_SIDE)
    assert process.render("two", None, 1, "auto", FULL_SIDE).data != first.data
    with pytest.raises(FileNeeded):
        process.render("another", None, 0, "auto", THUMB_SIDE)
    process.stop()
    with pytest.raises(FileNeeded):
        process.render("two", None, 0, "auto", THUMB_SIDE)
    process.stop()


def test_a_decoder_that_dies_is_replaced_and_one_that_hangs_is_ended() -> None:
    process = RenderProcess(longest_s=30)
    data = small_ct()
    process.render("a", data, 0, "auto", THUMB_SIDE)
    assert process._process is not None
    os.kill(process._process.pid, 9)
    process._process.wait()
    assert process.render("b", data, 0, "auto", THUMB_SIDE).width == 8
    hasty = RenderProcess(longest_s=0.001)
    with pytest.raises(BrokenDicom, match="too_slow"):
        hasty.render("c", data, 0, "auto", THUMB_SIDE)
    assert hasty._process is None
    process.stop()


def test_a_decoder_that_does_not_start_is_no_fault_of_the_file(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr("media.imaging.render_process.sys.executable", "/bin/false")
    process = RenderProcess()
    with pytest.raises(BrokenDicom, match="decoder_away"):
        process.render("a", small_ct(), 0, "auto", THUMB_SIDE)
    assert "does not start" in caplog.text
    monkeypatch.undo()
    assert process.render("a", small_ct(), 0, "auto", THUMB_SIDE).width == 8
    process.stop()


def test_a_swelling_codestream_costs_one_refusal_and_bounded_memory(decoder: RenderProcess) -> None:
    """A JPEG 2000 stream that claims 60,000 × 60,000 pixels inside a file of 16 × 16."""
    data = bytearray(named("JPEG2000.dcm"))
    at = data.index(b"\xff\x4f\xff\x51") + 8
    data[at : at + 8] = (60_000).to_bytes(4, "big") * 2
    with pytest.raises(BrokenDicom):
        decoder.render("swelling", bytes(data), 0, "auto", THUMB_SIDE)
    assert decoder.render("after it", small_ct(), 0, "auto", THUMB_SIDE).width == 8


def test_windows_are_offered_by_kind_of_image() -> None:
    assert [window.key for window in windows_of("CT")] == ["auto", "brain", "lung", "soft", "bone"]
    assert [window.key for window in windows_of("US")] == ["auto"]
    assert [window.key for window in windows_of("DX")] == ["auto", "full"]


def test_nothing_of_the_decoder_is_loaded_by_the_package() -> None:
    import subprocess
    import sys

    heavy = "import sys, media.imaging; print([name for name in ('numpy', 'PIL', 'pydicom', 'gdcm') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]).stdout == "[]\n"
