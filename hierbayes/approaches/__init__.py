"""Complete pooling, dummies, one model per group and partial pooling, fitted alike and compared."""

from hierbayes.approaches.compare import pooling
from hierbayes.approaches.records import Pooling

__all__ = ["Pooling", "pooling"]
