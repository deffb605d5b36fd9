"""Experiments and the holdout: whether persons were divided as meant, and what each group earned more."""
