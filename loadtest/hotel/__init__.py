"""The hotel world: a simulated hotel group with a hidden response behaviour."""
