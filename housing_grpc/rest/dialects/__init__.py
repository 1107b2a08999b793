"""Protocols of other servers, each onto PredictBatch.

`oip`, `v1` and `invocations` are one codec each: paths, bodies, answers and the form of errors.
`rows` makes houses of what they read, with `csv_rows` and `tensors` for the forms that are no
JSON; `options` are what a caller may ask beside prices, `pricing` has them answered, and `outputs`
takes the numbers out of the answer. `live_model` knows which model is named. `routes` lists them.
"""
