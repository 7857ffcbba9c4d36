"""Encryption: suites, master keys, the key ring, sealed fields, and how keys are renewed or destroyed while the house is open."""
