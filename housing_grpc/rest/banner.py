"""What a person reads when the proxy is up."""

import json

from housing_grpc.rest.openapi import examples


def text(port: int) -> str:
    """Returns a few lines: where everything is, and what to type next."""
    url = f"http://localhost:{port}"
    house = json.dumps(examples.of("housing.v1.House"), separators=(",", ":"))
    return "\n".join(
        (
            "",
            f"  House prices over HTTP on {url}",
            f"    {url:<32} a form to try it",
            f"    {url + '/docs':<32} the API",
            f"    curl {url}/predict -H 'Content-Type: application/json' \\",
            f"      -d '{house}'",
            "",
        )
    )
