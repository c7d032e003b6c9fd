# ruff: noqa: E501
"""Texts that are nearly formulas: pieces of the grammar in any order, mutated formulas, deep and long ones."""

from __future__ import annotations

from hypothesis import strategies as st

import hierbayes as hb
from hierbayes.formulas import parse_formula

PIECES = (
    *(
        "y",
        "x",
        "g",
        "h",
        "z",
        "`a b`",
        "``",
        "`",
        "1",
        "0",
        "2.5",
        "1e999",
        ".",
        "..",
        "...",
        "Intercept",
        "NA",
    ),
    *("+", "-", "*", ":", "/", "^", "**", "%in%", "%%", "|", "||", "&", "!", "~", "==", "<", ">=", "=", ","),
    *("(", ")", "((", "))", "[", "]", "{", "}", "[Y]", " ", "\n", "\t", "\0", "\r", "\ud800", "\u202e", "😀"),
    *(
        "I(",
        "log(",
        "scale(",
        "poly(",
        "ns(",
        "bs(",
        "cut(",
        "factor(",
        "ordered(",
        "C(",
        "offset(",
        "wb(",
        "c(",
    ),
    *("gr(", "by =", "weights(", "trials(", "cens(", "trunc(", "lb =", "se(", "cbind(", "df =", "raw = TRUE"),
    *(
        '"a"',
        "'a'",
        '"',
        "'",
        "\\",
        "#",
        ";",
        "$",
        "@",
        "x.__class__",
        "__import__('os')",
        "lambda",
        "(1 | g)",
    ),
    *(
        "__class__",
        "__init__",
        "`__dict__`",
        "x.__globals__",
        "\u200f",
        "\u2066",
        "\u2069",
        "\ufeff",
        "\u00a0",
    ),
    *("(1 + x | g)", "(x || g/h)", "(1 |c| g)", "y ~ x", "² ", "−", "9" * 50, "x" * 300),
)
"""What formulas are made of, and what they are not."""

WHOLE = (
    "y ~ x + (1 | g)",
    "y ~ x*z + I(x^2) + (1 + x | g/h)",
    "log(y) ~ poly(x, 2) + wb(z, g) + (x || g:h)",
    "y | weights(z) + trunc(lb = 0) ~ cut(x, c(0, 1)) + (1 | gr(g, by = h))",
    "use[Y] ~ factor(h, ref = 'a') + offset(log(z)) + (0 + x |c| g)",
    "cbind(y, z) ~ (x + z + h)^2 - x:z + (1 | factor(g))",
)
"""Formulas that are right, for mutations."""


LONG = (
    ("y ~ ", "x + ", "x"),
    ("y ~ ", "x", ""),
    ("y ~ `", "a", "`"),
    ("y ~ ", "(", ")"),
    ("y ~ ", "9", ""),
    ("y ~ x", " ", "+ (1 | g)"),
    ("y ~ x", "\n", ""),
    ("", "~", ""),
    ("y ~ 'a", "\0", "'"),
    ("y ~ ", "\u202e", ""),
)
"""Beginning, what is repeated up to a megabyte, and end."""


def _nested(parts: tuple[str, str, int]) -> str:
    opening, inside, depth = parts
    return "y ~ " + opening * depth + inside + ")" * (depth * opening.count("("))


def _long(parts: tuple[tuple[str, str, str], int]) -> str:
    (first, piece, last), length = parts
    return first + piece * (length // len(piece)) + last


def _mutated(parts: tuple[str, list[tuple[int, int, str]]]) -> str:
    text, changes = parts
    for at, length, piece in changes:
        at = at % (len(text) + 1)
        text = text[:at] + piece + text[at + length :]
    return text


_PIECE = st.sampled_from(PIECES)
_PARTS = st.lists(_PIECE | st.characters(), max_size=25)
texts: st.SearchStrategy[str] = st.one_of(
    _PARTS.map("".join),
    _PARTS.map(lambda parts: "y ~ " + " ".join(parts)),
    st.tuples(_PARTS, _PARTS).map(lambda sides: " ".join(sides[0]) + " ~ " + " ".join(sides[1])),
    st.tuples(
        st.sampled_from(WHOLE),
        st.lists(st.tuples(st.integers(0, 200), st.integers(0, 4), _PIECE), min_size=1, max_size=4),
    ).map(_mutated),
    st.tuples(
        st.sampled_from(["(", "I(", "log(", "-(", "(x + ", "(1 | "]),
        _PIECE,
        st.integers(1, 3000) | st.just(10_000),
    ).map(_nested),
    st.tuples(
        st.sampled_from(["+ x", ":x", "*x ", "+ (1 | g)", "+ log(x)", "-1 "]), st.integers(1, 3000)
    ).map(lambda parts: "y ~ x " + parts[0] * parts[1]),
    st.text(max_size=60),
    st.tuples(st.sampled_from(LONG), st.integers(20_000, 1_000_000)).map(_long),
)
"""A text, at times a formula."""

DATA = {
    "y": [1.0, 2.0, 4.0, 3.0, 5.0, 2.5, 3.5, 1.5],
    "x": [0.5, 1.5, 2.0, 3.0, 1.0, 2.5, 0.1, 4.0],
    "z": [3.0, 1.0, 2.0, 2.0, 1.0, 4.0, 5.0, 1.0],
    "g": ["a", "a", "b", "b", "c", "c", "d", "d"],
    "h": ["p", "q"] * 4,
    "use": ["Y", "N", "N", "Y"] * 2,
    "a b": [1, 2, 3, 4, 5, 6, 7, 9],
}
"""Columns for what turns out to be a formula."""


def build(text: str) -> None:
    """Read a formula; what prints is the same formula; build its model."""
    formula = parse_formula(text)
    if "." not in text:
        assert parse_formula(str(formula)) == formula
    str(hb.Model(text, DATA))
