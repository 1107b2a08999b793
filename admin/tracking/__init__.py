"""MLflow: runs, registered versions, aliases, and the embedded registry."""
