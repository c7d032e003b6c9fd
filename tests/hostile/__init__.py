"""What a user may hand over by mistake or in bad faith, drawn at random: frames, formulas, cards, files,
and fits of frames.

This folder mirrors no part of the package: each test goes through all of it from the front door. A case ends
in one of two ways, and `outcomes.outcome` says which: it works, without a warning, or it is refused by one
`HierbayesError` whose message can be read. Where a design is built, `frames.check_design` computes the same
matrix with pandas; what a fit answers is held to what it answers of the same rows in another order, of groups
that it has not seen, and after it was saved and loaded (`fits`).

The test suite draws a few cases of each kind. ``python -m tests.hostile --frames 10000 --formulas 10000
--cards 10000 --files 1000 --fits 1000 --keep`` draws as many as asked for, prints a table and keeps it in
``tests/slow/RESULTS.md``.
"""
