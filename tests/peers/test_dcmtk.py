"""Our reading of DICOM files beside dcmtk's, on files that dcmtk itself wrote."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from pathlib import Path

import pytest

from media.imaging import BrokenDicom, check
from tests.journeys.story.files import write_files
from tests.support.peers import need

pytestmark = pytest.mark.peer


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def dumped(path: Path, tag: str) -> str:
    """The value of ``tag`` as dcmdump prints it."""
    line = run("dcmdump", "+P", tag, str(path)).splitlines()[0]
    return line[line.index("[") + 1 : line.rindex("]")]


@pytest.fixture
def image(tmp_path: Path) -> Path:
    need(shutil.which("dcmdump") is not None, "dcmtk")
    return write_files(tmp_path) / "image.dcm"


@pytest.mark.parametrize("option", ["+te", "+ti", "+tb", "+td"])
def test_the_same_image_in_every_uncompressed_transfer_syntax(image: Path, tmp_path: Path, option: str):
    written = tmp_path / "converted.dcm"
    run("dcmconv", option, str(image), str(written))
    summary = check(written.read_bytes())
    assert summary.sop_instance_uid == dumped(written, "SOPInstanceUID")
    assert summary.study_instance_uid == dumped(written, "StudyInstanceUID")
    assert summary.modality == dumped(written, "Modality") == "CT"
    assert (summary.rows, summary.columns) == (128, 128)


def test_a_photograph_that_dcmtk_made_into_dicom(image: Path, tmp_path: Path):
    spec = importlib.util.find_spec("pydicom")
    assert spec is not None
    written = tmp_path / "photo.dcm"
    run("img2dcm", str(image.parent / "consent.jpg"), str(written))
    summary = check(written.read_bytes())
    assert summary.sop_instance_uid == dumped(written, "SOPInstanceUID")


def test_what_dcmtk_cannot_read_we_refuse(image: Path):
    broken = image.parent / "broken.dcm"
    assert subprocess.run(["dcmdump", str(broken)], capture_output=True, check=False).returncode != 0
    with pytest.raises(BrokenDicom):
        check(broken.read_bytes())
