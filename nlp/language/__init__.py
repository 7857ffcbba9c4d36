"""Reads everyday Chinese: findings, long-standing conditions, measurements, the person, each with its place in the text."""
