"""What is printed under a table of estimates."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd

from hierbayes.estimates.summarize import Table, describe_interval


def table() -> Table:
    frame = pd.DataFrame({"group": ["a", "b"], "mean": [0.123456, 2.0], "ess_bulk": [1234.56, 99.5]})
    frame.attrs.update(definition="a share " + "of a variance " * 10, notes=("first < second", "second"))
    return describe_interval(frame, "share", 0.9)


def test_text_under_the_rows(monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    assert (
        repr(table())
        == """  group   mean ess_bulk
0     a 0.1235     1235
1     b 2.0000      100

Definition: a share of a variance of a variance of a variance of a variance of a variance of a
  variance of a variance of a variance of a variance of a variance
Scale: share; 90 % equal-tailed intervals
Note: first < second
Note: second"""
    )


def test_text_follows_a_narrow_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "50")
    assert max(map(len, repr(table()).splitlines())) <= 50


def test_html_has_the_same_text_escaped():
    text = table()._repr_html_()
    assert text.index("</table>") < text.index("Definition: a share")
    assert "<p><small>Note: first &lt; second</small></p>" in text


def test_selections_keep_the_text_and_columns_are_series():
    selected = table().query("mean > 1")[["group", "mean"]]
    assert isinstance(selected, Table)
    assert selected.attrs == table().attrs
    assert type(table()["mean"]) is pd.Series
    assert isinstance(pickle.loads(pickle.dumps(table())), Table)
    assert repr(Table({"mean": [1.0]})) == "    mean\n0 1.0000"


def test_long_tables_are_cut_as_pandas_cuts_them():
    long = Table({"mean": np.arange(500.0)})
    assert len(repr(long).splitlines()) < 20
    assert "[500 rows x 1 columns]" in repr(long)
