"""Calls: media passes from seat to seat without being decoded. `engine` says what an engine can do, `forwarding` does it with aiortc,
`protocol` is how other processes ask for it (light: a web process loads that alone), `node` is the process around an engine."""
