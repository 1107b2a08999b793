"""The REST proxy: the contract over HTTP and JSON, in a process of its own."""
