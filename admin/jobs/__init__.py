"""What the longer commands do: train, experiment, seed, upgrade.

`train` evaluates the pipeline, and `fit_and_export` fits it to every row, exports it and logs
it as the run's bundle.
"""
