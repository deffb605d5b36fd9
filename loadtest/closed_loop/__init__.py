"""A month of the hotel group in a closed loop: what a policy shows decides what it can learn from."""
