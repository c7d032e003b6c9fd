"""Tests. A package, so that ``python -m tests.benchmarks`` finds this one and no library's."""
