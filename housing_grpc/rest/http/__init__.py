"""One HTTP request: where it goes, who may send it, and how it fails."""
