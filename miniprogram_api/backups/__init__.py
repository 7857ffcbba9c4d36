"""Snapshots of the house in two restic repositories, restoring them on an empty machine, and the drill that proves both."""
