"""What the rpcs do: `service` has a method for each, `scorer` prices houses for all of them.

In the order of a call: `service`; for a stream `stream`, which reads its chunks through
`paced_reader`; then `scorer`. ModelInfo and ReloadModel end in `model_info`.
"""
