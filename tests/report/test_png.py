import io

import numpy as np
import pytest
from matplotlib.image import imread

from hierbayes.report.png import COLOURS, size, with_palette


def read(content: bytes) -> np.ndarray:
    return np.rint(255 * imread(io.BytesIO(content))[..., :3]).astype(int)


def test_few_colours_are_kept_exactly() -> None:
    rng = np.random.default_rng(1)
    palette = rng.integers(0, 256, (COLOURS, 4), dtype=np.uint8)
    palette[:, 3] = 255
    pixels = palette[rng.integers(0, COLOURS, (60, 90))]
    small = with_palette(pixels)
    assert size(small) == (90, 60)
    np.testing.assert_array_equal(read(small), pixels[..., :3])


def test_many_colours_are_rounded_a_little() -> None:
    x, y = np.random.default_rng(3).random((2, 200, 300))
    pixels = np.rint(255 * np.stack([x, y, (x + y) / 2, np.ones_like(x)], axis=2)).astype(np.uint8)
    pixels[:, :50] = (255, 255, 255, 255)
    small = with_palette(pixels)
    assert len(np.unique(read(small).reshape(-1, 3), axis=0)) <= COLOURS
    assert np.abs(read(small) - pixels[..., :3].astype(int)).max() <= 48
    assert (read(small)[:, :50] == 255).all()


def test_areas_keep_their_colours_among_many_others() -> None:
    x, y = np.random.default_rng(4).random((2, 200, 300))
    pixels = np.rint(255 * np.stack([x, y, (x + y) / 2, np.ones_like(x)], axis=2)).astype(np.uint8)
    areas = {(255, 255, 255): slice(0, 60), (223, 223, 223): slice(60, 120), (228, 238, 243): slice(120, 125)}
    for colour, rows in areas.items():
        pixels[rows, :, :3] = colour
    small = read(with_palette(pixels))
    for colour, rows in areas.items():
        assert (small[rows] == colour).all(), colour
    assert len(np.unique(small.reshape(-1, 3), axis=0)) <= COLOURS


@pytest.mark.parametrize("opacity", [0, 128])
def test_transparent_pixels_lie_on_white(opacity: int) -> None:
    rng = np.random.default_rng(2)
    pixels = np.zeros((40, 40, 4), dtype=np.uint8)
    pixels[..., 3] = np.where(rng.random((40, 40)) < 0.5, opacity, 255)
    expected = np.where(pixels[..., 3] == 255, 0, 255 - opacity)
    small = with_palette(pixels)
    np.testing.assert_array_equal(read(small)[..., 0], expected)
