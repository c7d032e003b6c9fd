"""Where columns vary: the numbers are those of ``hb.describe_structure``."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import hierbayes as hb
from hierbayes.report.blocks import Blocks, Paragraph, Table
from hierbayes.report.content.varies import varies


def blocks_of(formula: str, data: object, family: str = "gaussian") -> Blocks:
    model = hb.Model(formula, data, family=family)
    return varies([hb.Fit(model.spec, model.design, None, {})])  # type: ignore[arg-type]


def rows_of(blocks: Blocks) -> dict[str, tuple[object, ...]]:
    (table,) = (block for block in blocks if isinstance(block, Table))
    return {row[0].text: row for row in table.rows}


def test_shares_are_intraclass_correlations() -> None:
    exam = hb.load_data("exam")
    rows = rows_of(blocks_of("normexam ~ standLRT + schgend + sex + (1 | school)", exam))
    found = hb.describe_structure(exam.assign(sex=(exam["sex"] == "M") * 1.0), "school").variation
    icc = found.set_index("variable")["icc"]
    for name in ("normexam", "standLRT", "sex"):
        assert rows[name][3].value == pytest.approx(icc[name], rel=1e-9)
        assert rows[name][1].text == "from row to row"
    assert rows["schgend"][1].text == "between groups of school alone"
    assert (rows["schgend"][3].value, rows["schgend"][2].text) == (1.0, "3")
    assert rows["sex"][0].note == "category"


def test_how_groups_are_arranged() -> None:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "y": rng.standard_normal(48),
            "school": np.repeat(["a", "b", "c", "d"], 12),
            "room": np.repeat([f"r{k}" for k in range(12)], 4),
            "town": np.tile(["t1", "t2", "t3"], 16),
        }
    )
    texts = [
        b.text
        for b in blocks_of("y ~ 1 + (1 | school) + (1 | room) + (1 | town)", frame)
        if isinstance(b, Paragraph)
    ]
    assert "Each group of room lies within one group of school (nested)." in texts
    assert "Every group of school occurs with every group of town (crossed)." in texts
    some = blocks_of("y ~ 1 + (1 | school) + (1 | town)", frame.iloc[2:])
    assert isinstance(some[0], Paragraph)
    crossed = blocks_of("y ~ 1 + (1 | school) + (1 | room)", frame.assign(room=np.roll(frame["room"], 2)))
    assert crossed[0] == Paragraph("Groups of school and room cross in part: 16 of 48 combinations occur.")


def test_a_model_without_groups_says_nothing() -> None:
    assert blocks_of("y ~ x", {"y": [1.0, 2.0, 4.0, 3.0], "x": [1.0, 3.0, 2.0, 5.0]}) == ()


def test_grouping_factors_may_be_functions_and_have_odd_names():
    rng = np.random.default_rng(1)
    frame = {"y": rng.normal(size=30), "x": rng.normal(size=30), "g": np.arange(30) % 5}
    shown = blocks_of("y ~ x + (1 | factor(g)) + (1 | `a b`)", {**frame, "a b": list("klm") * 10})
    said = [block.text for block in shown if isinstance(block, Paragraph)]
    assert "Every group of factor(g) occurs with every group of a b (crossed)." in said
