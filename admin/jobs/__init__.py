"""What a command has done: train, experiment, seed, and the run that a bundle is logged with."""
