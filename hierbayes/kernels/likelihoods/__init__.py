"""The log density of one row, with its derivatives: one function for each family and link.

Each is ``row(at, eta, p, p_bar) -> (log density, d/d eta)``: what the row carries (``Row``), its linear
predictor, the family's own parameters in their order, and an array to which the derivatives in them are
added. What depends on the data alone is left to ``Family.log_constant``.
"""
