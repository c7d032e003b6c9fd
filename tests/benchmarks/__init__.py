"""The benchmark: hierbayes beside bambi, a plain PyMC model and R's tools, on one machine in one run.

    uv run --group bench python -m tests.benchmarks --help

Every run is a process of its own (``worker``, or an R script) that answers with JSON; ``runner`` keeps what
it answered in results.json as soon as it is there, and ``tables`` turns that into RESULTS.md. Nothing here is
a test.
"""
