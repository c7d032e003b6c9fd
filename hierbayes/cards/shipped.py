"""The model cards that come along: in the package once it is installed, in ``models/`` of a checkout."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent
_FOLDERS = (_HERE / "models", _HERE.parents[1] / "models")


def shipped() -> dict[str, Path]:
    """Files of the cards that come along, by their names: ``{"exam": .../exam.toml, ...}``."""
    folder = next((each for each in _FOLDERS if each.is_dir()), _FOLDERS[0])
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def find_card(path: Path) -> Path:
    """A file that is there, else the card that comes along under this name, else the path as it is."""
    bare = path.name == str(path) and path.suffix in ("", ".toml")
    return shipped().get(path.stem, path) if bare and not path.exists() else path
