"""The page around the panels, and their axes, where plotly or bokeh draws in a browser."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hierbayes.plots.page import CAPTION_SIZE, GREY, INK, MUTED, SUBTITLE_SIZE, TITLE_SIZE, Canvas

if TYPE_CHECKING:
    from arviz_plots import PlotCollection

PIXELS = 1.25
"""Pixels of a letter for each point of its size, so that a line has as many letters as on paper."""

PANEL_TITLE, AXIS = 26, 62
"""Pixels for the titles above the panels, and for ticks and title of the axis below them."""

FONT = "Helvetica, Arial, sans-serif"


def _lines(text: str) -> str:
    return html.escape(text, quote=False).replace("\n", "<br>")


def plotly_page(pc: PlotCollection, page: Canvas) -> None:
    """Title and subtitle above, caption below; white panels with axes at the left and at the bottom.

    A template that the user has made plotly's default keeps its colours and letters.
    """
    import plotly.io

    figure: Any = pc.get_viz("figure")
    figure = getattr(figure, "figure", figure)
    below = (
        f"<span style='font-size:{SUBTITLE_SIZE * PIXELS:.1f}px;color:{MUTED}'>{_lines(page.subtitle)}</span>"
    )
    pc.add_title(
        f"<b>{_lines(page.title)}</b>" + (f"<br>{below}" if page.subtitle else ""),
        size=TITLE_SIZE * PIXELS,
        color=INK,
        x=0.0,
        xanchor="left",
        y=1.0,
        yanchor="top",
        pad={"t": 20, "l": 10},
    )
    figure.add_annotation(
        text=_lines(page.caption),
        xref="paper",
        yref="paper",
        x=0,
        y=0,
        xanchor="left",
        yanchor="top",
        xshift=-58,
        yshift=-AXIS + 4,
        align="left",
        showarrow=False,
        font={"size": CAPTION_SIZE * PIXELS, "color": MUTED},
    )
    figure.update_layout(
        margin={"t": 100 * page.top + PANEL_TITLE, "b": 100 * page.bottom + AXIS, "l": 68, "r": 36},
        modebar={"orientation": "v"},
    )
    if plotly.io.templates.default == "plotly":
        _plotly_style(figure)


def _plotly_style(figure: Any) -> None:
    figure.update_layout(plot_bgcolor="white", paper_bgcolor="white", font={"family": FONT, "color": INK})
    line = {"showline": True, "linecolor": GREY, "ticks": "outside", "tickcolor": GREY, "zeroline": False}
    for update, each in (
        (figure.update_xaxes, figure.select_xaxes),
        (figure.update_yaxes, figure.select_yaxes),
    ):
        update(**line)
        for axis in each():
            if axis.showgrid is None:
                axis.showgrid = False
            if axis.tickfont.size is None:
                axis.tickfont = {"size": 11, "color": MUTED}
            if axis.title.font.size is None:
                axis.title.font.size = 13
    for note in figure.layout.annotations:
        if str(note.xref).endswith("domain"):
            plotly_panel_title(note)


def plotly_panel_title(note: Any) -> None:
    """Move the title of a panel to its left edge, and make it bold."""
    text = str(note.text)
    note.update(x=0, xanchor="left", text=text if text.startswith("<b>") else f"<b>{text}</b>")


def bokeh_page(pc: PlotCollection, page: Canvas) -> None:
    """Title and subtitle above the grid, caption below it; panels without frame and minor ticks."""
    from bokeh.models import Div

    above = (
        f"<div style='font-weight:bold;font-size:{TITLE_SIZE * PIXELS:.1f}px;color:{INK}'>"
        f"{_lines(page.title)}</div><div style='font-size:{SUBTITLE_SIZE * PIXELS:.1f}px;color:{MUTED}'>"
        f"{_lines(page.subtitle)}</div>"
    )
    styles = {"text_align": "left", "font_family": FONT, "padding": "4px 0 0 10px"}
    pc.add_title(above, styles=dict(styles))
    below = (
        f"<span style='font-size:{CAPTION_SIZE * PIXELS:.1f}px;color:{MUTED}'>{_lines(page.caption)}</span>"
    )
    layout: Any = pc.get_viz("figure")
    layout.children.append(Div(text=below, styles=dict(styles)))
    grid = layout.children[1]
    grid.toolbar_location = "right"
    for plot in [child[0] for child in grid.children] if hasattr(grid, "children") else [grid]:
        _bokeh_style(plot)


def bokeh_widths(pc: PlotCollection, page: Canvas, ratios: Sequence[float]) -> None:
    """Widths of the columns of the grid, which arviz-plots gives to the wrong ones in its first row."""
    layout: Any = pc.get_viz("figure")
    for plot, _, column in layout.children[1].children:
        plot.width = round(100 * page.width * ratios[column] / sum(ratios))


def _bokeh_style(plot: Any) -> None:
    plot.outline_line_color = None
    plot.min_border_right = 20
    plot.grid.grid_line_color = None
    plot.title.text_font_style, plot.title.text_color = "bold", INK
    for axis in plot.axis:
        axis.axis_line_color = axis.major_tick_line_color = GREY
        axis.minor_tick_line_color = None
        axis.major_tick_in = 0
        axis.major_label_text_color = MUTED
        axis.axis_label_text_font_style = "normal"
        axis.axis_label_text_color = INK
