"""Runs the gRPC server and the REST proxy together: `python -m housing_grpc.up`.

Both are set by variables alone. A signal stops both; if one ends, so does the other. They
end, too, if this process is killed. Where only this machine reaches the server, it keeps outcomes
in HOUSING_HOME, unless FEEDBACK_URL says where.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from types import FrameType

from housing_grpc import settings
from housing_grpc.base import child_environment, extras, standard_streams
from housing_grpc.base.address import is_loopback
from housing_grpc.base.errors import EXIT_SETTINGS, StartError
from housing_grpc.base.options import OptionError
from housing_grpc.feedback import location
from housing_grpc.rest import settings as rest_settings
from housing_grpc.rest.settings import Settings as ProxySettings
from housing_grpc.settings import Settings

_POLL_SECONDS = 0.1
_ALL = re.compile(".*", re.DOTALL)


class Together:
    """Processes that start and end as one.

    Args:
        variables: Of them, beside those of this process.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._environment = {**child_environment.inherited(_ALL), **variables}
        self._children: list[subprocess.Popen[bytes]] = []
        self._stopping = False

    def start(self, module: str) -> None:
        """Starts `python -m module`, which reads the same variables."""
        child = subprocess.Popen(
            [sys.executable, "-m", "housing_grpc.base.die_with_parent", module],
            # Nothing is written to it: its end is the news.
            stdin=subprocess.PIPE,
            env=self._environment,
            # Ctrl-C reaches a whole process group; each child is to get one signal, from here.
            process_group=0 if os.name == "posix" else None,
        )
        self._children.append(child)
        if self._stopping:  # Since before it was among the children.
            child.terminate()

    def stop(self, _number: int = 0, _frame: FrameType | None = None) -> None:
        """Asks all of them to end; asked again, they end at once."""
        self._stopping = True
        for child in self._children:
            if child.poll() is None:
                child.terminate()

    def wait(self) -> int:
        """Returns the exit code when all have ended: that of the first which failed."""
        while all(child.poll() is None for child in self._children):
            time.sleep(_POLL_SECONDS)
        ended = [child.returncode for child in self._children if child.returncode is not None]
        if not self._stopping:
            self.stop()
        codes = ended + [child.wait() for child in self._children]
        # A process that a signal ended has its number, negative; shells add 128.
        return next((code if code > 0 else 128 - code for code in codes if code), 0)


def main() -> int:
    """Runs both until a signal comes or one of them ends; returns the exit code."""
    argparse.ArgumentParser(
        prog="python -m housing_grpc.up",
        description="Runs the gRPC server and the REST proxy together.",
        epilog="It takes no flags: set variables, such as WORKERS=2, which reach both.",
    ).parse_args()
    lacking = extras.missing_for_rest()
    if lacking:
        return _fail(lacking, EXIT_SETTINGS)
    try:
        chosen = settings.load([])
        _check(chosen, rest_settings.load([]))
    except StartError as error:
        return _fail(str(error), error.exit_code)
    except OptionError as error:
        return _fail(str(error), EXIT_SETTINGS)
    both = Together(_own_feedback(chosen))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, both.stop)
    both.start("housing_grpc")
    both.start("housing_grpc.rest")  # Its target follows GRPC_HOST and GRPC_PORT.
    return both.wait()


def _own_feedback(chosen: Settings) -> dict[str, str]:
    # A server that others reach has no key of its own for receipts, either.
    lacking = extras.missing("feedback", "sqlalchemy", purpose="feedback")
    if chosen.feedback_url or lacking or not is_loopback(chosen.grpc_host):
        return {}
    return {location.SETTING: location.own(chosen.home)}


def _check(chosen: Settings, proxy: ProxySettings) -> None:
    if chosen.grpc_port == 0:
        raise OptionError("GRPC_PORT=0: the REST proxy has to know the port")
    if chosen.tls_cert_file and not proxy.tls_to_server:
        raise OptionError(
            "TLS_CERT_FILE is set: set GRPC_CA_FILE to the roots of that certificate, too, with "
            "which the REST proxy knows the server; it has to be for 127.0.0.1, or for the host "
            "that GRPC_TARGET names"
        )
    if proxy.tls_to_server and not chosen.tls_cert_file:
        raise OptionError(
            "GRPC_CA_FILE or GRPC_TLS is set, but the server speaks no TLS: set TLS_CERT_FILE "
            "and TLS_KEY_FILE, or neither"
        )
    if chosen.tls_client_ca_file and not proxy.grpc_cert_file:
        raise OptionError(
            "TLS_CLIENT_CA_FILE is set: set GRPC_CERT_FILE and GRPC_KEY_FILE, too, which the "
            "REST proxy shows to the server"
        )


def _fail(message: str, exit_code: int) -> int:
    print(f"error: {message}", file=sys.stderr)
    return exit_code


if __name__ == "__main__":
    sys.exit(standard_streams.watched(main))
