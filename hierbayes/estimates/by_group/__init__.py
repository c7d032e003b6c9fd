"""Each group: effects, coefficients, shrinkage, ranks."""
