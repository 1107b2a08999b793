"""Three services, of predictions, models and experiments: each has a method for each of its rpcs.

What reaches a method is decoded already: `serving.routes` gives each one of `prediction_service`
its reader of `houses.decode`, which `calls` runs first. Houses go on to `scorer`, whose evaluations
`evaluation_watchdog` times; those of a stream by way of `predict_stream`, which reads its chunks
from one of the `open_streams`, at the pace of `paced_reader`. What a call asks besides prices is
refused by `bundle_parts` if the model's bundle cannot tell it; `explainer` explains. ModelInfo and
ReloadModel read and write their messages with `model_messages`.
"""
