"""History import: customers, events and past decisions from files, row by row, as if they had been taken live."""
