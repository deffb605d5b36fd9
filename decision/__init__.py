"""The service: the pure engine, stores, journal, HTTP and the command line."""
