"""Reading a card: what comes out of a good one, and what every mistake is answered with."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

import hierbayes as hb
from hierbayes.cards import SECTIONS, CardSettings, build_models, keys, load_card
from hierbayes.errors import CardError

GOOD = """\
title = "Exams"
question = '''
Do schools differ?
'''

[data]
dataset = "exam"

[settings]
seed = 7
draws = 200

[priors]
sd = "half_normal(1)"

[[model]]
name = "m1"
formula = "normexam ~ 1 + (1 | school)"
priors = { sd = "exponential(2)", "b[x]" = "normal(0, 1)" }

[[model]]
name = "m2"
formula = "normexam ~ standLRT + (1 | school)"
description = "with intake"

[model.reference]
source = "lme4"
figures = { "b[standLRT]" = 0.5634, "sd[school]" = 0.3, "sigma" = 1 }

[report]
show = ["summary", "vpc"]
"""


@pytest.fixture
def write(tmp_path: Path):
    def _write(text: str) -> Path:
        path = tmp_path / "card.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return _write


def test_a_card_comes_out_as_written(write) -> None:
    card = load_card(write(GOOD))
    assert (card.title, card.question) == ("Exams", "Do schools differ?")
    assert card.data.dataset == "exam"
    assert card.data.source == "dataset:exam"
    assert card.settings == CardSettings(draws=200, seed=7)
    assert [m.name for m in card.models] == ["m1", "m2"]
    assert card.model("m2").description == "with intake"
    assert card.model("m2").family == "gaussian"
    assert card.model("m2").link is None
    assert card.report.show == ("summary", "vpc")
    reference = card.model("m2").reference
    assert reference is not None
    assert dict(reference.figures) == {"b[standLRT]": 0.5634, "sd[school]": 0.3, "sigma": 1.0}
    assert card.model("m1").reference is None


def test_priors_of_a_model_lie_over_those_of_the_card(write) -> None:
    card = load_card(write(GOOD))
    assert dict(card.model("m1").priors) == {"sd": "exponential(2)", "b[x]": "normal(0, 1)"}
    assert dict(card.model("m2").priors) == {"sd": "half_normal(1)"}


def card_with(name: str, text: str) -> str:
    line = f'parameters = {{ {name} = "{text}" }}'
    usable = GOOD.replace(', "b[x]" = "normal(0, 1)"', "")
    return usable.replace('description = "with intake"', f'{line}\ndescription = "with intake"')


def test_parameters_have_formulas_of_their_own(write) -> None:
    card = load_card(write(card_with("sigma", "~ sex + (1 | school)")))
    assert dict(card.model("m2").parameters) == {"sigma": "~ sex + (1 | school)"}
    assert dict(card.model("m1").parameters) == {}
    model = build_models(card)["m2"]
    assert model.spec.predictors[0].formula == "sigma ~ sex + (1 | school)"
    text = card_with("sigma", "~ sex").replace('"sigma" = 1', '"b_sigma[sex[M]]" = 0.05')
    reference = load_card(write(text)).model("m2").reference
    assert reference is not None
    assert reference.figures["b_sigma[sex[M]]"] == 0.05


@pytest.mark.parametrize(
    ("name", "text", "problem", "place", "advice"),
    [
        ("sgima", "~ sex", "'sgima' is no parameter of gaussian.", "sgima", "Did you mean 'sigma'?"),
        ("sigma", "s ~ sex", "The formula of sigma has a left side, `s`.", "s ~ sex", "Write `~ sex`."),
        ("sigma", "~ sex +", "`+` has nothing on its right.", '+"', "Name what follows it"),
        ("sigma", "~ sx", "The data have no column 'sx'", 'sx"', "Did you mean 'sex'?"),
    ],
)
def test_mistakes_in_a_parameters_formula(write, name, text, problem, place, advice) -> None:
    with pytest.raises(CardError) as caught:
        build_models(load_card(write(card_with(name, text))))
    message = str(caught.value)
    assert problem in message
    assert advice in message
    _, shown, caret, *_ = message.splitlines()
    assert shown[caret.index("^") :].startswith(place)


def test_a_card_cannot_be_changed(write) -> None:
    card = load_card(write(GOOD))
    with pytest.raises(FrozenInstanceError):
        card.title = "other"
    with pytest.raises(TypeError):
        card.models[0].priors["sd"] = "flat()"


def test_all_sections_are_shown_unless_chosen(write) -> None:
    assert load_card(write(GOOD.split("[report]")[0])).report.show == SECTIONS


def test_windows_line_ends_and_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "card.toml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert load_card(path).question == "Do schools differ?"
    path.write_bytes(GOOD.replace("\n", "\r\n").replace("draws", "drows").encode())
    with pytest.raises(CardError, match="line 11"):
        load_card(path)


def test_a_file_beside_the_card(tmp_path: Path) -> None:
    (tmp_path / "pupils.csv").write_text("x,y\n1,2\n")
    path = tmp_path / "card.toml"
    path.write_text(GOOD.replace('dataset = "exam"', 'file = "pupils.csv"'))
    data = load_card(path).data
    assert data.file == tmp_path / "pupils.csv"
    assert data.source == "pupils.csv"


@pytest.mark.parametrize("missing", ['"report"', '{ intake = "report" }'])
def test_missing_values_are_treated_alike_in_all_models(missing: str, tmp_path: Path) -> None:
    lines = [f"{k % 7},{k if k != 5 else ''},{k % 3}" for k in range(20)]
    (tmp_path / "pupils.csv").write_text("\n".join(["score,intake,school", *lines]))
    path = tmp_path / "card.toml"
    path.write_text(
        f"""
title = "a"
question = "b"
data = {{ file = "pupils.csv", missing = {missing} }}
model = [
  {{ name = "m1", formula = "score ~ 1 + (1 | school)" }},
  {{ name = "m2", formula = "score ~ intake + (1 | school)" }},
]
"""
    )
    models = build_models(load_card(path))
    assert models["m1"].messages == ()
    assert models["m2"].messages == (
        "1 of 20 rows dropped: missing values in intake (1: row 6) (the first row is row 1)",
    )


MISTAKES = {
    "unknown key": (('description = "with', 'descripton = "with'), 24, ["descripton", "'description'"]),
    "unknown table": (("[report]", "[reprot]"), 30, ["reprot", "'report'"]),
    "unknown key of the root": (("title =", "titel ="), 1, ["titel", "'title'"]),
    "missing key": (('formula = "normexam ~ standLRT + (1 | school)"\n', ""), 21, ["lacks 'formula'"]),
    "missing question": (("question = '''\nDo schools differ?\n'''\n", ""), 1, ["lacks 'question'"]),
    "wrong type": (("seed = 7", 'seed = "7"'), 10, ["'seed' must be a whole number", "Given: text"]),
    "boolean is no number": (("seed = 7", "seed = true"), 10, ["true or false"]),
    "too few draws": (("draws = 200", "draws = 0"), 11, ["at least 1", "Given: 0"]),
    "one bracket": (
        ('[[model]]\nname = "m1"', '[model]\nname = "m1"'),
        ...,
        ["[[model]]"],
    ),
    "empty name": (('name = "m1"', 'name = " "'), 17, ["'name' is empty"]),
    "same name twice": (('name = "m2"', 'name = "m1"'), 22, ["two models are called 'm1'"]),
    "unknown data set": (('"exam"', '"exams"'), 7, ["'exams'", "'exam'", "contraception"]),
    "both sources": (('dataset = "exam"', 'dataset = "exam"\nfile = "a.csv"'), 8, ["both dataset and file"]),
    "no source": (('dataset = "exam"', ""), 6, ["neither dataset nor file"]),
    "missing file": (('dataset = "exam"', 'file = "a.csv"'), 7, ["no file 'a.csv'"]),
    "unknown policy": (
        ('dataset = "exam"', 'dataset = "exam"\nmissing = "eror"'),
        8,
        ["'eror' is not a known policy for missing values", "'error'"],
    ),
    "unknown policy of a column": (
        ('dataset = "exam"', 'dataset = "exam"\nmissing = { sex = "drop", age = "no" }'),
        8,
        ["'no' is not a known policy for missing values", "Allowed: drop, error, report."],
    ),
    "policy of a column as number": (
        ('dataset = "exam"', 'dataset = "exam"\nmissing = { age = 1 }'),
        8,
        ["'age' of 'missing' must be text"],
    ),
    "policy as number": (
        ('dataset = "exam"', 'dataset = "exam"\nmissing = 1'),
        8,
        ["'missing' must be text or a table of texts", 'or { age = "error" }'],
    ),
    "unknown section": (('"vpc"]', '"vcp"]'), 31, ["'vcp'", "'vpc'"]),
    "unknown family": (
        ('description = "with', 'family = "gausian"\ndescription = "with'),
        24,
        ["'gaussian'"],
    ),
    "unknown link": (
        ('description = "with', 'link = "logit"\ndescription = "with'),
        24,
        ["link of gaussian"],
    ),
    "unknown sampler": (("seed = 7", 'sampler = "nutpy"'), 10, ["'nutpie'"]),
    "unknown parameterization": (("seed = 7", 'parameterization = "centred"'), 10, ["'centered'"]),
    "prior": (('"half_normal(1)"', '"half_norml(1)"'), 14, ["prior of 'sd'", "half_normal"]),
    "prior of a model": (('"normal(0, 1)"', '"normal(0)"'), 19, ["prior of 'b[x]'"]),
    "prior as number": (('sd = "half_normal(1)"', "sd = 1"), 14, ["'sd' of 'priors' must be text"]),
    "section as number": (('"vpc"]', "1]"), 31, ["item 2 of 'show' must be text"]),
    "no such figure": (('"sigma" = 1', '"sgima" = 1'), 28, ["sgima", "'sigma'"]),
    "figure as text": (('"sigma" = 1', '"sigma" = "1"'), 28, ["'sigma' of 'figures' must be a number"]),
    "reference without source": (('source = "lme4"\n', ""), 26, ["lacks 'source'"]),
    "syntax": (("seed = 7", "seed ="), 10, ["this is not TOML"]),
    "open string": (('title = "Exams"', 'title = "Exams'), 1, ["this is not TOML"]),
    "open bracket at the end": (('"vpc"]', '"vpc"'), 31, ["this is not TOML"]),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_its_line(name: str, write) -> None:
    (old, new), line, parts = MISTAKES[name]
    assert GOOD.count(old) == 1, old
    path = write(GOOD.replace(old, new))
    with pytest.raises(CardError) as caught:
        load_card(path)
    message = str(caught.value)
    found = re.match(rf"{re.escape(str(path))}, line (\d+): (?s:.*?)\n    (.*)\n    ( *)\^+", message)
    assert found is not None, message
    number, shown = int(found.group(1)), found.group(2)
    assert path.read_text().splitlines()[number - 1] == shown
    if line is not ...:
        assert number == line, message
    for part in parts:
        assert part in message


def test_the_caret_of_a_formula_stands_under_its_mistake(write) -> None:
    text = GOOD.replace("standLRT + (1 | school)", "standLRT ~ (1 | school)")
    with pytest.raises(CardError) as caught:
        load_card(write(text))
    _, shown, caret, *_ = str(caught.value).splitlines()
    assert shown.strip().startswith("formula =")
    assert shown[caret.index("^") :].startswith("~")


def test_the_caret_of_a_formula_with_escapes_covers_the_text(write) -> None:
    text = GOOD.replace("standLRT + (1 | school)", "\\u0078 ~ (1 | school)")
    with pytest.raises(CardError) as caught:
        load_card(write(text))
    _, shown, caret, *_ = str(caught.value).splitlines()
    assert shown[caret.index("^") :].startswith('"normexam')


def test_a_model_that_does_not_fit_the_data_is_shown_in_the_card(write) -> None:
    path = write(
        GOOD.replace("standLRT + (1 | school)", "standlrt + (1 | school)").replace(
            ', "b[x]" = "normal(0, 1)"', ""
        )
    )
    with pytest.raises(CardError) as caught:
        hb.fit_card(path)
    first, shown, caret, *rest = str(caught.value).splitlines()
    assert "line 23" in first
    assert shown[caret.index("^") :].startswith("standlrt")
    assert "'standLRT'" in " ".join(rest)


def test_a_prior_for_nothing_names_the_model(write) -> None:
    with pytest.raises(CardError, match=r"line 16: model 'm1' cannot be built") as caught:
        hb.fit_card(write(GOOD))
    assert "b[x]" in str(caught.value)


@pytest.mark.parametrize("text", ["", "model = []\n", 'title = "a"\nquestion = "b"\ndata = {}\nmodel = []\n'])
def test_a_card_without_models(text: str, write) -> None:
    with pytest.raises(CardError):
        load_card(write(text))


def test_an_empty_list_of_models_is_named(write) -> None:
    text = 'title = "a"\nquestion = "b"\nmodel = []\n[data]\ndataset = "exam"\n'
    with pytest.raises(CardError, match="line 3: the card has no model"):
        load_card(write(text))


def test_files_that_are_no_card(tmp_path: Path) -> None:
    (tmp_path / "exam.toml").write_text(GOOD)
    with pytest.raises(CardError, match=r"no model card .*exan.toml.*Did you mean .*exam.toml"):
        load_card(tmp_path / "exan.toml")
    with pytest.raises(CardError, match=r"is a directory.*exam.toml"):
        load_card(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b'title = "a"\nquestion = "\xe9"\n')
    with pytest.raises(CardError, match="line 2: byte 0xe9 is not UTF-8"):
        load_card(tmp_path / "latin.toml")
    (tmp_path / "binary.toml").write_bytes(bytes(range(32)))
    with pytest.raises(CardError, match="not TOML"):
        load_card(tmp_path / "binary.toml")


def test_long_lines_are_cut_around_the_mistake(write) -> None:
    text = GOOD.replace(
        "standLRT + (1 | school)", " + ".join(f"column{i}" for i in range(60)) + " ~ (1 | school)"
    )
    with pytest.raises(CardError) as caught:
        load_card(write(text))
    _, shown, caret, *_ = str(caught.value).splitlines()
    assert len(shown) < 120
    assert shown[caret.index("^") :].startswith("~")


def test_every_key_is_documented() -> None:
    readme = Path(__file__).parents[2].joinpath("models", "README.md").read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| `([\w.]+)` \|", readme, flags=re.MULTILINE))
    cards = {row for row in rows if row.endswith(".toml")}
    assert cards == {path.name for path in (Path(__file__).parents[2] / "models").glob("*.toml")}
    documented = rows - cards
    assert documented == {name for table in keys.TABLES.values() for name in table} | set(SECTIONS)


def test_the_card_in_the_readme_can_be_read(tmp_path: Path) -> None:
    readme = Path(__file__).parents[2].joinpath("models", "README.md").read_text(encoding="utf-8")
    example = re.search(r"```toml\n(title.*?)```", readme, flags=re.DOTALL)
    assert example is not None
    (tmp_path / "pupils.csv").write_text("score,intake,school\n1,2,3\n")
    (tmp_path / "card.toml").write_text(example.group(1))
    assert [m.name for m in load_card(tmp_path / "card.toml").models] == ["m1", "m2"]


def test_sections_are_those_of_the_report() -> None:
    from hierbayes.report.content.sections import SECTIONS as REPORTED

    assert tuple(REPORTED) == SECTIONS
