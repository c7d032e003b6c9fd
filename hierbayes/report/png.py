"""Small PNG files: pictures of lines and text need few colours; a palette takes a quarter of the space."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

COLOURS = 64  # of the 256 that a PNG palette holds: more cannot be told apart, and take a third more space
AREA = 0.002
"""Share of a picture that a colour covers which is an area's, and not of an edge between two."""

STEPS = (1, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128)
"""Widths of the bins that the channels are rounded to; the first with few enough colours is taken."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def size(png: bytes) -> tuple[int, int]:
    """Width and height of a PNG file in pixels."""
    width, height = struct.unpack(">II", png[16:24])
    return int(width), int(height)


def with_palette(pixels: NDArray[np.uint8]) -> bytes:
    """A picture as PNG with at most ``COLOURS`` colours, on white where it is transparent.

    Parameters
    ----------
    pixels : uint8 array, shape (height, width, 4)
        Red, green, blue and opacity.

    Returns
    -------
    bytes
        A PNG file with a palette.

    References
    ----------
    W3C (2003). Portable Network Graphics (PNG) Specification, second edition, sections 5.3 and 11.2.
    """
    indices, palette = _quantize(_on_white(pixels))
    height, width = indices.shape
    rows = np.zeros((height, width + 1), dtype=np.uint8)  # each row opens with its filter type, 0: none
    rows[:, 1:] = indices
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    chunks = (
        _chunk(b"IHDR", header),
        _chunk(b"PLTE", palette.tobytes()),
        _chunk(b"IDAT", zlib.compress(rows.tobytes(), 6)),
        _chunk(b"IEND", b""),
    )
    return _SIGNATURE + b"".join(chunks)


def _on_white(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Colours of shape (height, width, 3)."""
    colours: NDArray[np.uint8] = pixels[..., :3]
    opacity: NDArray[np.uint8] = pixels[..., 3:]
    if opacity.min() == 255:
        return colours
    share = opacity.astype(np.float32) / np.float32(255)
    return np.asarray(np.rint(colours * share + 255 * (1 - share)), dtype=np.uint8)


def _quantize(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Palette indices of shape (height, width) and the palette of shape (colours, 3).

    Colours of areas are kept. Others share an entry, the commonest of those that it stands for.
    """
    channels = pixels.astype(np.uint32)
    packed = (channels[..., 0] << 16) | (channels[..., 1] << 8) | channels[..., 2]
    codes, inverse, counts = _distinct(packed)
    colours = np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=1).astype(np.float64)
    areas = np.argsort(-counts, kind="stable")[: COLOURS // 2]
    areas = areas[counts[areas] >= AREA * packed.size]
    for step in STEPS:
        binned = np.rint(colours / step).astype(np.int64) @ np.array([1 << 16, 1 << 8, 1])
        binned[areas] = -1 - np.arange(len(areas))
        _, bins = np.unique(binned, return_inverse=True)
        if bins.max() < COLOURS:
            break
    by_count = np.lexsort((counts, bins))
    commonest = by_count[np.searchsorted(bins[by_count], np.arange(bins.max() + 1), side="right") - 1]
    indices = bins.astype(np.uint8)[inverse].reshape(packed.shape)
    return indices, colours[commonest].astype(np.uint8)


def _distinct(
    packed: NDArray[np.integer],
) -> tuple[NDArray[np.integer], NDArray[np.intp], NDArray[np.intp]]:
    """Colours in ascending order, the place of each pixel's colour among them, and how often each is there.

    Of runs of one colour only the first pixel is sorted: most of a picture is such runs.
    """
    flat = packed.ravel()
    starts = np.flatnonzero(np.concatenate([[True], flat[1:] != flat[:-1]]))
    lengths = np.diff(starts, append=flat.size)
    codes, inverse = np.unique(flat[starts], return_inverse=True)
    counts = np.bincount(inverse, lengths).astype(np.intp)
    return codes, np.repeat(inverse, lengths), counts


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
