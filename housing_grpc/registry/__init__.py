"""Where promoted models are kept, and how the server gets one.

`registry_source` asks a child process, which is `fetch_child`: that one asks MLflow for the
version, brings its files (`download`, which asks `allowed_address` first), and leaves the verified
bundle in the `cache`.
"""
