"""The pages for people, and what they are made of; all of it comes from this machine."""

import hashlib
import mimetypes
from collections.abc import AsyncIterator, Iterator, Mapping
from importlib.metadata import distribution
from importlib.resources import files
from pathlib import Path

from starlette.responses import Response, StreamingResponse

from housing_grpc.base.version import VERSION
from housing_grpc.rest.http.exchange import Exchange
from housing_grpc.rest.http.router import Endpoint
from housing_grpc.rest.json import writer

STATIC = Path(str(files("housing_grpc.rest"))) / "static"

_PART_BYTES = 64 * 1024
# Swagger UI styles its elements in place and draws its icons from data: addresses.
_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
_SAFE = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
# Files of Swagger UI by name, and where the package that carries them has them.
_SWAGGER = {
    "swagger-ui.css": "stylesheets/swagger-ui.css",
    "swagger-ui-bundle.js": "javascripts/swagger-ui-bundle.js",
}


def html(name: str) -> Endpoint:
    """Returns what answers with one page."""
    return _file(STATIC / name, _SAFE)


def home(routes: list[dict[str, str]]) -> Endpoint:
    """Returns what answers with the form, or, to a program, with what there is."""
    page = html("index.html")
    index = document(
        writer.encode(
            {
                "name": "House prices",
                "version": VERSION,
                # Clients of KServe's V1 protocol look for it here.
                "status": "alive",
                "docs": "/docs",
                "openapi": "/openapi.json",
                "health": "/health",
                "metrics": "/metrics",
                "routes": routes,
            }
        )
    )

    async def answer(exchange: Exchange) -> Response:
        chosen = page if _prefers_html(exchange.header(b"accept")) else index
        response = await chosen(exchange)
        response.headers["vary"] = "accept"
        return response

    return answer


def document(data: bytes) -> Endpoint:
    """Returns what answers with one JSON document that never changes."""

    async def answer(_exchange: Exchange) -> Response:
        return Response(data, media_type="application/json")

    return answer


def assets(root: str) -> Iterator[tuple[str, Endpoint]]:
    """Gives the path of each file of our own pages below a root, and what answers with it."""
    return _files(root, STATIC, {path.name: path.name for path in STATIC.iterdir()})


def swagger(root: str) -> Iterator[tuple[str, Endpoint]]:
    """The same for the files of Swagger UI, from the package that carries them."""
    # Found without importing it: its code is for MkDocs.
    folder = distribution("mkdocs-swagger-ui-tag").locate_file("mkdocs_swagger_ui_tag/swagger-ui")
    return _files(root, Path(str(folder)), _SWAGGER)


def _files(root: str, folder: Path, places: Mapping[str, str]) -> Iterator[tuple[str, Endpoint]]:
    headers = {**_SAFE, "cache-control": "no-cache"}
    for name, place in places.items():
        yield f"{root}/{name}", _file(folder / place, headers)


def _file(path: Path, headers: Mapping[str, str]) -> Endpoint:
    """Returns what answers with a file; read now, it takes no thread and no descriptor then."""
    data = path.read_bytes()
    tag = f'"{hashlib.sha256(data).hexdigest()}"'
    kind, _ = mimetypes.guess_type(path.name)

    async def answer(exchange: Exchange) -> Response:
        if tag in exchange.header(b"if-none-match"):
            return Response(status_code=304, headers={**headers, "etag": tag})
        # In parts, of which no more are in memory than the caller takes.
        return StreamingResponse(
            _parts(data),
            headers={**headers, "etag": tag, "content-length": str(len(data))},
            media_type=kind,
        )

    return answer


async def _parts(data: bytes) -> AsyncIterator[memoryview]:
    for start in range(0, len(data), _PART_BYTES):
        yield memoryview(data)[start : start + _PART_BYTES]


def _prefers_html(accept: str) -> bool:
    """Whether HTML is asked for by name, and not less than JSON."""
    quality = {"text/html": 0.0, "application/json": 0.0}
    for entry in accept.lower().split(","):
        kind, *parameters = (part.strip() for part in entry.split(";"))
        if kind in quality:
            given = [part[2:] for part in parameters if part.startswith("q=")]
            quality[kind] = _number(given[0]) if given else 1.0
    return quality["text/html"] > 0 and quality["text/html"] >= quality["application/json"]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
