"""Linear predictors, expected and new responses, and what columns do to them."""
