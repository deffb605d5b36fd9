"""The checks of the gate: each is given what it needs as arrays, and gives its figure beside its bound."""
