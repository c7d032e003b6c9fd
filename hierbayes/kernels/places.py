"""Where compiled kernels are kept between sessions."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import numba
import platformdirs

from hierbayes.caches import folder_for


def cache_folder() -> Path | None:
    """The folder of compiled kernels: numba's where the user has set one, or our own; None if none can be.

    What may not be written is replaced by a folder for temporary files, and a warning says so.
    """
    given = numba.config.CACHE_DIR
    return folder_for(
        Path(given) if given else _of_user(), "Compiled kernels", "NUMBA_CACHE_DIR", copied=not given
    )


@cache
def _of_user() -> Path:
    """A folder of the user's, one for each state of this package's source.

    numba looks only at the file of the function itself when it decides whether a cached one is stale, not at
    what that function calls in other files. Hence the fingerprint of all of them in the path.
    """
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return Path(platformdirs.user_cache_dir("hierbayes")) / f"kernels-{digest.hexdigest()[:16]}"
