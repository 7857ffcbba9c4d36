"""The value types that the practice and the language engine share.

Nothing here is heavy: no dictionary, no model, no numpy. ``core`` may import this package and no other part of ``nlp``.
"""
