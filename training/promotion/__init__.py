"""How a model gets to where workers find it."""
