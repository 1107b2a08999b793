"""The data file: read, checked line by line, and made a dataset."""
