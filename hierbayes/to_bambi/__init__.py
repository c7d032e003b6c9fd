"""Models of hierbayes as models of bambi."""
