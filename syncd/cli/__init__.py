"""The command line: what an admin types, and what a program reads.

One document goes to standard output, everything that is said to a person to standard error. What a command needs is
imported inside it, so that help and completion answer at once.
"""

from syncd.cli.main import app, main

__all__ = ["app", "main"]
