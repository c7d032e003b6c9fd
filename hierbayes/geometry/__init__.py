"""The coordinates in which NUTS runs, and the way back to the reported posterior; NumPy only."""

from hierbayes.geometry.coordinates import WEIGHTS, Block, Coordinates, GroupCoordinates, coordinates, is_real
from hierbayes.geometry.couplings import Coupling, coarse_to_fine, couplings
from hierbayes.geometry.recover import Pieces, cholesky_from_vine, coords, recover, reported
from hierbayes.geometry.rough import base_rate
from hierbayes.geometry.scales import scales

__all__ = [
    "WEIGHTS",
    "Block",
    "Coordinates",
    "Coupling",
    "GroupCoordinates",
    "Pieces",
    "base_rate",
    "cholesky_from_vine",
    "coarse_to_fine",
    "coordinates",
    "coords",
    "couplings",
    "is_real",
    "recover",
    "reported",
    "scales",
]
