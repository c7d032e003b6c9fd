"""A card's file in, a :class:`Card` out; every mistake is reported with its line."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from hierbayes.cards import keys
from hierbayes.cards.locate import Path as Place
from hierbayes.cards.records import SECTIONS, Card, CardData, CardModel, CardReport, CardSettings, Reference
from hierbayes.cards.shipped import find_card
from hierbayes.cards.source import Source, choose, read_source
from hierbayes.errors import FormulaError, HierbayesError

GIVEN = {
    dict: "a table",
    list: "a list",
    bool: "true or false",
    str: "text",
    int: "a number",
    float: "a number",
}
"""The types that TOML knows, in words."""


_LARGEST_FIGURE = 1e50


def load_card(path: str | os.PathLike[str]) -> Card:
    """Read and check a model card; no code of the card is run, because it has none.

    Parameters
    ----------
    path : str or path
        A TOML file in the format of ``models/README.md``; relative paths in it start from its folder. Where
        there is no such file, the name of a card that comes along, ``"exam"``: `list_cards` describes them.

    Returns
    -------
    Card
        A frozen record.

    Raises
    ------
    CardError
        The file is missing or not TOML, or a key is unknown, missing, or holds something that it cannot. The
        message names the file and the line, shows the line, and says what is allowed.

    Examples
    --------
    >>> import hierbayes as hb
    >>> card = hb.load_card("exam")
    >>> [model.name for model in card.models]
    ['m1', 'm2', 'm3', 'm4']
    """
    source = read_source(find_card(Path(path)))
    card = _table(source, (), "the card", source.raw)
    priors = card.get("priors", {})
    _check_priors(source, ("priors",), priors)
    return Card(
        title=card["title"],
        question=card["question"].strip(),
        path=source.path,
        data=_data(source, card["data"]),
        models=_models(source, card["model"], priors),
        settings=_settings(source, card.get("settings", {})),
        report=_report(source, card.get("report", {})),
    )


def _table(source: Source, place: Place, where: str, raw: dict[str, Any]) -> dict[str, Any]:
    allowed = keys.TABLES[where]
    for name, value in raw.items():
        at = (*place, name)
        if name not in allowed:
            raise source.key_error(at, f"{where} has no key {name!r}.", choose(name, allowed))
        key = allowed[name]
        _check_kind(source, at, key.kind, repr(name))
        if key.kind == "text" and not value.strip():
            raise source.value_error(at, f"{name!r} is empty.", "Write a text between the quotes.")
        if key.kind == "a whole number" and value < key.minimum:
            raise source.value_error(at, f"{name!r} must be at least {key.minimum}.", f"Given: {value}.")
    missing = [name for name, key in allowed.items() if key.required and name not in raw]
    if missing:
        names = ", ".join(map(repr, missing))
        raise source.key_error(place, f"{where} lacks {names}.", f"Add {missing[0]} = ..." + _needs(allowed))
    return raw


def _needs(allowed: Mapping[str, keys.Key]) -> str:
    required = ", ".join(name for name, key in allowed.items() if key.required)
    optional = ", ".join(name for name, key in allowed.items() if not key.required)
    return f" Needed: {required}." + (f" Optional: {optional}." if optional else "")


def _check_kind(source: Source, place: Place, name: str, label: str) -> None:
    value, kind = source.at(place), keys.KINDS[name]
    if not kind.accepts(value):
        given = GIVEN.get(type(value), "a date or time")
        hint = f"Given: {given}. Write it like this: {kind.example}."
        raise source.value_error(place, f"{label} must be {name}.", hint)
    if kind.element is not None:
        for part in value if isinstance(value, dict) else range(len(value)):
            what = f"item {part + 1}" if isinstance(part, int) else repr(part)
            _check_kind(source, (*place, part), kind.element, f"{what} of {label}")


def _data(source: Source, raw: dict[str, Any]) -> CardData:
    from hierbayes.datasets import DATA_SETS

    raw = _table(source, ("data",), "[data]", raw)
    if ("dataset" in raw) == ("file" in raw):
        problem = "has both dataset and file" if "file" in raw else "has neither dataset nor file"
        at: Place = ("data", "file") if "file" in raw else ("data",)
        hint = 'Keep one of them: dataset = "exam" for data that come along, file = "my.csv" for your own.'
        raise source.key_error(at, f"[data] {problem}.", hint)
    if "dataset" in raw:
        _check_name(source, ("data", "dataset"), "data set", DATA_SETS)
    file = source.path.parent / raw["file"] if "file" in raw else None
    if file is not None and not file.is_file():
        hint = f"Paths in a card start from the card's folder; looked for {file}."
        raise source.value_error(("data", "file"), f"there is no file {raw['file']!r}.", hint)
    missing = _missing(source, ("data", "missing"), raw.get("missing", CardData.missing))
    return CardData(raw.get("dataset"), file, raw.get("description", "").strip(), missing)


def _missing(source: Source, place: Place, raw: str | dict[str, str]) -> str | Mapping[str, str]:
    """Check the policies; whether the columns exist is known when the data are read."""
    from hierbayes.model import MISSING

    if isinstance(raw, dict):
        for column in raw:
            _check_kind(source, (*place, column), "text", f"{column!r} of 'missing'")
            _check_name(source, (*place, column), "policy for missing values", MISSING)
        return MappingProxyType(raw)
    if raw != CardData.missing:
        _check_name(source, place, "policy for missing values", MISSING)
    return raw


def _settings(source: Source, raw: dict[str, Any]) -> CardSettings:
    from hierbayes.plan import PARAMETERIZATIONS
    from hierbayes.sampling import SAMPLERS

    raw = _table(source, ("settings",), "[settings]", raw)
    for name, allowed in {"sampler": tuple(SAMPLERS), "parameterization": PARAMETERIZATIONS}.items():
        if name in raw:
            _check_name(source, ("settings", name), name, allowed)
    return CardSettings(**raw)


def _report(source: Source, raw: dict[str, Any]) -> CardReport:
    raw = _table(source, ("report",), "[report]", raw)
    for index in range(len(raw.get("show", ()))):
        _check_name(source, ("report", "show", index), "section", SECTIONS)
    return CardReport(**{name: tuple(values) for name, values in raw.items()})


def _models(source: Source, raw: list[dict[str, Any]], shared: Mapping[str, str]) -> tuple[CardModel, ...]:
    if not raw:
        hint = "Add a [[model]] with a name and a formula."
        raise source.key_error(("model",), "the card has no model.", hint)
    models: dict[str, CardModel] = {}
    for index, entry in enumerate(raw):
        model = _model(source, index, entry, shared)
        if model.name in models:
            hint = "Names tell the models apart in the report; give each its own."
            raise source.value_error(("model", index, "name"), f"two models are called {model.name!r}.", hint)
        models[model.name] = model
    return tuple(models.values())


def _model(source: Source, index: int, entry: dict[str, Any], shared: Mapping[str, str]) -> CardModel:
    from hierbayes.families import FAMILIES

    place: Place = ("model", index)
    raw = _table(source, place, "[[model]]", entry)
    _check_formula(source, (*place, "formula"), raw["formula"])
    family = raw.get("family", "gaussian")
    if "family" in raw:
        _check_name(source, (*place, "family"), "family", FAMILIES)
    if "link" in raw:
        _check_name(source, (*place, "link"), f"link of {family}", FAMILIES[family].links)
    for name in raw.get("parameters", {}):
        _check_parameter(source, (*place, "parameters", name), (family, FAMILIES[family].parameters))
    _check_priors(source, (*place, "priors"), raw.get("priors", {}))
    return CardModel(
        name=raw["name"],
        formula=raw["formula"],
        family=family,
        link=raw.get("link"),
        parameters=MappingProxyType(raw.get("parameters", {})),
        description=raw.get("description", "").strip(),
        priors=MappingProxyType({**shared, **raw.get("priors", {})}),
        reference=_reference(source, (*place, "reference"), raw),
    )


def _reference(source: Source, place: Place, model: Mapping[str, Any]) -> Reference | None:
    if "reference" not in model:
        return None
    raw = _table(source, place, "reference", model["reference"])
    allowed = (*keys.REFERENCE_PARAMETERS, *(f"b_{name}" for name in model.get("parameters", {})))
    for name in raw["figures"]:
        if name.partition("[")[0] not in allowed:
            hint = f'{choose(name, allowed)} Keys read as priors do: "sd[school][standLRT]".'
            raise source.key_error((*place, "figures", name), f"{name!r} is no figure of a model.", hint)
    for name, value in raw["figures"].items():
        if not abs(value) < _LARGEST_FIGURE:
            hint = f"Write a number below {_LARGEST_FIGURE:g} in size."
            raise source.value_error((*place, "figures", name), f"{name!r} is no figure of a model.", hint)
    figures = {name: float(value) for name, value in raw["figures"].items()}
    return Reference(raw["source"], MappingProxyType(figures))


def _check_name(source: Source, place: Place, kind: str, allowed: Collection[str]) -> None:
    given = source.at(place)
    if given not in allowed:
        raise source.value_error(place, f"{given!r} is not a known {kind}.", choose(given, allowed))


def _check_formula(source: Source, place: Place, formula: str) -> None:
    from hierbayes.formulas import parse_formula

    try:
        parse_formula(formula)
    except FormulaError as error:
        raise source.error(source.inside(place, error.span), error.problem, error.hint) from None


def _check_parameter(source: Source, place: Place, family: tuple[str, Collection[str]]) -> None:
    from hierbayes.formulas.parts import parse_parameter, place_in_parameter

    name, (of, allowed) = str(place[-1]), family
    if name not in allowed:
        raise source.key_error(place, f"{name!r} is no parameter of {of}.", choose(name, allowed))
    text = source.at(place)
    try:
        parse_parameter(name, text)
    except FormulaError as error:
        span = place_in_parameter(name, text, error)
        raise source.error(source.inside(place, span), error.problem, error.hint) from None


def _check_priors(source: Source, place: Place, priors: Mapping[str, str]) -> None:
    from hierbayes.spec import parse_prior

    for name, text in priors.items():
        try:
            parse_prior(text)
        except HierbayesError as error:
            raise source.value_error(
                (*place, name), f"the prior of {name!r} cannot be read.", str(error)
            ) from None
