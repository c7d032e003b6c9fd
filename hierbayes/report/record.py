"""What a page says to programs: all that it takes to fit its models again, and what to compare with."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from hierbayes.estimates.checks.monte_carlo import LABELS, figures
from hierbayes.fitted.identity import data_parts, draws_digest
from hierbayes.report.content.context import Shown
from hierbayes.report.content.provenance import exact, parameter_formulas, stated_priors

FORMAT = 1
"""Version of the layout of the record, raised when an older hierbayes could not read what is written now."""

MEDIA_TYPE = "application/json"
"""Of the element ``script`` that holds the record: no browser runs it."""

ASKED = ("draws", "tune", "chains", "seed", "sampler", "parameterization", "route", "target_accept")
"""Settings of ``Model.fit`` that the draws depend on."""


def page_record(shown: Sequence[Shown]) -> str:
    """The record of a page, as JSON without a sign that means anything in HTML.

    Parameters
    ----------
    shown : sequence of Shown
        The models of the page.
    """
    record = {"hierbayes": "report", "format": FORMAT, "models": [_model(item) for item in shown]}
    text = json.dumps(_finite(record), allow_nan=False)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _model(shown: Shown) -> dict[str, Any]:
    fit = shown.fit
    spec, settings, posterior = fit.spec, fit.settings, fit.posterior
    return {
        "name": shown.name,
        "formula": spec.formula,
        "parameters": parameter_formulas(spec),
        "family": spec.family,
        "link": spec.link,
        "stated_priors": stated_priors(spec),
        "priors": {entry.key: exact(entry.prior) for entry in spec.priors},
        "data": shown.file,
        "fingerprint": settings.get("fingerprint"),
        "rows": fit.design.n,
        "parts": data_parts(fit.design),
        "settings": {key: settings[key] for key in ASKED if key in settings},
        "versions": dict(settings.get("versions", {})),
        "kept": posterior.sizes["draw"],
        "draws": draws_digest(posterior),
        "figures": figures(fit).to_dict("records"),
    }


def _finite(value: Any) -> Any:
    """Without what JSON has no word for."""
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


__all__ = ["ASKED", "FORMAT", "LABELS", "MEDIA_TYPE", "page_record"]
