"""Links and pictures of the texts of the repository lead somewhere."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEXTS = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in (
        ".",
        "models",
        "notebooks",
        "docs",
        "docs/guide",
        "tests/reference",
        "tests/slow",
        "tests/benchmarks",
    )
    for path in (ROOT / folder).glob("*.md")
)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_FENCE = re.compile(r"```.*?```", re.DOTALL)


def _anchors(text: str) -> set[str]:
    """Anchors of the headings, as sites that show Markdown make them."""
    heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("text", TEXTS)
def test_links_lead_somewhere(text):
    source = (ROOT / text).read_text(encoding="utf-8")
    lost = []
    for link in _LINK.findall(_FENCE.sub("", source)):
        if link.startswith(("https://", "http://", "mailto:")):
            continue
        place, _, anchor = link.partition("#")
        target = ROOT / text if not place else (ROOT / text).parent / place
        known = (
            _anchors(target.read_text(encoding="utf-8"))
            if target.suffix == ".md" and target.exists()
            else None
        )
        if not target.exists() or (anchor and known is not None and anchor not in known):
            lost.append(link)
    assert not lost


def test_pictures_of_the_readme_are_committed():
    """A picture that is there but ignored by git would be missing for everyone else."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert pictures
    assert set(pictures) <= set(tracked.splitlines())
