"""The coordinates in which NUTS runs, and the way back to the reported posterior; NumPy only."""

from hierbayes.geometry.coordinates import (
    FORMS,
    PARTIAL,
    WEIGHTS,
    Block,
    Coordinates,
    GroupCoordinates,
    coordinates,
    is_real,
)
from hierbayes.geometry.couplings import Coupling, coarse_to_fine, couplings, zero_scores
from hierbayes.geometry.cutpoints import around_location
from hierbayes.geometry.easing import can_be_eased, eased_start
from hierbayes.geometry.recover import Pieces, cholesky_from_vine, coords, recover, reported
from hierbayes.geometry.rough import base_rate
from hierbayes.geometry.scales import scales

__all__ = [
    "FORMS",
    "PARTIAL",
    "WEIGHTS",
    "Block",
    "Coordinates",
    "Coupling",
    "GroupCoordinates",
    "Pieces",
    "around_location",
    "base_rate",
    "can_be_eased",
    "cholesky_from_vine",
    "coarse_to_fine",
    "coordinates",
    "coords",
    "couplings",
    "eased_start",
    "is_real",
    "recover",
    "reported",
    "scales",
    "zero_scores",
]
