"""One frame as a picture for a screen. Heavy: it runs in a process of its own (``render_child``), where hostile data can do no harm.

Order of the transformations: PS3.3 C.7.6.3 (stored values) → C.11.1 (modality) → C.11.2 (values of interest, the window) → C.7.6.3.1.2
(photometric interpretation: MONOCHROME1 is shown inverted) → shape of a pixel → size → WebP. Nothing is written into the picture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from media.imaging.broken import BrokenDicom, only_broken
from media.imaging.photos import Photo, photo_picture, photo_type
from media.imaging.pixels import frame_pixels, read_picture, values_of_frame
from media.imaging.windows import AUTO, Window, window_named

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image
    from pydicom.dataset import Dataset

    Array = np.ndarray[Any, Any]

THUMB_SIDE, FULL_SIDE = 320, 2048
MAX_LOSSLESS = 1 << 20
"""Bytes; what is larger without loss goes over a village's link with a quality of 90."""
MEDIA_TYPE = "image/webp"


@dataclass(frozen=True, slots=True)
class Picture:
    """``width`` and ``height`` in pixels of the picture, not of the file."""

    data: bytes
    width: int
    height: int
    media_type: str = MEDIA_TYPE


def render(data: bytes, frame: int, window: str, max_side: int) -> Picture:
    """Frame ``frame`` (from 0) of a DICOM file; :class:`BrokenDicom` and nothing else when it cannot be shown."""
    return render_read(read(data), frame, window, max_side)


def read(data: bytes) -> Dataset | Photo:
    """What of the file is needed for any of its frames."""
    if photo_type(data[:16]) is not None:
        return Photo(data)
    with only_broken("undecodable"):
        return read_picture(data)


def render_read(dataset: Dataset | Photo, frame: int, window: str, max_side: int) -> Picture:
    """As :func:`render`, from what :func:`read` gave."""
    with only_broken("undecodable"):
        if isinstance(dataset, Photo):
            if frame != 0:
                raise BrokenDicom("no_frame")
            return _encode(_fit(photo_picture(dataset), max_side), max_side)
        return _encode(_fit(_shaped(grey_or_colour(dataset, frame, window), values_of_frame(dataset, frame)), max_side), max_side)


def grey_or_colour(dataset: Dataset, frame: int, window: str) -> Array:
    """The frame as it is to be seen: (rows, columns) or (rows, columns, 3) of 0 to 255."""
    if not 0 <= frame < int(dataset.get("NumberOfFrames") or 1):
        raise BrokenDicom("no_frame")
    pixels, photometric = frame_pixels(dataset, frame)
    if photometric == "PALETTE COLOR":
        from pydicom.pixels.processing import apply_color_lut

        return _to_bytes(apply_color_lut(pixels, dataset)[..., :3], None)
    if pixels.ndim == 3:
        return _to_bytes(pixels[..., :3], int(dataset.get("BitsStored") or 8))
    values = values_of_frame(dataset, frame)
    shown = _windowed(pixels, values, window_named(window, str(dataset.get("Modality") or "")))
    return 255 - shown if photometric == "MONOCHROME1" else shown


def _to_bytes(colour: Array, bits: int | None) -> Array:
    """Colours of more than eight bits lose the lower ones. ``bits``: how many are used; None for all of the type."""
    import numpy as np

    if colour.dtype == np.uint8:
        return colour
    shift = max((bits or 8 * colour.dtype.itemsize) - 8, 0)
    return np.asarray(np.clip(colour.astype(np.int64) >> shift, 0, 255).astype(np.uint8))


def _windowed(pixels: Array, values: Dataset, window: Window) -> Array:
    import numpy as np

    real = _modality_values(pixels, values)
    if window.width is not None and window.centre is not None:
        return _linear(real, window.centre, window.width)
    if window.key == AUTO:
        if table := values.get("VOILUTSequence"):
            return _scaled_table(real, table[0], values)
        if (own := _own_window(values)) is not None:
            return _by_function(real, *own, str(values.get("VOILUTFunction") or "LINEAR"))
    seen = _without_padding(pixels, real, values)
    low, high = (np.percentile(seen, (0.5, 99.5)) if window.key == AUTO else (seen.min(), seen.max())) if seen.size else (0.0, 1.0)
    if high <= low:
        low, high = (float(seen.min()), float(seen.max())) if seen.size else (0.0, 1.0)
    span = float(high) - float(low)
    if not math.isfinite(span) or span <= 0:
        return np.zeros(real.shape, np.uint8)
    return _bytes_of((real - float(low)) / span)


def _modality_values(pixels: Array, values: Dataset) -> Array:
    """PS3.3 C.11.1: the table, or slope and intercept, as float32."""
    import numpy as np

    if table := values.get("ModalityLUTSequence"):
        return _looked_up(pixels, table[0], values)[0].astype(np.float32)
    slope, intercept = _first(values, "RescaleSlope", 1.0), _first(values, "RescaleIntercept", 0.0)
    real = np.nan_to_num(pixels.astype(np.float64) * (slope or 1.0) + intercept, nan=0.0, posinf=0.0, neginf=0.0)
    return real.astype(np.float32)


def _own_window(values: Dataset) -> tuple[float, float] | None:
    centre, width = _first(values, "WindowCenter", math.nan), _first(values, "WindowWidth", math.nan)
    return (centre, width) if math.isfinite(centre) and math.isfinite(width) and width >= 1e-6 else None


def _by_function(real: Array, centre: float, width: float, function: str) -> Array:
    """PS3.3 C.11.2.1.2.1 and C.11.2.1.3."""
    import numpy as np

    if function == "SIGMOID":
        return _bytes_of(1 / (1 + np.exp(np.clip(-4 * (real - centre) / width, -80, 80))))
    if function == "LINEAR_EXACT" or width <= 1:
        return _bytes_of((real - centre) / width + 0.5)
    return _linear(real, centre, width)


def _linear(real: Array, centre: float, width: float) -> Array:
    """PS3.3 C.11.2.1.2.1, equation for LINEAR."""
    return _bytes_of((real - (centre - 0.5)) / (width - 1) + 0.5)


def _bytes_of(part: Array) -> Array:
    """0 to 1 as 0 to 255; what lies outside is cut."""
    import numpy as np

    return np.asarray(np.clip(part * 255 + 0.5, 0, 255).astype(np.uint8))


def _scaled_table(real: Array, item: Dataset, values: Dataset) -> Array:
    out, bits = _looked_up(real, item, values)
    return _bytes_of(out / (2.0**bits - 1))


def _looked_up(pixels: Array, item: Dataset, values: Dataset) -> tuple[Array, int]:
    """Through a look-up table (PS3.3 C.11.1.1): the entries found and how many bits they have."""
    import numpy as np

    _, first, bits = (int(value) for value in item.LUTDescriptor)
    if first > 32767 and values.get("PixelRepresentation") == 1:
        first -= 65536
    bits = bits if 1 <= bits <= 16 else 16
    data = item.LUTData
    if isinstance(data, bytes):
        order = "<" if values.file_meta.TransferSyntaxUID.is_little_endian else ">"
        table = np.frombuffer(data[: len(data) // 2 * 2], f"{order}u2")
    else:
        table = np.asarray(data, np.uint16).reshape(-1)
    if table.size == 0:
        raise BrokenDicom("undecodable")
    index = np.clip(np.rint(pixels).astype(np.int64) - first, 0, table.size - 1)
    return table[index], bits


def _without_padding(pixels: Array, real: Array, values: Dataset) -> Array:
    """The values inside the picture: what the device filled up with says nothing about them (PS3.3 C.7.5.1.1.2)."""
    padding = _first(values, "PixelPaddingValue", math.nan)
    if math.isnan(padding):
        return real
    end = _first(values, "PixelPaddingRangeLimit", padding)
    inside = real[(pixels < min(padding, end)) | (pixels > max(padding, end))]
    return inside if inside.size else real


def _first(values: Dataset, name: str, otherwise: float) -> float:
    value = values.get(name)
    if value is None or value == "":
        return otherwise
    return float(value[0]) if hasattr(value, "__getitem__") and not isinstance(value, str | bytes) else float(value)


def _shaped(shown: Array, values: Dataset) -> Image:
    """With square pixels: PixelAspectRatio, else the spacing, says how tall one is for its width (PS3.3 C.7.6.3.1.7, 10.7.1.3)."""
    from PIL import Image as PilImage

    image = PilImage.fromarray(shown)
    tall = 1.0
    for name in ("PixelAspectRatio", "PixelSpacing", "ImagerPixelSpacing"):
        pair = values.get(name)
        if pair is not None and not isinstance(pair, str) and len(pair) == 2 and float(pair[0]) > 0 and float(pair[1]) > 0:
            tall = float(pair[0]) / float(pair[1])
            break
    if abs(tall - 1) < 0.01 or not 0.1 <= tall <= 10:
        return image
    width, height = (image.width, image.height * tall) if tall > 1 else (image.width / tall, image.height)
    shrink = min(1.0, 2 * FULL_SIDE / max(width, height))
    return image.resize((max(1, round(width * shrink)), max(1, round(height * shrink))))


def _fit(image: Image, max_side: int) -> Image:
    from PIL.Image import Resampling

    longest = max(image.width, image.height)
    if longest <= max_side:
        return image
    scale = max_side / longest
    return image.resize((max(1, round(image.width * scale)), max(1, round(image.height * scale))), Resampling.BOX, reducing_gap=3.0)


def _encode(image: Image, max_side: int) -> Picture:
    file = BytesIO()
    if max_side > THUMB_SIDE:
        # Without loss, quality is effort: on computed tomographies 0 gives the size of 20 in three quarters of the time; method 0 half as much again.
        image.save(file, "WEBP", lossless=True, quality=0, method=1)
    if not 0 < file.tell() <= MAX_LOSSLESS:
        file = BytesIO()
        image.save(file, "WEBP", quality=90 if max_side > THUMB_SIDE else 80, method=2)
    return Picture(file.getvalue(), image.width, image.height)
