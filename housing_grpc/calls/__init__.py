"""How a call is carried, whatever it asks: the gate, threads, deadlines, failures, health.

In the order of a call: `gate` lets it in, `message_arrival` and `call_pool` wait for its message,
`unary` or `streaming` runs it, `failure` ends it. Nothing here knows what a house is.
"""
