"""Where models are fitted: on this machine, or on a cluster."""

from ..base import options
from ..base.errors import UsageError
from ..base.options import Text


def scheduler_of(backend: Text, scheduler: Text) -> str | None:
    """Return the address of the Dask scheduler that --backend and --scheduler name.

    Args:
        backend: "local", which it is by default, or "dask".
        scheduler: Address.

    Returns:
        None for this machine.

    Raises:
        UsageError: The two do not go together.
    """
    name = options.given(backend, "--backend") or "local"
    address = options.given(scheduler, "--scheduler")
    if name not in ("local", "dask"):
        raise UsageError(f"--backend: {name!r} is not right; give local or dask")
    if name == "local" and address is not None:
        raise UsageError("--scheduler is for --backend dask; give both or neither")
    if name == "dask" and address is None:
        raise UsageError("--backend dask needs --scheduler ADDRESS, such as tcp://HOST:8786")
    return address
