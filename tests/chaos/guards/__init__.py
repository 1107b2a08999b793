"""Guards of the server: each is marked in the code, and some test misses it when it is gone."""

from tests.chaos.guards import (
    access,
    admin,
    base,
    bundle,
    calls,
    challenger,
    feedback,
    houses,
    metrics,
    model,
    oip,
    receipts,
    registry,
    rest,
    services,
    serving,
    settings,
    workers,
)

GUARDS = tuple(
    guard
    for room in (
        access,
        admin,
        base,
        bundle,
        calls,
        challenger,
        feedback,
        houses,
        metrics,
        model,
        oip,
        receipts,
        registry,
        rest,
        services,
        serving,
        settings,
        workers,
    )
    for guard in room.GUARDS
)
