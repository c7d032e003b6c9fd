"""Plotly and bokeh draw the same pictures, with the same words around them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hierbayes.plots import caterpillar, chains, group_lines, shrinkage, vpc

PICTURES = {
    "shrinkage": (shrinkage.shrinkage_data, shrinkage.draw_shrinkage),
    "caterpillar": (caterpillar.caterpillar_data, caterpillar.draw_caterpillar),
    "group_lines": (group_lines.group_lines_data, group_lines.draw_group_lines),
    "vpc": (vpc.vpc_data, vpc.draw_vpc),
    "trace": (chains.trace_data, chains.draw_trace),
}


@pytest.fixture(scope="module")
def datasets(slopes: Any) -> dict[str, Any]:
    return {name: data(slopes) for name, (data, _) in PICTURES.items()}


def letters(text: str) -> str:
    """A text without the breaks of its lines."""
    return "".join(text.replace("<br>", " ").split())


@pytest.mark.parametrize("name", PICTURES)
def test_plotly_writes_title_and_caption_and_leaves_room_for_them(name: str, datasets: Any) -> None:
    data = datasets[name]
    figure = PICTURES[name][1](data, backend="plotly").get_viz("figure")
    assert figure.layout.title.text.startswith(f"<b>{data.attrs['title']}</b>")
    assert figure.layout.title.x == 0 and figure.layout.title.xanchor == "left"
    below = [note.text for note in figure.layout.annotations if note.yref == "paper" and note.yshift]
    assert [letters(text) for text in below] == [letters(data.attrs["caption"])]
    lines = 1 + figure.layout.title.text.count("<br>")
    assert figure.layout.margin.t > 18 * lines  # the panels begin below the text
    assert figure.layout.plot_bgcolor == "white"


@pytest.mark.parametrize("name", PICTURES)
def test_bokeh_writes_title_and_caption(name: str, datasets: Any, caplog: Any) -> None:
    from bokeh.document import Document

    data = datasets[name]
    layout = PICTURES[name][1](data, backend="bokeh").get_viz("figure")
    above, _, below = layout.children
    assert f">{data.attrs['title']}</div>" in above.text
    assert letters(data.attrs["caption"]) in letters(below.text)
    document = Document()
    document.add_root(layout)
    document.validate()
    assert caplog.records == []  # where bokeh says what it cannot draw


def test_points_and_widths_are_as_large_as_on_paper(slopes: Any, datasets: Any) -> None:
    data = datasets["shrinkage"].sel(term=["Intercept"])
    paper = shrinkage.draw_shrinkage(data, backend="none").viz["partial_pooling"]["mean"].item()
    figure = shrinkage.draw_shrinkage(data, backend="plotly").get_viz("figure")
    (drawn,) = [t for t in figure.data if t.mode == "markers" and np.size(t.marker.size) == 8]
    np.testing.assert_allclose(np.array(drawn.marker.size), np.sqrt(paper["size"]) * 100 / 72)


def test_an_area_ends_where_it_ends(datasets: Any) -> None:
    data = datasets["vpc"]
    figure = vpc.draw_vpc(data, backend="plotly").get_viz("figure")
    (area,) = [t for t in figure.data if t.fill == "tonexty"]
    assert np.isfinite(np.array(area.y, dtype=float)).all()
    assert min(area.x) >= float(data["lower"].item()) and max(area.x) <= float(data["upper"].item())


def test_bokeh_panels_that_share_an_axis_have_one_range(slopes: Any) -> None:
    pc = group_lines.group_lines(slopes, levels=["s8", "s7"], backend="bokeh")
    first, second = (pc.viz["plot"].sel(level=level).item() for level in ("s8", "s7"))
    assert first.y_range is second.y_range and first.x_range is second.x_range


def test_bokeh_traces_are_twice_as_wide_as_densities_in_every_row(datasets: Any) -> None:
    layout = chains.draw_trace(datasets["trace"], backend="bokeh").get_viz("figure")
    widths = {(column, plot.width) for plot, _, column in layout.children[1].children}
    assert widths == {(0, 253), (1, 507)}


def test_words_of_the_data_are_no_html(pupils: Any, make_fit: Any) -> None:
    tag = "<script>alert(1)</script>"
    renamed = pupils.assign(school=pupils["school"].replace({"s1": tag, "s2": "a & b"}))
    fit = make_fit("score ~ x + (1 | school)", renamed)
    figure = fit.plot.group_lines(levels=[tag], backend="plotly").get_viz("figure")
    assert any("&lt;script&gt;" in str(note.text) for note in figure.layout.annotations)
    assert not any("<script" in str(note.text) for note in figure.layout.annotations)
    axis = fit.plot.caterpillar(backend="plotly").get_viz("figure").layout.yaxis
    assert "a &amp; b" in axis.ticktext and "<script>" not in "".join(axis.ticktext)
