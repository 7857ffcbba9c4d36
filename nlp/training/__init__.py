"""Repeats the training of each model from data paths. Nothing of this is loaded by a running house; requirements/training.txt lists what it needs."""
