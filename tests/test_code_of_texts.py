"""The Python code in README and guide runs as it stands there."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

import hierbayes as hb

ROOT = Path(__file__).parent.parent
PAGES = ("README.md", *sorted(f"docs/guide/{path.name}" for path in (ROOT / "docs/guide").glob("*.md")))
CONTRACEPTION = {"hypotheses.md", "predictions.md", "variance.md"}
"""Pages whose ``fit`` is of the contraception data."""


def blocks() -> list[Any]:
    """Every block of code with its page; those of the guide wait for the slow run."""
    found = []
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        for k, code in enumerate(re.findall(r"```python\n(.*?)```", text, re.DOTALL)):
            marks = [pytest.mark.slow] if page.startswith("docs") else []
            found.append(pytest.param(page, code, id=f"{Path(page).stem}-{k}", marks=marks))
    return found


def known(page: str, fit_of: Any) -> dict[str, Any]:
    """What the code of a page may use without making it."""
    exam, women = hb.load_data("exam"), hb.load_data("contraception")
    names: dict[str, Any] = {"hb": hb, "exam": exam, "df": women, "data": exam}
    name = Path(page).name
    if name == "comparison.md":
        names |= {f"m_0{k}": fit_of("contraception", f"m_0{k}") for k in range(1, 6)}
    elif name == "hypotheses.md":
        formula = "use ~ age*ch + I(age^2) + urban + (1 + urban | district)"
        names["fit"] = hb.fit(formula, women, family="bernoulli", seed=1, progress=False)
    elif name in CONTRACEPTION:
        names["fit"] = fit_of("contraception", "m_05")
    elif name == "priors.md":
        names |= {"formula": "normexam ~ standLRT + (1 + standLRT | school)", "fit": fit_of("exam", "m4")}
    return names


@pytest.mark.sampling
@pytest.mark.parametrize(("page", "code"), blocks())
def test_code_runs(
    page: str, code: str, fit_of: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from arviz_base import rc_context

    monkeypatch.chdir(tmp_path)
    with rc_context({"plot.backend": "none"}), redirect_stdout(io.StringIO()):
        exec(compile(code, page, "exec"), known(page, fit_of))
