"""The gRPC server as the proxy sees it."""
