"""Describes all that the REST proxy answers, from the descriptors and their comments."""
