"""Guards of the server: each is marked in the code, and some test misses it when it is gone."""

from importlib import import_module
from pkgutil import iter_modules

from tests.chaos.guard import Guard

GUARDS: tuple[Guard, ...] = tuple(
    guard
    for room in iter_modules(__path__)
    for guard in import_module(f"{__name__}.{room.name}").GUARDS
)
