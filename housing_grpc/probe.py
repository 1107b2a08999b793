"""Asks a server for its health: `python -m housing_grpc.probe [HOST:PORT]`.

Without an address, it is the server that has the same variables. Exits with 0 if it
serves, else with 1; for container health checks.
"""

import sys

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from housing_grpc import settings
from housing_grpc.base import address, grpc_target, standard_streams
from housing_grpc.base.errors import EXIT_SETTINGS, StartError

_SECONDS = 2.0


def main(arguments: list[str]) -> int:
    """Returns the exit code."""
    try:
        target = arguments[0] if arguments else _target()
    except StartError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    fault = grpc_target.fault(target, tls="name the HEALTH_PORT, as the probe knows no TLS")
    if fault:
        print(f"error: {target!r}: {fault}", file=sys.stderr)
        return 1
    # A proxy in the environment is for others: the server is on this machine.
    with grpc.insecure_channel(target, (("grpc.enable_http_proxy", 0),)) as channel:
        try:
            answer = health_pb2_grpc.HealthStub(channel).Check(  # type: ignore[attr-defined]
                health_pb2.HealthCheckRequest(), timeout=_SECONDS
            )
        except grpc.RpcError as error:
            print(f"{target}: {error.code().name}", file=sys.stderr)
            return 1
    state = health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)
    # For people; the result is the exit code.
    standard_streams.tell(f"{target}: {state}")
    return 0 if answer.status == health_pb2.HealthCheckResponse.SERVING else 1


def _target() -> str:
    chosen = settings.load([])
    if chosen.tls_cert_file and not chosen.health_port:
        raise StartError(
            "TLS_CERT_FILE is set, and the probe knows no TLS: set HEALTH_PORT, for the server, "
            "too, which then answers probes there in the clear",
            EXIT_SETTINGS,
        )
    return address.target(chosen.grpc_host, chosen.health_port or chosen.grpc_port)


if __name__ == "__main__":
    sys.exit(standard_streams.watched(lambda: main(sys.argv[1:])))
