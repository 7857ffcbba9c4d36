"""Calls to the platforms: async, timed, with typed errors that carry no address, token or secret."""
