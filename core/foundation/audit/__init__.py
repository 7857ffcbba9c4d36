"""Tamper evidence: the audit's entries in a Merkle tree (RFC 9162), its signed heads, their anchors outside, proofs, and the verifier."""
