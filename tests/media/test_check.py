"""The checker against real files, cut files, mutated files and bombs: a summary or a reason, never anything else."""

from __future__ import annotations

import os
import random
import struct
import subprocess
import sys
import zlib
from collections import Counter
from io import BytesIO
from pathlib import Path

import pytest

from media.imaging import BrokenDicom, DicomSummary, build, check
from media.imaging.broken import REASONS

FULL = os.environ.get("HUIZHEN_SOAK") == "1" or os.environ.get("HUIZHEN_TEST_SCALE") == "full"
MUTATIONS = 2_000 if FULL else 200


def package_files() -> list[Path]:
    """pydicom's own test files."""
    import pydicom

    folder = Path(pydicom.__file__).parent / "data"
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix not in (".py", ".json", ".pyc"))


def outcome(data: bytes) -> str:
    """"ok" or the reason; anything else raises and fails the test."""
    try:
        summary = check(data)
    except BrokenDicom as broken:
        return broken.code
    assert isinstance(summary, DicomSummary)
    assert summary.sop_instance_uid
    assert summary.study_instance_uid
    assert summary.series_instance_uid
    return "ok"


def named(name: str) -> bytes:
    return next(path for path in package_files() if path.name == name).read_bytes()


def small_ct(**differently: object) -> bytes:
    """A valid CT image of 8 × 8, changed as wished and written by pydicom."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = "2.25.1"
    dataset = Dataset()
    dataset.file_meta = meta
    facts: dict[str, object] = {
        "SpecificCharacterSet": "GB18030", "SOPClassUID": CTImageStorage, "SOPInstanceUID": "2.25.1", "StudyInstanceUID": "2.25.2",
        "SeriesInstanceUID": "2.25.3", "Modality": "CT", "SeriesDescription": "胸部平扫", "PatientName": "罗^大山", "Rows": 8, "Columns": 8,
        "SamplesPerPixel": 1, "BitsAllocated": 16, "BitsStored": 12, "HighBit": 11, "PixelRepresentation": 0,
        "PhotometricInterpretation": "MONOCHROME2", "PixelData": bytes(128),
    }
    for name, value in (facts | differently).items():
        if value is not None:
            setattr(dataset, name, value)
    file = BytesIO()
    dataset.save_as(file, enforce_file_format=True)
    return file.getvalue()


def test_an_image_says_what_it_is_in_its_own_character_set() -> None:
    summary = build().check(small_ct())
    assert (summary.modality, summary.description, summary.rows, summary.columns, summary.frames) == ("CT", "胸部平扫", 8, 8, 1)
    assert (summary.sop_instance_uid, summary.study_instance_uid, summary.series_instance_uid) == ("2.25.1", "2.25.2", "2.25.3")


@pytest.mark.parametrize(
    ("differently", "reason"),
    [
        ({"StudyInstanceUID": None}, "missing_uids"),
        ({"SeriesInstanceUID": "../../etc/passwd"}, "missing_uids"),
        ({"PixelData": bytes(100)}, "pixel_length"),
        ({"Rows": 65_535, "Columns": 65_535, "NumberOfFrames": "19000"}, "too_many_pixels"),
        ({"NumberOfFrames": "2000000"}, "too_many_pixels"),
        ({"Rows": None}, "pixel_length"),
    ],
)
def test_what_is_missing_or_impossible_is_named(differently: dict[str, object], reason: str) -> None:
    assert outcome(small_ct(**differently)) == reason


def test_a_report_has_no_pixels_and_is_welcome() -> None:
    summary = check(named("reportsi.dcm"))
    assert (summary.modality, summary.rows, summary.frames, summary.has_pixels) == ("SR", None, 0, False)


def test_every_reason_tells_a_person_what_to_do() -> None:
    for code, sentence in REASONS.items():
        assert BrokenDicom(code).sentence == sentence
        assert sentence.endswith("。")
        assert "请" in sentence


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"), (b"\xff\xd8\xff\xe0 a photograph" * 100, "not_dicom"), (b"PK\x03\x04" + bytes(500), "not_dicom"),
        ("您好".encode() * 200, "not_dicom"), (bytes(128) + b"DICM", "truncated"),
    ],
)
def test_what_is_no_dicom_is_named(data: bytes, reason: str) -> None:
    assert outcome(data) == reason


def test_real_files_are_taken_and_the_broken_ones_among_them_named() -> None:
    found = Counter({path.name: outcome(path.read_bytes()) for path in package_files()}.values())
    assert found["ok"] >= 100
    assert outcome(named("MR_truncated.dcm")) == "truncated"
    assert outcome(named("DICOMDIR")) == "directory"
    assert outcome(named("CT_small.dcm")) == "ok"
    assert outcome(named("SC_rgb_jpeg.dcm")) == "ok", "declared explicit, written implicit"


def test_every_file_of_the_collection_outside_the_repository() -> None:
    if "HUIZHEN_DATA" not in os.environ:
        pytest.skip("HUIZHEN_DATA is not set")
    files = sorted((Path(os.environ["HUIZHEN_DATA"]) / "dicom").glob("*.dcm"))
    assert files
    refused = {path.name: reason for path in files if (reason := outcome(path.read_bytes())) != "ok"}
    assert set(refused.values()) <= {"missing_uids"}, refused
    assert len(refused) <= 1


def test_a_file_cut_anywhere_is_never_taken_for_whole() -> None:
    whole = small_ct()
    for cut in range(len(whole)):
        assert outcome(whole[:cut]) != "ok", cut
    larger = named("JPEG2000.dcm")
    rng = random.Random(5)
    for _ in range(60):
        assert outcome(larger[: rng.randrange(len(larger))]) != "ok"


def test_mutated_files_give_a_summary_or_a_reason() -> None:
    rng = random.Random(20261120)
    files = [data for path in package_files() if len(data := path.read_bytes()) < 300_000]
    seen = Counter(outcome(mutated(rng, rng.choice(files))) for _ in range(MUTATIONS))
    assert set(seen) <= {"ok", *REASONS}
    assert len(seen) > 4


def mutated(rng: random.Random, data: bytes) -> bytes:
    """Cut short, or a few bytes changed, removed or put in, mostly near the beginning where the structure is."""
    if rng.random() < 0.3:
        return data[: rng.randrange(len(data) + 1)]
    changed = bytearray(data)
    for _ in range(rng.randrange(1, 9)):
        at = rng.randrange(min(len(changed), 4_000) if rng.random() < 0.8 else len(changed)) if changed else 0
        how = rng.random()
        if how < 0.6 and changed:
            changed[at] = rng.choice((0, 255, rng.randrange(256)))
        elif how < 0.8:
            del changed[at : at + rng.randrange(1, 20)]
        else:
            changed[at:at] = rng.randbytes(rng.randrange(1, 20))
    return bytes(changed)


def header(syntax: str) -> bytes:
    padded = syntax.encode() + (b"\0" if len(syntax) % 2 else b"")
    return bytes(128) + b"DICM" + struct.pack("<HH2sH", 2, 0x10, b"UI", len(padded)) + padded


def bombs() -> dict[str, bytes]:
    squeezer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    zipped = squeezer.compress(bytes(400 << 20)) + squeezer.flush()
    nest = struct.pack("<HH2sHI", 8, 0x1115, b"SQ", 0, 0xFFFFFFFF) + struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    empty = struct.pack("<HH2sH", 8, 0x60, b"CS", 0)
    explicit = header("1.2.840.10008.1.2.1")
    return {
        "deflate": header("1.2.840.10008.1.2.1.99") + zipped,
        "nested": explicit + nest * 100_000,
        "elements": explicit + empty * 4_000_000,
        "items": explicit + struct.pack("<HH2sHI", 8, 0x1115, b"SQ", 0, 0xFFFFFFFF) + struct.pack("<HHI", 0xFFFE, 0xE000, 0) * 4_000_000,
        "length": explicit + struct.pack("<HH2sHI", 8, 0x1115, b"OB", 0, 0xFFFFFFF0),
    }


def test_bombs_cost_neither_memory_nor_time() -> None:
    """In a process of its own, whose memory may not grow by more than 200 MB over the largest file."""
    script = (
        "import resource, tests.media.test_check as t\n"
        "from pathlib import Path\n"
        "files = t.bombs()\n"
        "t.outcome(t.small_ct())\n"
        "limit = 600 << 20\n"
        "resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))\n"
        "print({name: t.outcome(data) for name, data in files.items()})\n"
        "print(next(one.split()[1] for one in Path('/proc/self/status').read_text().splitlines() if one.startswith('VmHWM:')))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=Path(__file__).parents[2], timeout=120, check=True)
    told, most = done.stdout.splitlines()
    assert told == str(
        {"deflate": "expands", "nested": "malformed", "elements": "malformed", "items": "malformed", "length": "truncated"}
    )
    # Of its own memory: what the system counts of children that ended begins with the size of the process that began them.
    assert int(most) < 900_000


def test_nothing_of_the_file_reaches_a_log() -> None:
    """pydicom warns by quoting what it read; in a process as the worker is, nothing of it may come out."""
    script = (
        "import tests.media.test_check as t\n"
        "t.outcome(t.small_ct().replace(b'GB18030', b'GB99999'))\n"
        "[t.outcome(path.read_bytes()) for path in t.package_files() if path.stat().st_size < 100_000]\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=Path(__file__).parents[2], check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_a_web_process_does_not_load_pydicom() -> None:
    script = "import sys, core.imaging.service, media.imaging; print(sorted({'pydicom', 'numpy', 'jieba'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=Path(__file__).parents[2], check=True)
    assert done.stdout.strip() == "[]"
