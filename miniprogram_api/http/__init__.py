"""The HTTP face: one file a resource; a route turns a request into an order of the practice and its result into JSON. No rule lives here."""
