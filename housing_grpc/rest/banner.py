"""What the proxy says when it is up."""

import json
import logging
from importlib.resources import files

from housing_grpc.base import address, log, standard_streams
from housing_grpc.rest.settings import Settings

_logger = logging.getLogger(__name__)


def log_serving(chosen: Settings, port: int) -> None:
    """Says in the log where it serves."""
    log.event(
        _logger, logging.INFO, "rest.serving",
        host=chosen.api_host, port=port, grpc_target=chosen.grpc_target,
    )  # fmt: skip


def tell(chosen: Settings, port: int) -> None:
    """Prints it for a person, who reads the log as text."""
    if chosen.log_format == "text":
        standard_streams.tell(text(chosen, port))


def text(chosen: Settings, port: int) -> str:
    """Returns a few lines: where everything is, and what to type next."""
    scheme = "https" if chosen.api_tls_cert_file else "http"
    url = f"{scheme}://{address.shown(chosen.api_host, port)}"
    roots = " --cacert CA.pem" if chosen.api_tls_cert_file else ""
    example = files("housing_grpc.rest").joinpath("static/example-house.json").read_bytes()
    house = json.dumps(json.loads(example), separators=(",", ":"))
    return "\n".join(
        (
            "",
            f"  House prices over HTTP on {url}",
            f"    {url:<32} a form to try it",
            f"    {url + '/docs':<32} the API",
            f"    curl{roots} {url}/predict -H 'Content-Type: application/json' \\",
            f"      -d '{house}'",
            '    If the server asks for a key, add: -H "X-API-Key: $API_KEY"',
            "",
        )
    )
