"""The routes of the dialects that are spoken."""

from collections.abc import Callable, Collection, Iterator

from housing_grpc.base.dialects import INVOCATIONS, OIP, V1
from housing_grpc.rest.dialects import invocations, oip, v1
from housing_grpc.rest.dialects.live_model import LiveModel
from housing_grpc.rest.dialects.model_pages import ModelPages
from housing_grpc.rest.dialects.pricing import Pricing
from housing_grpc.rest.dialects.rows import Rows
from housing_grpc.rest.grpc.backend import Backend
from housing_grpc.rest.http.router import Route
from housing_grpc.rest.json.intake import Intake
from housing_grpc.rest.json.reader import Readers


def build(
    spoken: Collection[str], backend: Backend, intake: Intake, readers: Readers
) -> Iterator[Route]:
    """Gives the routes.

    Args:
        spoken: Names of the dialects.
        backend: The gRPC server.
        intake: Reads bodies.
        readers: Make messages of JSON.
    """
    most = intake.limits.list_entries
    live = LiveModel(backend)
    pages, pricing, rows = (
        ModelPages(backend, live, most),
        Pricing(backend, live),
        Rows(readers, most),
    )
    made: dict[str, Callable[[], Iterator[Route]]] = {
        OIP: lambda: oip.routes(pages, oip.Infer(pricing, intake, rows)),
        V1: lambda: v1.routes(pages, v1.Predict(pricing, intake, rows)),
        INVOCATIONS: lambda: invocations.routes(pages, invocations.Invoke(pricing, intake, rows)),
    }
    for name, routes in made.items():
        if name in spoken:
            yield from routes()
