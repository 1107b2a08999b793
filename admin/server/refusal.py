"""Says in one line why a call to a server failed, and what to do about it."""

from urllib.request import getproxies_environment, proxy_bypass

import grpc
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from .channel import host_of, is_loopback

# How gRPC begins its text for a certificate that was not accepted, by either side.
_HANDSHAKE = "handshake failed"
# How it says that today is not within the dates of a certificate.
_DATED = ("has expired", "is not yet valid")
_KEY = "HOUSING_API_KEY (or API_KEY)"


def explain(call: grpc.Call, target: str, seconds: float, *, keyed: bool) -> str:
    """Return why a call failed.

    Args:
        call: That has failed.
        target: Address of the server.
        seconds: That it was given.
        keyed: Whether a key was sent with it.
    """
    code, text = call.code(), call.details() or ""
    if code is grpc.StatusCode.UNAUTHENTICATED:
        fault = (
            f"does not know the key in {_KEY}; set it to"
            if keyed
            else f"wants a key; set {_KEY} to"
        )
        return f"the server at {target} {fault} one that it has"
    if code is grpc.StatusCode.PERMISSION_DENIED:
        return (
            f"the server at {target} does not allow this with the key in {_KEY};"
            " set it to one whose role allows it: to reload takes the role admin"
        )
    status = rpc_status.from_call(call)
    if status is not None:
        return f"the server at {target} answered {code.name}: {one_line(status)}"
    if code is grpc.StatusCode.UNAVAILABLE:
        return _unreachable(target, text)
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return f"the server at {target} did not answer within {seconds:g} s; try again"
    return f"the server at {target} answered {code.name}: {text.partition(chr(10))[0]}"


def one_line(status: Status) -> str:
    """Return a status with the details that help a person."""
    text: str = status.message.partition("\n")[0]
    for detail in status.details:
        bad, info = BadRequest(), ErrorInfo()
        if detail.Unpack(bad):
            unnamed = [each for each in bad.field_violations if each.field not in text]
            text = "; ".join([text, *(f"{each.field} {each.description}" for each in unnamed)])
        elif detail.Unpack(info):
            text = f"{text} [{info.reason}]"
    return text


def _unreachable(target: str, text: str) -> str:
    for dated in _DATED:
        if dated in text:
            return (
                f"the certificate of the server at {target} is not accepted: it {dated}, or the"
                " clock of this machine is wrong; renew the one or set the other"
            )
    if "CERTIFICATE_VERIFY_FAILED" in text or "Hostname Verification" in text:
        return (
            f"the certificate of the server at {target} is not accepted; set HOUSING_CA_FILE to"
            " who signed it, and name the server as its certificate does"
        )
    if _HANDSHAKE in text.lower():
        return (
            f"no secure connection to {target}: it may not speak TLS, or want another certificate"
            " than that of HOUSING_CERT_FILE and HOUSING_KEY_FILE"
        )
    if "closed" in text.lower() or "reset" in text.lower():
        return f"the server at {target} hung up; if it speaks TLS, add --tls"
    return (
        f"no server answers at {target}{_by_proxy(target)}; start one with: make serve,"
        " or name another with --target HOST:PORT"
    )


def _by_proxy(target: str) -> str:
    host = host_of(target)
    if is_loopback(host) or proxy_bypass(host):
        return ""
    # In the order in which gRPC looks for one.
    found = [kind for kind in ("grpc", "https", "http") if kind in getproxies_environment()]
    return f" by way of {found[0]}_proxy (no_proxy={host} goes without)" if found else ""
