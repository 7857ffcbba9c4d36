"""Our pictures beside dcmtk's, grey value by grey value: the same file, the same window.

Tolerance: one of 255 grey levels for grey pictures (both round, not at the same place); three for a lossy JPEG and for colours from YBR (the
two decoders' cosine transforms differ in the last bit). Everything else must be equal.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from media.imaging.render import grey_or_colour, read
from media.imaging.windows import windows_of
from tests.media.test_check import named
from tests.support.peers import need

pytestmark = pytest.mark.peer

CT = {window.key: window for window in windows_of("CT")}


def by_dcmtk(tool: str, data: bytes, folder: Path, *options: str) -> np.ndarray:
    need(shutil.which(tool) is not None, "dcmtk")
    (folder / "image.dcm").write_bytes(data)
    command = [tool, "-O", *options, str(folder / "image.dcm"), str(folder / "image.pnm")]
    subprocess.run(command, check=True, capture_output=True)
    return np.asarray(Image.open(folder / "image.pnm")).astype(int)


def farthest(ours: np.ndarray, theirs: np.ndarray) -> int:
    assert ours.shape == theirs.shape
    return int(np.abs(ours.astype(int) - theirs).max())


@pytest.mark.parametrize("window", ["brain", "lung", "soft", "bone"])
def test_ct_windows(window: str, tmp_path: Path) -> None:
    data = named("CT_small.dcm")
    theirs = by_dcmtk("dcm2pnm", data, tmp_path, "+Ww", str(CT[window].centre), str(CT[window].width))
    assert farthest(grey_or_colour(read(data), 0, window), theirs) <= 1


@pytest.mark.parametrize(
    ("tool", "name", "tolerance"),
    [
        ("dcm2pnm", "MR_small.dcm", 1), ("dcm2pnm", "MR_small_RLE.dcm", 1), ("dcm2pnm", "MR_small_bigendian.dcm", 1),
        ("dcml2pnm", "MR_small_jpeg_ls_lossless.dcm", 1), ("dcm2pnm", "examples_overlay.dcm", 1),
    ],
)  # fmt: skip
def test_the_files_own_window(tool: str, name: str, tolerance: int, tmp_path: Path) -> None:
    data = named(name)
    assert farthest(grey_or_colour(read(data), 0, "auto"), by_dcmtk(tool, data, tmp_path, "+Wi", "1")) <= tolerance


@pytest.mark.parametrize(
    ("tool", "name", "tolerance"),
    [
        ("dcm2pnm", "examples_rgb_color.dcm", 0), ("dcm2pnm", "examples_palette.dcm", 0), ("dcmj2pnm", "SC_rgb_jpeg_gdcm.dcm", 0),
        ("dcmj2pnm", "SC_rgb_jpeg_dcmtk.dcm", 3), ("dcmj2pnm", "SC_rgb_dcmtk_+eb+cr.dcm", 3), ("dcm2pnm", "SC_rgb_rle.dcm", 0),
        ("dcmj2pnm", "SC_rgb_dcmtk_+eb+cy+np.dcm", 3),
    ],
)  # fmt: skip
def test_colours(tool: str, name: str, tolerance: int, tmp_path: Path) -> None:
    data = named(name)
    assert farthest(grey_or_colour(read(data), 0, "auto"), by_dcmtk(tool, data, tmp_path)) <= tolerance


def test_an_inverted_film(tmp_path: Path) -> None:
    from tests.media.test_render import slice_of

    data = slice_of(list(range(-1000, 1000, 7)), PhotometricInterpretation="MONOCHROME1")
    theirs = by_dcmtk("dcm2pnm", data, tmp_path, "+Ww", "400", "1800")
    assert farthest(grey_or_colour(read(data), 0, "bone"), theirs) <= 1
