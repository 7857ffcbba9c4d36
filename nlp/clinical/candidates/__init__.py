"""Candidate diseases for the doctor from findings, age, sex, vital signs and simple laboratory values.

``inputs``    what the rules may ask for, and how a case fills it (unknown stays unknown)
``language``  the small language of conditions, and how one is evaluated
``rules``     the tables of ``knowledge/candidates``, checked, and the plain rule in Python: which rows hold, what they sum to
``model``     the same compiled to ONNX by ``python -m nlp.training.candidates``
``ranking``   grades and words for the doctor; its ``ranked`` is what others call
"""
