"""The bundle: a fitted model as one immutable folder, and how it predicts.

`format` reads and verifies a folder (`files`, `digest`, `signature`, `metadata`); `model` loads it
(`preprocess`, and `regressor`, or `onnx` for one of format 1) and predicts with `native_evaluator`
or `numpy_evaluator`. With the `parts` that a bundle may have it also says how sure its prices are,
how unusual a house is, and (`explainer`) what made a price; `golden_rows` are answered at load.
The `extension` in C also reads the rows of requests and sums rows up, for `houses`, as one
extension is enough. Needs numpy and msgspec, and imports nothing of this project but itself, so
that a copy of it can travel with a registered model.
"""
