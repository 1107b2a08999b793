"""How a call is carried, whatever it asks: admission, threads, deadlines, failures, health.

In the order of a call: `admission` lets it in; `call_pool` has a thread run it once its message is
there, which `grpcio_internals` finds out; `unary` serves it, from `parse` to the bytes of the
answer. A stream goes from admission to `streaming`, on a thread of its own that waits for its
messages. `call_end` ends a call that failed, and hears how each one ended. Nothing here knows what
a house is.
"""
