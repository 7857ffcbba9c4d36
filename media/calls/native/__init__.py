"""The same forwarding in a thread of C: `forwarder.c` does it, `build` compiles it where there is a compiler, `library` is the way in from Python,
`engine` is the python engine with its packets taken over. Without a compiler all of it is absent and the python engine carries the calls."""
