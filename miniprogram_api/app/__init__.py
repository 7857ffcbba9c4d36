"""Composition: settings, processes and what runs in each. Only here are settings read."""
