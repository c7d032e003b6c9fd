from __future__ import annotations

import pytest
from structures import CASES, small_frame

import hierbayes as hb


@pytest.fixture(scope="session", params=list(CASES))
def model(request: pytest.FixtureRequest) -> hb.Model:
    formula, family, link, priors = CASES[request.param]
    return hb.Model(formula, small_frame(), family=family, link=link, priors=priors)
