"""`concierge bench`: how fast the kernels and the service are, each figure against something measured beside it."""
