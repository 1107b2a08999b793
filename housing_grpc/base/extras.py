"""Parts that are installed only where they are asked for: the extras of the package."""

from importlib.util import find_spec


def install(extra: str) -> str:
    """Returns the command that installs an extra."""
    return f"pip install 'housing-grpc[{extra}]'"


def missing(extra: str, *modules: str, purpose: str) -> str | None:
    """Looks for an extra without importing it.

    Args:
        extra: Its name in pyproject.toml.
        *modules: Top-level modules that it brings.
        purpose: What needs it, such as "the REST proxy".

    Returns:
        None if all modules are there, or else one line for people, with the command that
        installs them.
    """
    for module in modules:
        if find_spec(module) is None:
            return f"{purpose} needs {module}, which is not installed: {install(extra)}"
    return None


def missing_for_rest() -> str | None:
    """Looks for what the REST proxy takes; as `missing`."""
    modules = ("starlette", "uvicorn", "mkdocs_swagger_ui_tag")
    return missing("rest", *modules, purpose="the REST proxy")
