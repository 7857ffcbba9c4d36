"""What was asked last and what an answer means now; from an understood message to a command and from its result to words. Runs in a worker."""
