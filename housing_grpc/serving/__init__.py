"""Wires a server: from settings to pools, limits, routes and the gRPC endpoint.

`endpoint` puts the gRPC side together: `limits` and `tls` from the settings, `routes` from paths to
what answers, `listen` for the ports. `model_supply` does so for what brings models.
"""
