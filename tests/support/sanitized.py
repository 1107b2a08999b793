"""A plugin of pytest: the functions in C as tools/sanitize.sh builds them, not as installed."""

import os
import sys
from importlib.util import module_from_spec, spec_from_file_location

_NAME = "housing_grpc.bundle._native"

_spec = spec_from_file_location(_NAME, os.environ["SANITIZED_NATIVE"])
assert _spec is not None
assert _spec.loader is not None
_module = module_from_spec(_spec)
_spec.loader.exec_module(_module)
sys.modules[_NAME] = _module

# They hold for this process. One that tries a bundle has a limit of memory, less than they take.
for _variable in ("LD_PRELOAD", "PYTHONMALLOC"):
    os.environ.pop(_variable, None)
