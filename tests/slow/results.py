"""The one file where slow runs are written down: each run has a section of its own."""

from __future__ import annotations

from pathlib import Path

REPORT = Path(__file__).parent / "RESULTS.md"


def keep(title: str, text: str) -> None:
    """Write the section of that title anew, or at the end; the others stay as they are."""
    before = REPORT.read_text() if REPORT.exists() else ""
    sections = {part.partition("\n")[0]: part.strip() for part in f"\n{before}".split("\n# ")[1:]}
    sections[title] = f"{title}\n\n{text.strip()}"
    REPORT.write_text("\n\n".join(f"# {part}" for part in sections.values()) + "\n")
