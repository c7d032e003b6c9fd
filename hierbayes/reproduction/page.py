"""The record in a report page, read as data: nothing of a page is run, and all of it may be hostile."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NoReturn

from hierbayes.errors import PageError
from hierbayes.report.record import FORMAT, MEDIA_TYPE

LARGEST = 500_000_000
"""Bytes of a page; ours have a few million."""

MOST = {"draws": 1_000_000, "tune": 1_000_000, "chains": 1_000, "seed": 2**64 - 1}
"""What a page may ask for: far more than anyone draws."""

ADVICE = "Write the page anew with fit.report(), or `hierbayes report`."


@dataclass(frozen=True)
class Recorded:
    """One model of a page: what was fitted, to which data, how, and what came of it.

    Attributes
    ----------
    name, formula, family, link : str
        As of the page; ``name`` is empty where there is one model.
    parameters, stated_priors, priors : mapping of str to str
        Formulas of parameters; priors that the user stated, and all priors.
    data : str or None
        What the page calls its data: a file, ``"dataset:exam"``, or None.
    fingerprint, draws : str
        Of data and draws.
    parts, figures : tuple of dict
        As of ``data_parts`` and ``monte_carlo.figures``.
    settings : mapping
        Of ``Model.fit``.
    versions : mapping of str to str
        With which the fit was made.
    rows, kept : int
        Rows of the data, kept draws of each chain.
    """

    name: str
    formula: str
    parameters: Mapping[str, str]
    family: str
    link: str
    stated_priors: Mapping[str, str]
    priors: Mapping[str, str]
    data: str | None
    fingerprint: str
    rows: int
    parts: tuple[Mapping[str, Any], ...]
    settings: Mapping[str, Any]
    versions: Mapping[str, str]
    kept: int
    draws: str
    figures: tuple[Mapping[str, Any], ...]


class _Scripts(HTMLParser):
    """The contents of the page's records."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag == "script" and dict(attrs).get("type") == MEDIA_TYPE
        if self._inside:
            self.found.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.found[-1] += data


def read_page(path: Path) -> tuple[Recorded, ...]:
    """The models of a report page.

    Raises
    ------
    PageError
        If the file cannot be read, is no report of hierbayes, or its record is damaged or asks for the
        impossible.
    """
    parser = _Scripts()
    try:
        parser.feed(_text(path))
        parser.close()
    except AssertionError as error:  # of declarations that are none
        raise PageError(f"{path} is not HTML: {error}. {ADVICE}") from None
    if len(parser.found) != 1:
        what = "no record" if not parser.found else f"{len(parser.found)} records"
        raise PageError(
            f"{path} has {what} of how it was made, where a report of hierbayes has one; pages of versions "
            f"before 0.1.0 have none. {ADVICE}"
        )
    try:
        raw = json.loads(parser.found[0], parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise PageError(f"The record in {path} is damaged: {str(error)[:100]}. {ADVICE}") from None
    if not isinstance(raw, dict) or raw.get("hierbayes") != "report":
        raise PageError(f"The record in {path} is not one of hierbayes. {ADVICE}")
    version: Any = raw.get("format")
    if not _is_count(version) or version < 1:
        raise PageError(f"The record in {path} has no format. {ADVICE}")
    if version > FORMAT:
        raise PageError(
            f"{path} was written by a later hierbayes: its record has format {version}, this version reads "
            f"format {FORMAT}. Install that version to repeat it."
        )
    models = raw.get("models")
    if not isinstance(models, list) or not models:
        raise PageError(f"The record in {path} has no models. {ADVICE}")
    return tuple(_model(path, k, entry) for k, entry in enumerate(models, 1))


def _text(path: Path) -> str:
    if path.is_dir():
        raise PageError(f"{path} is a directory. Give a page that fit.report() or `hierbayes report` wrote.")
    if not path.is_file():
        raise PageError(f"There is no page {path}.")
    try:
        if path.stat().st_size > LARGEST:
            raise PageError(f"{path} has {path.stat().st_size:,} bytes, more than a report has. {ADVICE}")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise PageError(f"{path} cannot be read: {error.strerror}. Check who may read it.") from None
    except UnicodeDecodeError:
        raise PageError(f"{path} is not UTF-8 text, which reports are. {ADVICE}") from None


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) < 100_000 and "\0" not in value


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


def _at_most(most: int) -> Callable[[Any], bool]:
    return lambda value: _is_count(value) and value <= most


def _or_none(accepts: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or accepts(value)


def _texts(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_text, [*value, *value.values()]))


def _rows(**keys: Callable[[Any], bool]) -> Callable[[Any], bool]:
    def accepts(value: Any) -> bool:
        return isinstance(value, list) and all(
            isinstance(row, dict) and all(name in row and check(row[name]) for name, check in keys.items())
            for row in value
        )

    return accepts


_FIGURE = {
    **dict.fromkeys(("section", "group", "parameter"), _is_text),
    **dict.fromkeys(("mean", "sd", "mcse_mean", "mcse_sd"), _or_none(_is_number)),
}
KEYS: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("name", "formula", "family", "link", "fingerprint", "draws"), _is_text),
    **dict.fromkeys(("parameters", "stated_priors", "priors", "versions"), _texts),
    **dict.fromkeys(("rows", "kept"), _is_count),
    "data": _or_none(_is_text),
    "parts": _rows(part=_is_text, digest=_is_text, mean=_or_none(_is_number), sd=_or_none(_is_number)),
    "settings": lambda value: isinstance(value, dict),
    "figures": _rows(**_FIGURE),
}
SETTINGS: dict[str, Callable[[Any], bool]] = {
    **{name: _at_most(most) for name, most in MOST.items()},
    **dict.fromkeys(("sampler", "parameterization", "route"), _is_text),
    "target_accept": lambda value: _is_number(value) and 0 < value < 1,
}


def _model(path: Path, place: int, raw: Any) -> Recorded:
    if not isinstance(raw, dict):
        raise PageError(f"Model {place} in the record of {path} is no table. {ADVICE}")
    for name, accepts in KEYS.items():
        if name not in raw or not accepts(raw[name]):
            raise PageError(f"Model {place} in the record of {path} has no usable {name!r}. {ADVICE}")
    settings = raw["settings"]
    for name, accepts in SETTINGS.items():
        if name not in settings or not accepts(settings[name]):
            limit = f" (at most {MOST[name]:,})" if name in MOST else ""
            raise PageError(
                f"Model {place} in the record of {path} has no usable setting {name!r}{limit}: "
                f"{str(settings.get(name))[:60]}. {ADVICE}"
            )
    kept = {name: raw[name] for name in KEYS}
    kept |= {"parts": tuple(raw["parts"]), "figures": tuple(raw["figures"])}
    return Recorded(**{**kept, "settings": {name: settings[name] for name in SETTINGS}})
