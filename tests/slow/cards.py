"""Every model of every card under default settings: convergence, and the figures of its reference.

Run as ``python -m tests.slow.cards [CARD ...]``; writes ``cards.json`` and the table in ``RESULTS.md``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

import hierbayes as hb
from hierbayes.cards import build_models
from hierbayes.cards.records import Card, CardModel
from hierbayes.estimates.checks.convergence import diagnostics

from .results import keep

HERE = Path(__file__).parent
STORE = HERE / "cards.json"
CARDS = {path.stem: path for path in sorted((HERE.parents[1] / "models").glob("*.toml"))}
SEED = 2026

INSIDE_ONLY = ("the truth that the data were simulated from",)
"""Sources whose figures lie in the 95 % intervals, no more: the maximum of data is not at their truth."""

WEAK = ("remission",)
"""Data that say little, where a maximum need not be near the mean: in the 95 % intervals, no more."""


def tables(fit: hb.Fit) -> dict[str, Mapping[str, Any]]:
    """The rows of the posterior by the keys of figures."""
    found = {f"b[{row['term']}]": row for row in fit.fixef().to_dict("records")}
    for row in fit.varcorr().to_dict("records") if fit.spec.groups or fit.spec.scalars else []:
        group = row["group"]
        if group == "Residual":
            found["sigma"] = row
        elif row["parameter"] == "cor":
            found[f"cor[{group}]"] = row
        else:
            found[f"sd[{group}][{row['term']}]"] = row
            found.setdefault(f"sd[{group}]", row)
    if fit.spec.groups:
        found |= {f"vpc[{row['group']}]": row for row in fit.vpc().to_dict("records")}
    return found


def figures(card: Card, model: CardModel, fit: hb.Fit) -> dict[str, dict[str, float]]:
    """Each figure beside its posterior, and what is asked of it: ``limit`` posterior sds, and inside."""
    assert model.reference is not None
    rows = tables(fit)
    loose = model.reference.source in INSIDE_ONLY or card.path.stem in WEAK
    found = {}
    for key, value in model.reference.figures.items():
        row = rows[key]
        limit = 0.5 if key.startswith("b[") else 1.0
        found[key] = {
            "published": value,
            **{name: float(row[name]) for name in ("mean", "sd", "lower", "upper")},
            "limit": 1e9 if loose or key.startswith("cor[") else limit,
        }
    return found


def agrees(figure: Mapping[str, float]) -> bool:
    """Whether the figure lies in the 95 % interval, and as near to the mean as is asked."""
    inside = figure["lower"] <= figure["published"] <= figure["upper"]
    return inside and abs(figure["mean"] - figure["published"]) <= figure["limit"] * figure["sd"]


def run(name: str) -> dict[str, Any]:
    """All models of a card."""
    card = hb.load_card(CARDS[name])
    results = {}
    for model_name, model in build_models(card).items():
        fit = model.fit(seed=SEED, progress=False)
        worst = diagnostics(fit)
        results[model_name] = {
            "formula": card.model(model_name).formula,
            "parameters": len(worst),
            "r_hat": float(worst["r_hat"].max()),
            "ess_bulk": float(worst["ess_bulk"].min()),
            "ess_tail": float(worst["ess_tail"].min()),
            "divergences": int(fit.idata["sample_stats"]["diverging"].sum()),
            "seconds": float(fit.settings["seconds"]),
            "figures": figures(card, card.model(model_name), fit),
        }
    return results


def write(results: Mapping[str, Any]) -> None:
    """Keep results as data and as a table."""
    STORE.write_text(json.dumps(results, indent=1) + "\n")
    rows = []
    for card, models in results.items():
        for name, model in models.items():
            each = list(model["figures"].values())
            rows.append(
                {
                    "card": card,
                    "model": name,
                    "parameters": f"{model['parameters']:,}",
                    "R-hat": f"{model['r_hat']:.4f}",
                    "bulk ESS": f"{model['ess_bulk']:,.0f}",
                    "tail ESS": f"{model['ess_tail']:,.0f}",
                    "divergences": model["divergences"],
                    "figures": f"{sum(map(agrees, each))} of {len(each)}",
                    "seconds": f"{model['seconds']:.1f}",
                }
            )
    table = pd.DataFrame(rows)
    lines = [
        "Written by `python -m tests.slow.cards`; not edited by hand.",
        "",
        "Every model of every card under default settings (4 chains of 1,000 draws, seed 2026): largest",
        "R-hat, and least effective sample sizes, over all parameters and group effects; how many figures",
        "of the reference lie where they must: in the 95 % interval and within half a posterior sd of the",
        "mean (coefficients) or one (standard deviations, VPC). Correlations, the figures of `remission`,",
        "and truths of simulated data must lie in the interval. Seconds are of two cores that other work",
        "shared: they say how models compare, not how fast they are.",
        "",
        "| " + " | ".join(table.columns) + " |",
        "|---" * len(table.columns) + "|",
        *("| " + " | ".join(map(str, row)) + " |" for row in table.itertuples(index=False)),
    ]
    keep("Model cards", "\n".join(lines))


def main(names: list[str]) -> None:
    """Run some cards, or those that have no result yet."""
    for name in names or list(CARDS):
        results = json.loads(STORE.read_text()) if STORE.exists() else {}
        if names or name not in results:
            results[name] = run(name)
            write({card: results[card] for card in CARDS if card in results})
            for model, result in results[name].items():
                off = {key: figure for key, figure in result["figures"].items() if not agrees(figure)}
                print(name, model, {k: v for k, v in result.items() if k != "figures"}, off, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
