"""The ground: errors and reasons, the log, options, addresses, signals."""
