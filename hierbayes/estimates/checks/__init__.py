"""Can the draws, the priors and the model be trusted?"""
