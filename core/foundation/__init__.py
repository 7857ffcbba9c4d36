"""What every room of the practice stands on: one way to change anything, access, audit, keys, outbox, due work. It knows nothing of care."""
