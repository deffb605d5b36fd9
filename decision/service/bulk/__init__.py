"""Many decisions at once: batches, and the processes that weigh them."""
