"""The HTTP face, and the place where everything is put together."""
