"""What the rpcs do: `service` has a method for each, `scorer` prices houses for all of them.

What reaches `service` is decoded already: `serving.routes` gives each method its reader of
`houses.decode`, which `calls` runs first. In the order of a call: `service`; for a stream `stream`,
which reads its chunks through `paced_reader`; then `scorer`, whose evaluations
`evaluation_watchdog` times. ModelInfo and ReloadModel end in `model_info`.
"""
