"""How a call is carried, whatever it asks: the gate, threads, deadlines, failures, health.

In the order of a call: `gate` lets it in, `message_arrival` and `call_pool` wait for its message,
`unary` or `streaming` runs it within its `deadline`, `failure` ends it. `boundary` wraps nothing:
it parses requests, and hears how calls end. Nothing here knows what a house is.
"""
