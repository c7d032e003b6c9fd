"""Places of TOML keys and values: every span, read again, gives the key and the value that ``tomllib``
gave."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hierbayes.cards.locate import Path, locate

TRICKY = st.text(alphabet="ab \"'\\#=[]{},.\n\té", max_size=8)
SPACE = st.sampled_from(["", " ", "\t", "  "])
GAP = st.sampled_from(["", " ", "\n", " # a [comment] with 'quotes\n", "\n\n  "])


def basic(text: str) -> str:
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t"}
    return '"' + "".join(escapes.get(c, c) for c in text) + '"'


@st.composite
def strings(draw: st.DrawFn) -> str:
    text = draw(TRICKY)
    style = draw(st.sampled_from(["basic", "literal", "long basic", "long literal"]))
    if style == "literal" and not set("'\n") & set(text):
        return f"'{text}'"
    if style == "long literal" and "'''" not in text:
        return f"'''\n{text}'''"
    if style == "long basic":
        return '"""' + text.replace("\\", "\\\\").replace('"""', '""\\"') + '"""'
    return basic(text)


scalars = st.one_of(
    strings(),
    st.sampled_from(["1", "-2.5e3", "true", "nan", "1979-05-27 07:32:00", "0x1F", "1_000", "''", '""']),
)
names = st.one_of(st.sampled_from(["a", "b", "model", "x-1", "3"]), TRICKY.map(basic), st.just("'q.r'"))
keys = st.lists(names, min_size=1, max_size=3).map(" . ".join)


@st.composite
def arrays(draw: st.DrawFn, values: st.SearchStrategy[str]) -> str:
    items = draw(st.lists(values, max_size=3))
    comma = "," if items and draw(st.booleans()) else ""
    return "[" + ",".join(f"{draw(GAP)}{item}{draw(GAP)}" for item in items) + comma + draw(GAP) + "]"


@st.composite
def inline_tables(draw: st.DrawFn, values: st.SearchStrategy[str]) -> str:
    entries = draw(st.lists(st.tuples(keys, values), max_size=3))
    return "{" + ",".join(f" {key}{draw(SPACE)}={draw(SPACE)}{value} " for key, value in entries) + "}"


values = st.recursive(scalars, lambda inner: arrays(inner) | inline_tables(inner), max_leaves=6)


@st.composite
def documents(draw: st.DrawFn) -> str:
    lines = []
    for _ in range(draw(st.integers(1, 6))):
        header = draw(st.sampled_from(["", "", "[{}]", "[[{}]]", "[ {} ] # c"]))
        lines += [draw(SPACE) + header.format(draw(keys))] if header else []
        lines += [f"{draw(keys)} = {draw(values)}{draw(SPACE)}" for _ in range(draw(st.integers(0, 2)))]
        lines += draw(st.lists(st.sampled_from(["", "# comment = [[", "\t"]), max_size=1))
    text = "\n".join(lines)
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        assume(False)
    return text


def paths(value: Any, path: Path = ()) -> set[Path]:
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    return {path} - {()} | {deeper for key, child in children for deeper in paths(child, (*path, key))}


def at(document: Any, path: Path) -> Any:
    for part in path:
        document = document[part]
    return document


def same(a: Any, b: Any) -> bool:
    return repr(a) == repr(b)  # nan equals nan


@given(documents())
def test_spans_give_back_what_tomllib_read(text: str) -> None:
    document, places = tomllib.loads(text), locate(text)
    assert places.keys.keys() | places.values.keys() == paths(document)
    for path, (start, end) in places.values.items():
        assert same(tomllib.loads(f"v = {text[start:end]}")["v"], at(document, path))
    for path, (start, end) in places.keys.items():
        if not text.startswith("[", start):
            (name,) = tomllib.loads(f"{text[start:end]} = 1")
            assert name == path[-1]


@pytest.mark.parametrize(
    ("text", "path", "line"),
    [
        ("a = 1\nb = 2\n", ("b",), 2),
        ("[t]\n# c\nx = 1\n", ("t", "x"), 3),
        ("[[m]]\nn = 1\n[[m]]\nn = 2\n", ("m", 1, "n"), 4),
        ("[[m]]\n[m.p]\ns = 1\n[[m]]\n[m.p]\ns = 2\n", ("m", 1, "p", "s"), 6),
        ('a = """\nx\n"""\nb = 1\n', ("b",), 4),
        ("a = [\n 1,\n 2,\n]\n", ("a", 1), 3),
        ("a = { b = 1, c.d = 2 }\n", ("a", "c", "d"), 1),
        ("a = '''''' \nb.\"c d\" = 1", ("b", "c d"), 2),
    ],
)
def test_lines(text: str, path: Path, line: int) -> None:
    places = locate(text)
    assert places.line(places.key(path)[0]) == line


def test_a_missing_key_points_at_the_table_that_lacks_it() -> None:
    places = locate("[[m]]\nn = 1\n[[m]]\nn = 2\n")
    assert places.line(places.key(("m", 1, "formula"))[0]) == 3
    assert places.line(places.key(("title",))[0]) == 1
