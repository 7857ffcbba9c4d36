"""Figures, measured anew from any data given: ``python -m nlp.evaluate <table> …``.

Each table is a module of this package with ``SUMMARY`` (a line for the help), ``arguments(parser)`` and ``run(arguments)``, which returns the
text of the table. A file put here is found by itself; ``figures`` is what they share.
"""
