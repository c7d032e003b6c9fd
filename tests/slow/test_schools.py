"""Leave-one-group-out of Exam m2 from one fit against 65 fits, each without a school."""

import json

import numpy as np
import pytest
from tolerances import monte_carlo

from .schools import FORMULA, STORE, run

KEPT = json.loads(STORE.read_text())


@pytest.mark.sampling
def test_one_fit_gives_what_65_refits_gave(fit_of):
    fit = fit_of("exam", "m2")
    assert fit.spec.formula == KEPT["formula"] == FORMULA
    loo = fit.loo(unit="school")
    assert loo.n_bad == 0
    table = loo.pointwise
    assert table["level"].tolist() == KEPT["level"]
    assert table["n_rows"].tolist() == KEPT["n_rows"]
    for row, elpd, mcse in zip(table.itertuples(), KEPT["elpd"], KEPT["mcse"], strict=True):
        assert monte_carlo(row.elpd, elpd, row.mcse, mcse), (row, elpd, mcse)
    total = np.sqrt(np.square(KEPT["mcse"]).sum())
    assert monte_carlo(loo.elpd, sum(KEPT["elpd"]), loo.mcse, total)


@pytest.mark.slow
@pytest.mark.sampling
def test_the_refits_again():
    table = run().pointwise
    np.testing.assert_allclose(table["elpd"], KEPT["elpd"], rtol=1e-8)
