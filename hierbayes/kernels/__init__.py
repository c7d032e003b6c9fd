"""Log densities compiled once for all models, their gradients, and the draws of what was integrated out.

``coverage`` says which models; ``assemble`` and ``collapsed`` make the kernel of one. Importing this package
loads nothing.
"""
