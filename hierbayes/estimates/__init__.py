"""What multilevel analysts ask of a fitted model, each answer with its posterior."""
