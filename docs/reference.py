"""Pages of the reference, from the tables of what is public and the docstrings of what they name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sphinx.ext.napoleon import Config, NumpyDocstring

import hierbayes as hb
from hierbayes.fitted.registry import ESTIMATES, OF_MODELS, PLOTS, resolve
from hierbayes.plots.public import FUNCTIONS

_NAPOLEON = Config(napoleon_use_rtype=False, napoleon_numpy_docstring=True)
_FIT_FIRST = 1


def write_reference(folder: Path) -> None:
    """Write one page for each drawer of the public API."""
    folder.mkdir()
    pages: dict[str, tuple[str, Mapping[str, Callable[..., Any]], int]] = {
        "functions": ("Functions", {f"hb.{name}": getattr(hb, name) for name in _functions()}, 0),
        "model": (
            "Model",
            {f"model.{name}": method for name, method in _methods(hb.Model).items()}
            | {f"model.{name}": resolve(at) for name, at in OF_MODELS.items()},
            _FIT_FIRST,
        ),
        "fit": (
            "What a fit answers",
            {f"fit.{name}": resolve(at) for name, at in ESTIMATES.items()},
            _FIT_FIRST,
        ),
        "fit_plots": (
            "Pictures of a fit",
            {f"fit.plot.{name}": resolve(at) for name, at in PLOTS.items()},
            _FIT_FIRST,
        ),
        "plots": (
            "Pictures of data and of several fits",
            {f"hb.plot.{n}": resolve(at) for n, at in FUNCTIONS.items()},
            0,
        ),
    }
    for page, (title, entries, dropped) in pages.items():
        head = [title, "=" * len(title), ""]
        if page == "model":
            head += _entry("hb.Model", hb.Model, 0, kind="class")
        if page == "fit":
            head += _entry("hb.Fit", hb.Fit, 0, kind="class") + _entry("fit.save", hb.Fit.save, _FIT_FIRST)
        body = [line for name, called in entries.items() for line in _entry(name, called, dropped)]
        (folder / f"{page}.rst").write_text("\n".join(head + body), encoding="utf-8")


def _functions() -> list[str]:
    return [name for name in hb._PUBLIC if inspect.isfunction(getattr(hb, name))]


def _methods(of: type) -> dict[str, Callable[..., Any]]:
    return {
        name: method
        for name, method in vars(of).items()
        if inspect.isfunction(method) and not name.startswith("_")
    }


def _entry(name: str, called: Callable[..., Any], dropped: int, kind: str = "function") -> list[str]:
    """One entry: the signature as a user writes it, and the docstring."""
    signature = inspect.signature(called)
    kept = list(signature.parameters.values())[dropped:]
    plain = [each.replace(annotation=inspect.Parameter.empty) for each in kept]
    shown = str(signature.replace(parameters=plain, return_annotation=inspect.Signature.empty))
    text = str(NumpyDocstring(inspect.getdoc(called) or "", _NAPOLEON, what=kind))
    if dropped:
        text = _without_fit(text)
    return [
        f".. py:{kind}:: {name}{shown}",
        "",
        *(f"   {line}".rstrip() for line in text.splitlines()),
        "",
        "",
    ]


def _without_fit(text: str) -> str:
    """Leave out the description of the fit: it stands before the dot."""
    lines = text.splitlines()
    return "\n".join(
        line
        for line in lines
        if not line.startswith((":param fit:", ":type fit:", ":param model:", ":type model:"))
    )
