"""The service: one collaborator for each kind of call, and what callers send and get back."""
