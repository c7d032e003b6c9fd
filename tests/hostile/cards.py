"""Cards with wrong bytes, wrong keys, wrong types and hostile values; and frames' files beside them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

import hierbayes as hb
from hierbayes.errors import CardError

CARDS = tuple(sorted((Path(__file__).parents[2] / "models").glob("*.toml")))
TEXTS = tuple(path.read_bytes() for path in CARDS)

SMALL = {
    "title": '"A title"',
    "question": '"How much?"',
    "data.dataset": '"exam"',
    "data.missing": '"drop"',
    "settings.draws": "100",
    "settings.seed": "1",
    "settings.sampler": '"nutpie"',
    "priors.sd": '"half_normal(1)"',
    "report.show": '["vpc"]',
    "model": '[{name = "m", formula = "normexam ~ standLRT + (1 | school)"}]',
}
"""The keys of a card, dotted, as TOML."""

VALUES = (
    *(
        "1",
        "-1",
        "0",
        "1.5",
        "nan",
        "inf",
        "true",
        '""',
        '" "',
        "[]",
        "{}",
        "[[]]",
        "[{}]",
        "{a = 1}",
        "9" * 30,
    ),
    *("9" * 5000, "1e999", "0x10", "1979-05-27", "07:32:00", "1979-05-27T00:32:00.999999-07:00", '["a", 1]'),
    *(
        '"/etc/passwd"',
        '"../../secret.csv"',
        '"\\u0000"',
        '"a\\u0000.csv"',
        '"."',
        '"/dev/null"',
        '"/"',
        '"~"',
    ),
    *("\"__import__('os').system('true')\"", '"{{7*7}}"', '"$(true)"', '"<script>"', '"\\U0001F600"'),
    *("'''\nx\n'''", '"' + "x" * 10_000 + '"', '"drop"', '"exam"', '"normal(0, 1)"', '["data", "vpc"]'),
    *('"y ~ x + (1 | g)"', '"y ~ "', '"gaussian"', "{sd = 1}", '{sd = "normal(0"}', "[" * 60 + "]" * 60),
    *("[" * 3000 + "]" * 3000, "{a = " * 900 + "1" + "}" * 900, '{"" = ""}', '{"a.b" = 1, "c\\nd" = "e"}'),
    *('[{name = "m", formula = "y ~ x"}, {name = "m", formula = "y ~ x"}]', '[{name = "m"}]', "[1]"),
    '[{name = "m", formula = "y ~ x", family = "poison", reference = {source = "s", figures = {x = 1}}}]',
    '[{name = "m", formula = "y ~ x", parameters = {sigma = "x"}, priors = {b = "flat("}, link = "log"}]',
    '[{name = "m", formula = "y ~ x", reference = {source = "s", figures = {"b[x]" = ' + "9" * 400 + "}}}]",
)
"""Values that a key may be given, as TOML."""

KEYS = (
    *SMALL,
    "a",
    "titel",
    "model.name",
    "data.file",
    "data",
    "settings",
    '"".x',
    '"é"',
    "data.missing.x",
    "x.y.z",
)


def _damaged(parts: tuple[bytes, list[tuple[int, int, bytes]]]) -> bytes:
    content, changes = parts
    for at, length, piece in changes:
        at = at % (len(content) + 1)
        content = content[:at] + piece + content[at + length :]
    return content


def _written(parts: tuple[dict[str, str], list[str], bool]) -> bytes:
    changed, dropped, headed = parts
    entries = {key: value for key, value in {**SMALL, **changed}.items() if key not in dropped}
    lines = [f"{key} = {value}" for key, value in entries.items()]
    return ("# a card\n" * headed + "\n".join(lines) + "\n").encode("utf-8", "surrogatepass")


_CHANGE = st.tuples(st.integers(0, 9_000), st.integers(0, 6), st.binary(max_size=4))
contents: st.SearchStrategy[bytes] = st.one_of(
    st.tuples(st.sampled_from(TEXTS), st.lists(_CHANGE, min_size=1, max_size=5)).map(_damaged),
    st.tuples(
        st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES), max_size=3),
        st.lists(st.sampled_from(KEYS), max_size=2),
        st.booleans(),
    ).map(_written),
    st.binary(max_size=200),
    st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")),
)
"""What stands in a file that is called a card."""


def read(content: bytes, folder: Path) -> Any:
    """Write and read a card; a refusal names the file, and the line where there is one."""
    path = folder / "card.toml"
    path.write_bytes(content)
    try:
        card = hb.load_card(path)
    except CardError as error:
        assert str(error).startswith(str(path)), error
        assert ", line " in str(error), error
        raise
    json.dumps([model.formula for model in card.models])
    return card
