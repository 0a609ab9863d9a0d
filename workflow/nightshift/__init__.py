"""nightshift: a night of machine-learning experiments on a table of cases and the transcripts of their calls."""

__version__ = "0.1.0"
