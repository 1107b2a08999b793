"""Houses: from the bytes of a request to rows, and from prices to the bytes of an answer."""
