"""Wires a server: from settings to pools, limits, routes and the gRPC endpoint."""
