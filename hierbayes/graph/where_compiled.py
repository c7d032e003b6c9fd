"""Imported before PyTensor, which looks once for a folder to compile in."""

from __future__ import annotations

from hierbayes.caches import use_for_pytensor

use_for_pytensor()
