"""What a command has done: train, experiment, seed, and the run that a bundle is logged with.

`train` evaluates the pipeline, and `bundle_run` fits it to every row, exports it and logs it.
"""
