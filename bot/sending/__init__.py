"""What the service says by itself: pick the channel, render, send, keep to the allowances. Runs in a worker."""
