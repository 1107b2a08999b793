"""MLflow: runs, registered versions, aliases, and the embedded registry.

`client` opens MLflow, after `embedded_store` has set it up if it is this machine's own. `run_log`
and `pyfunc_logging` write what a training gave, while `run_locks` shows that the run goes on;
`registry` makes a version of it, and `promotion` promotes one.

`records` is what is asked of MLflow. `opening` has a file or a server asked without MLflow, whose
import takes seconds, where that is enough.
"""
