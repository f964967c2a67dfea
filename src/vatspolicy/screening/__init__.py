"""Many profiles at once: a whole portfolio decided by a database, with the decisions of `evaluate`."""
