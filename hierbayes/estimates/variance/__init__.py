"""How much groups differ: variances, shares of variance, and what columns explain."""
