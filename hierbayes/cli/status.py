"""Exit statuses of the command line."""

BAD_INPUT = 1
INTERRUPTED = 130
