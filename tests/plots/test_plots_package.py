from __future__ import annotations

import io
import re
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

import hierbayes.plots
from hierbayes.errors import ArgumentTypeError, StorageError
from hierbayes.fitted.registry import PLOTS
from hierbayes.plots import caterpillar, save_png, to_png_bytes
from hierbayes.plots.style import styled

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def test_every_plot_has_its_two_halves() -> None:
    for name in PLOTS:
        assert callable(getattr(hierbayes.plots, f"{name}_data"))
        assert callable(getattr(hierbayes.plots, f"draw_{name}"))
    with pytest.raises(AttributeError, match="no attribute 'pie'"):
        _ = hierbayes.plots.pie


def test_importing_the_package_is_cheap() -> None:
    code = """if True:
        import sys, hierbayes.plots
        print(*[m for m in ("arviz_plots", "matplotlib", "xarray") if m in sys.modules])"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_png_is_written_and_the_figure_closed(slopes: Any, tmp_path: Path) -> None:
    before = dict(mpl.rcParams)
    path = tmp_path / "c.png"
    save_png(slopes.plot.caterpillar(backend="matplotlib"), path, dpi=50)
    assert path.read_bytes().startswith(SIGNATURE)
    assert plt.get_fignums() == []
    assert dict(mpl.rcParams) == before


def test_bytes_have_the_size_that_dpi_says(slopes: Any) -> None:
    pc = slopes.plot.ppc(backend="matplotlib")
    width, height = pc.get_viz("figure").get_size_inches()
    # Some libraries set it to "tight" when they are imported.
    with mpl.rc_context({"savefig.bbox": "standard"}):
        png = to_png_bytes(pc, dpi=50)
    assert struct.unpack(">II", png[16:24]) == pytest.approx((50 * width, 50 * height), abs=1)


def test_only_matplotlib_makes_png(slopes: Any) -> None:
    with pytest.raises(ArgumentTypeError, match="backend='matplotlib'"):
        save_png(slopes.plot.caterpillar(backend="none"), io.BytesIO())


def test_a_place_that_cannot_be_written_is_named(slopes: Any, tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "c.png"
    said = f"The picture could not be written to {path}: No such file or directory. Choose another place."
    with pytest.raises(StorageError, match=f"^{re.escape(said)}$"):
        save_png(slopes.plot.caterpillar(backend="matplotlib"), path, dpi=50)
    assert plt.get_fignums() == []


def test_labels_from_data_are_plain_text(pupils: Any, make_fit: Any) -> None:
    names = {"s1": "$x^", "s2": "<b>", "s3": "a_{$", "s4": "学校", "s5": "n" * 90}
    fit = make_fit("score ~ x + (1 | school)", pupils.assign(school=pupils["school"].replace(names)))
    for draw in (fit.plot.caterpillar, fit.plot.group_lines):
        assert to_png_bytes(draw(backend="matplotlib"), dpi=40).startswith(SIGNATURE)
    assert to_png_bytes(fit.plot.group_lines(facet=True, facets=8, backend="matplotlib"), dpi=40)


def test_every_plot_draws_with_matplotlib(binary: Any) -> None:
    for name in ("group_lines", "vpc", "trace", "rank", "ppc"):
        assert to_png_bytes(getattr(binary.plot, name)(backend="matplotlib"), dpi=40).startswith(SIGNATURE)
    assert to_png_bytes(binary.plot.ppc("bars", backend="matplotlib"), dpi=40).startswith(SIGNATURE)


def test_plots_can_be_drawn_from_several_threads(slopes: Any) -> None:
    data = caterpillar.caterpillar_data(slopes)

    def picture(_: int) -> bytes:
        return to_png_bytes(caterpillar.draw_caterpillar(data), dpi=40)

    with ThreadPoolExecutor(3) as pool:
        pictures = list(pool.map(picture, range(4)))
    assert len({len(p) for p in pictures}) == 1


def test_a_backend_that_turns_interactive_mode_on_while_drawing_keeps_it_on() -> None:
    before = mpl.is_interactive()
    try:
        mpl.interactive(False)
        with styled("matplotlib"):
            mpl.interactive(True)  # what Jupyter's backend does when the first figure loads it
        assert mpl.is_interactive()
        with pytest.raises(ZeroDivisionError), styled("matplotlib"):
            mpl.interactive(False)
            _ = 1 / 0
        assert not mpl.is_interactive()
    finally:
        mpl.interactive(before)
