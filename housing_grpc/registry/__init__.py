"""Where promoted models are kept, and how the server gets one.

`registry_source` looks by itself which version an alias names, and has a child process fetch it,
which is `fetch_child`: that one finds the version, brings its files (`download`), leaves the
verified bundle in the `cache`, and looks at the alias's `history`. Both ask a registry as
`without_mlflow` chooses: an MLflow server (`mlflow_server` over `mlflow_http`) or an SQLite file
(`mlflow_sqlite` over `sqlite_file`) without MLflow, whose import takes seconds. All others the
child asks with it (`mlflow_library`, after `allowed_address`). The admin side has its own questions
for such a server and such a file.
"""
