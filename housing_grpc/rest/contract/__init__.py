"""What the descriptors and their comments say: the bindings of rpcs to HTTP."""
