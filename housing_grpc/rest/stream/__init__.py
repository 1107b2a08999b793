"""PredictStream over HTTP: a house a line in, a price a line out."""
