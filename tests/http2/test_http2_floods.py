"""Much of what is allowed one by one: bounded here, survived there."""

from contextlib import ExitStack

from hyperframe.frame import (
    ContinuationFrame,
    HeadersFrame,
    PingFrame,
    RstStreamFrame,
    SettingsFrame,
)

from tests.http2.conftest import HOUSE, Victim
from tests.http2.frames import Connection, data, joined, message

ASK = message(HOUSE.SerializeToString())
CANCEL = 8
LARGEST = 4_000_000
WINDOW = 2**17
CHECK = "/grpc.health.v1.Health/Check"
WATCH = "/grpc.health.v1.Health/Watch"
STREAM = "/housing.v1.PredictionService/PredictStream"


def test_rapid_reset(victim: Victim) -> None:
    """CVE-2023-44487: 5,000 calls, each taken back as soon as it was made."""
    with Connection(victim.port) as connection:
        connection.greet()
        for stream in range(1, 10_001, 2):
            connection.send(
                connection.headers(stream), data(stream, ASK), RstStreamFrame(stream, CANCEL)
            )
        victim.check_unharmed()


def test_rapid_reset_before_the_body(victim: Victim) -> None:
    with Connection(victim.port) as connection:
        connection.greet()
        for stream in range(1, 10_001, 2):
            connection.send(connection.headers(stream), RstStreamFrame(stream, CANCEL))
        victim.check_unharmed()


def test_reset_of_streams_in_the_middle_of_a_message(victim: Victim) -> None:
    with Connection(victim.port) as connection:
        connection.greet()
        for stream in range(1, 1001, 2):
            connection.send(
                connection.headers(stream, path=STREAM),
                data(stream, ASK[:7], end=False),
                RstStreamFrame(stream, CANCEL),
            )
        victim.check_unharmed()


def test_calls_of_headers_without_a_body(victim: Victim, stack: ExitStack) -> None:
    """More of them than there are workers, on one connection and on many."""
    for _ in range(10):
        connection = stack.enter_context(Connection(victim.port)).greet()
        connection.send(joined(connection.headers(stream) for stream in range(1, 11, 2)))
    victim.check_unharmed()


def test_calls_of_half_a_message(victim: Victim, stack: ExitStack) -> None:
    for _ in range(10):
        connection = stack.enter_context(Connection(victim.port)).greet()
        for stream in range(1, 11, 2):
            connection.send(connection.headers(stream), data(stream, ASK[:7], end=False))
    victim.check_unharmed()


def test_streams_of_headers_alone(victim: Victim) -> None:
    with Connection(victim.port) as connection:
        connection.greet()
        connection.send(joined(connection.headers(s, path=STREAM) for s in range(1, 101, 2)))
        victim.check_unharmed()


def test_callers_that_never_read_their_answers(victim: Victim) -> None:
    """A window of 0 bytes for every stream: the answers cannot be sent."""
    with Connection(victim.port) as connection:
        connection.greet({SettingsFrame.INITIAL_WINDOW_SIZE: 0})
        for stream in range(1, 41, 2):
            connection.send(connection.headers(stream), data(stream, ASK))
        victim.check_unharmed()


def test_a_flood_of_continuations_is_not_kept(victim: Victim) -> None:
    """CVE-2024-27983: headers that never end must not be kept without end."""
    before = victim.resident_mib()
    with Connection(victim.port) as connection:
        connection.greet().send(HeadersFrame(1, data=connection.block()))
        blocks = [connection.encode([(f"x-{place}", "v" * 8000)]) for place in range(40)]
        for place in range(24_000):
            connection.send(ContinuationFrame(1, data=blocks[place % 40]))
        connection.listen(seconds=0.5)
        victim.check_unharmed()
        # 192 MB were sent.
        assert victim.resident_mib() < before + 96


def test_a_flood_of_empty_continuations(victim: Victim) -> None:
    with Connection(victim.port) as connection:
        connection.greet().send(HeadersFrame(1, data=connection.block()))
        connection.send(joined(ContinuationFrame(1) for _ in range(5000)))
        connection.listen(seconds=0.5)
        victim.check_unharmed()


def test_a_flood_of_settings(victim: Victim) -> None:
    """Each wants an acknowledgement, which nobody reads."""
    with Connection(victim.port) as connection:
        connection.greet()
        for _ in range(100):
            connection.send(joined(SettingsFrame(settings={3: place}) for place in range(100)))
        victim.check_unharmed()


def test_a_flood_of_pings_is_cut_off(victim: Victim) -> None:
    with Connection(victim.port) as connection:
        connection.greet()
        for _ in range(100):
            connection.send(joined(PingFrame(0, opaque_data=bytes(8)) for _ in range(100)))
        assert connection.listen().refused


def test_a_flood_of_empty_data(victim: Victim) -> None:
    with Connection(victim.port) as connection:
        connection.greet().send(connection.headers(1))
        for _ in range(50):
            connection.send(joined(data(1, b"", end=False) for _ in range(100)))
        connection.listen(1, seconds=0.5)
        victim.check_unharmed()


def test_a_flood_of_connections(victim: Victim, stack: ExitStack) -> None:
    for _ in range(300):
        connection = stack.enter_context(Connection(victim.port)).greet()
        connection.send(connection.headers(1), data(1, ASK))
    victim.check_unharmed()


def test_a_watch_that_goes_on_after_its_request(victim: Victim) -> None:
    """However fast others were taken: gRPC holds what nobody reads, so it must not be much."""
    with Connection(victim.port) as connection:
        connection.greet().agree()
        for stream in range(1, 11, 2):
            connection.send(connection.headers(stream, path=CHECK))
            connection.fill(stream, message(bytes(LARGEST)))
            assert connection.listen(stream).status(stream)
        connection.send(connection.headers(11, path=WATCH))
        taken = connection.fill(11, message(b"") + bytes(LARGEST), seconds=2)
        assert taken <= 2 * WINDOW
