"""Did sampling work, and what do the results lean on? A verdict in words, with what to do."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import xarray as xr

from hierbayes import names
from hierbayes.estimates.checks.boundary import boundary_findings
from hierbayes.estimates.checks.findings import Finding
from hierbayes.estimates.checks.influence import influence_findings
from hierbayes.estimates.summaries import summary
from hierbayes.estimates.summarize import label_rows, summarize
from hierbayes.fitted import registry
from hierbayes.fitted.record import Fit, once

R_HAT = 1.01
ESS_PER_CHAIN = 100
E_BFMI = 0.3


@dataclass(frozen=True)
class Verdict:
    """Whether the draws can be used.

    Attributes
    ----------
    ok : bool
        True when no finding is a problem.
    headline : str
        The verdict in a sentence.
    findings : tuple of Finding
        R-hat, effective sample sizes, divergences, energy, tree depth, completeness; then what to know of a
        posterior that was sampled well: parameters at an end of their range, priors that disagree with the
        data or move the results, rows that do. Those are never problems.
    table : DataFrame
        ``parameter, r_hat, ess_bulk, ess_tail`` of the worst parameters, group effects included.
    """

    ok: bool
    headline: str
    findings: tuple[Finding, ...]
    table: pd.DataFrame = field(repr=False)

    def __str__(self) -> str:
        marks = {"ok": "ok     ", "warning": "note   ", "problem": "PROBLEM", "skipped": "skipped"}
        lines = [self.headline]
        for finding in self.findings:
            advice = f" {finding.advice}" if finding.advice else ""
            said = names.legible(finding.what).replace("\n", " ")
            lines.append(f"  {marks[finding.level]}  {said}{advice}")
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return str(registry.resolve(registry.VERDICT_HTML)(self))


def check(fit: Fit) -> Verdict:
    """Judge convergence of all parameters and group effects, and say what the results lean on.

    Thresholds of convergence are those of Vehtari et al. (2021). What else is said, of parameters at an end
    of their range, of priors and of single rows (of 500 at most), does not change the verdict.

    Parameters
    ----------
    fit : Fit
        The fitted model.

    Returns
    -------
    Verdict
        A headline, one finding per check with what to do, and the worst parameters.

    References
    ----------
    Vehtari, A., Gelman, A., Simpson, D., Carpenter, B. and Bürkner, P.-C. (2021). Rank-normalization,
    folding, and localization: an improved R-hat. Bayesian Analysis 16, 667-718 (R-hat below 1.01, 100
    effective draws per chain). Betancourt, M. (2016). Diagnosing suboptimal cotangent disintegrations in
    Hamiltonian Monte Carlo (E-BFMI above 0.3). Kallioinen, N., Paananen, T., Bürkner, P.-C. and Vehtari, A.
    (2024). Detecting and diagnosing prior and likelihood sensitivity with power-scaling. Statistics and
    Computing 34, 57.

    Examples
    --------
    >>> print(fit.check().headline)
    The chains agree and the draws can be used.
    """
    table = diagnostics(fit)
    stats = fit.idata["sample_stats"].to_dataset()
    findings = [
        _r_hat(table),
        _ess(table, "ess_bulk", "centre", stats.sizes["chain"]),
        _ess(table, "ess_tail", "tails", stats.sizes["chain"]),
        _divergences(stats),
        _energy(stats),
        _tree_depth(stats),
    ]
    if fit.partial:
        made = stats.sizes["draw"]
        findings.append(
            Finding(
                "warning",
                f"Sampling was interrupted after {made} draws per chain.",
                made,
                "Fit again for a final answer.",
            )
        )
    findings += once(fit, "findings", lambda: (*boundary_findings(fit), *influence_findings(fit)))
    problems = sum(f.level == "problem" for f in findings)
    headline = "The chains agree and the draws can be used."
    if problems:
        noun = "check fails" if problems == 1 else "checks fail"
        headline = f"Do not use these draws yet: {problems} {noun}."
    worst = table.sort_values(["r_hat", "ess_bulk"], ascending=[False, True]).head(10).reset_index(drop=True)
    return Verdict(problems == 0, headline, tuple(findings), worst)


def diagnostics(fit: Fit) -> pd.DataFrame:
    """R-hat and effective sample sizes of every parameter and every group effect.

    Returns
    -------
    DataFrame
        Columns ``parameter, r_hat, ess_bulk, ess_tail``.
    """
    return once(fit, "diagnostics", lambda: _diagnostics(fit)).copy()


def _diagnostics(fit: Fit) -> pd.DataFrame:
    rows = summary(fit)
    labels = [
        name if not group else f"{group}: {name}"
        for group, name in zip(rows["group"], rows["parameter"], strict=True)
    ]
    frames = [pd.DataFrame({"parameter": labels}).join(rows[["r_hat", "ess_bulk", "ess_tail"]])]
    for group in fit.spec.all_groups:
        u = fit.posterior[names.u(group.name)]
        levels = label_rows(u)
        effects = [f"{group.name} {level}: {term}" for level, term in levels.itertuples(index=False)]
        numbers = summarize(u, tail=True)[["r_hat", "ess_bulk", "ess_tail"]]
        frames.append(pd.DataFrame({"parameter": effects}).join(numbers))
    return pd.concat(frames, ignore_index=True)


def _r_hat(table: pd.DataFrame) -> Finding:
    if table["r_hat"].isna().all():
        return Finding(
            "problem",
            "One chain alone cannot show convergence.",
            np.nan,
            "Sample at least 2 chains; 4 is usual.",
        )
    worst = table.iloc[int(table["r_hat"].argmax())]
    value = float(worst["r_hat"])
    if value <= R_HAT:
        return Finding("ok", f"Chains agree: the largest R-hat is {value:.3f} (at most {R_HAT}).", value)
    return Finding(
        "problem",
        f"Chains disagree on {worst['parameter']}: R-hat is {value:.3f} (at most {R_HAT}).",
        value,
        "Double draws and tune; if it stays, simplify the group terms or state tighter priors.",
    )


def _ess(table: pd.DataFrame, column: str, where: str, chains: int) -> Finding:
    least = ESS_PER_CHAIN * chains
    if table[column].isna().all():
        what = f"Too few draws to tell how many effective ones there are for the {where} (needs {least:,})."
        return Finding("problem", what, np.nan, "Raise draws.")
    worst = table.iloc[int(table[column].argmin())]
    value = float(worst[column])
    if value >= least:
        return Finding(
            "ok",
            f"Enough information about the {where}: at least {value:,.0f} effective draws (needs {least:,}).",
            value,
        )
    return Finding(
        "problem",
        f"Only {value:,.0f} effective draws for the {where} of {worst['parameter']} (needs {least:,}).",
        value,
        "Raise draws.",
    )


def _divergences(stats: xr.Dataset) -> Finding:
    count = int(stats["diverging"].sum())
    if count == 0:
        return Finding("ok", "No divergences.", 0)
    total = stats["diverging"].size
    return Finding(
        "problem",
        f"{count:,} of {total:,} draws diverged: parts of the posterior may be missing.",
        count,
        "Raise target_accept to 0.99, or state tighter priors for the standard deviations of groups.",
    )


def _energy(stats: xr.Dataset) -> Finding:
    energy = stats["energy"].transpose("chain", "draw").to_numpy()
    if energy.shape[1] < 3:
        return Finding("warning", "Too few draws to judge the energy of the chains.", np.nan, "Raise draws.")
    fractions = (np.diff(energy, axis=1) ** 2).mean(axis=1) / energy.var(axis=1)
    value = float(fractions.min())
    if value >= E_BFMI:
        return Finding(
            "ok",
            f"Chains explore the whole range of energies: smallest E-BFMI {value:.2f} (at least {E_BFMI}).",
            value,
        )
    return Finding(
        "problem",
        f"Chains explore energies slowly: E-BFMI is {value:.2f} (at least {E_BFMI}); tails may be missed.",
        value,
        "Try the other parameterization, or tighter priors for the standard deviations of groups.",
    )


def _tree_depth(stats: xr.Dataset) -> Finding:
    if "reached_max_treedepth" not in stats:
        return Finding("skipped", "Tree depth is not recorded by this sampler.", np.nan)
    share = float(stats["reached_max_treedepth"].mean())
    if share == 0:
        return Finding("ok", "No trajectory was cut short.", share)
    return Finding(
        "warning",
        f"{100 * share:.1f} % of trajectories were cut short: sampling is valid but slow.",
        share,
        "Rescale the columns.",
    )
