"""What the longer commands do: train, experiment, seed, upgrade.

`train` evaluates the pipeline, and `final_fit` fits it to every row, exports it and logs it as the
run's bundle.
"""
