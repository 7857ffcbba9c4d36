"""`huizhen …`: what an operator types."""
