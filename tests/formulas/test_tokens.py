"""Tokens: kinds, spans and meanings; the spans tile the text but for white space."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hierbayes.errors import FormulaError
from hierbayes.formulas import tokens as tk
from hierbayes.formulas.source import Source
from hierbayes.formulas.terms import is_plain_name
from hierbayes.formulas.tokens import SYMBOLS, tokenize


def read(text: str) -> list[tuple[str, str, tuple[int, int]]]:
    return [(t.kind, t.value, t.span) for t in tokenize(Source(text))[1:-1]]


def test_a_formula_by_hand():
    assert read("use[Y] ~ I(age^2)") == [
        (tk.NAME, "use", (0, 3)),
        (tk.LABEL, "Y", (3, 6)),
        (tk.TILDE, "~", (7, 8)),
        (tk.NAME, "I", (9, 10)),
        (tk.OPEN, "(", (10, 11)),
        (tk.NAME, "age", (11, 14)),
        (tk.OPERATOR, "^", (14, 15)),
        (tk.NUMBER, "2", (15, 16)),
        (tk.CLOSE, ")", (16, 17)),
    ]


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_every_symbol_is_one_token_of_its_kind(symbol):
    assert read(f"a{symbol}b")[1] == (SYMBOLS[symbol], symbol, (1, 1 + len(symbol)))


@pytest.mark.parametrize(
    "name", ["a", "a.b", ".a", "_a", "a1", "größe", "年齢", "उम्र", "x.", "I", "__class__", "a..b"]
)
def test_plain_names(name):
    assert read(name) == [(tk.NAME, name, (0, len(name)))]


@pytest.mark.parametrize(
    ("text", "value"),
    [("`a b`", "a b"), ("`mother's`", "mother's"), ("`3rd`", "3rd"), (r"`a\`b`", "a`b"), (r"`a\\b`", "a\\b")],
)
def test_quoted_names(text, value):
    assert read(text) == [(tk.QUOTED_NAME, value, (0, len(text)))]


@pytest.mark.parametrize("text", ["0", "1", "2.5", ".5", "2.", "1e3", "1E-3", "1e+3"])
def test_numbers(text):
    assert read(text) == [(tk.NUMBER, text, (0, len(text)))]


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("[Y]", "Y"),
        ("[ Y ]", "Y"),
        ("[1]", "1"),
        ("[3+]", "3+"),
        ("[Not using]", "Not using"),
        ('["a]b"]', "a]b"),
        ("[ 'N' ]", "N"),
        (r'["a\"b"]', 'a"b'),
        ('[""]', ""),
    ],
)
def test_labels(text, label):
    assert read(f"y{text}")[1] == (tk.LABEL, label, (1, 1 + len(text)))


@pytest.mark.parametrize(
    ("text", "span", "problem"),
    [
        ("a $ b", (2, 3), "Formulas have no character `$`."),
        ("a − b", (2, 3), "Formulas have no character `−` (MINUS SIGN)."),
        ("a\x00b", (1, 2), "Formulas have no character U+0000."),
        ("a % b", (2, 3), "Formulas have no character `%`."),
        ("`a b", (0, 1), "This backquote is never closed."),
        ("y['a b]", (2, 3), "This quote is never closed."),
        ("``", (0, 2), "The backquotes are empty."),
        ("y[a", (1, 2), "This bracket does not enclose one label."),
        ("y['a' b]", (1, 2), "This bracket is not closed after the label."),
        ("a + ..", (4, 6), "`..` is not the name of a column."),
        ("1e400", (0, 5), "The number 1e400 is too large."),
    ],
)
def test_what_is_not_a_token(text, span, problem):
    with pytest.raises(FormulaError) as caught:
        tokenize(Source(text))
    assert (caught.value.span, caught.value.problem) == (span, problem)


@given(st.text(max_size=40))
def test_any_text_gives_tokens_that_tile_it_or_an_error(text):
    try:
        tokens = tokenize(Source(text))
    except FormulaError as error:
        assert 0 <= error.span[0] < error.span[1] <= len(text)
        return
    end = 0
    for token in tokens:
        assert text[end : token.span[0]].strip() == ""
        assert token.text == text[slice(*token.span)]
        end = token.span[1]
    assert end == len(text)


@given(st.text(min_size=1, max_size=20))
def test_a_plain_name_is_exactly_what_reads_as_one_name(text):
    try:
        tokens = read(text)
    except FormulaError:
        tokens = []
    assert is_plain_name(text) == (tokens == [(tk.NAME, text, (0, len(text)))])
