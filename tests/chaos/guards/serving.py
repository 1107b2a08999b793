"""Guards of `housing_grpc/serving`."""

from tests.chaos.guard import Guard

GUARDS = (
    Guard(
        "clients show a certificate",
        "False,",
        "serving/test_tls.py::test_a_client_without_a_certificate_where_one_is_asked_for",
    ),
    Guard(
        "the key belongs to the certificate",
        "pair = pem.Pair(certificate=self._certificate.read(), key=self._key.read(), "
        "context=None, expires=0.0)",
        "serving/test_tls.py::test_files_that_are_broken_keep_the_old_certificate",
    ),
    Guard(
        "the size of a message",
        '("grpc.max_receive_message_length", -1),',
        "calls/test_admission_limits.py::test_a_message_over_the_limit",
    ),
    Guard(
        "compressed messages",
        '("grpc.compression_enabled_algorithms_bitset", 7),',
        "calls/test_call_end.py::test_compressed_messages_are_taken_only_where_that_is_wanted",
    ),
    Guard(
        "what is sent and never read",
        '("grpc.http2.bdp_probe", 1),',
        "http2/test_http2_floods.py::test_a_watch_that_goes_on_after_its_request",
    ),
    Guard(
        "the number of connections",
        '("grpc.max_allowed_incoming_connections", 10**6),',
        "calls/test_admission_limits.py::test_no_more_connections_than_the_limit",
    ),
    Guard(
        "connections without a call",
        "",
        "calls/test_idle_connections.py::test_a_connection_without_a_call_is_ended",
    ),
    Guard(
        "a file for a probe",
        "",
        "calls/test_idle_connections.py::test_probes_are_answered_while_all_connections_are_taken",
    ),
    Guard(
        "the number of calls on a connection",
        '("grpc.max_concurrent_streams", 10**6),',
        "calls/test_admission_limits.py::test_no_more_calls_on_a_connection_than_the_limit",
    ),
    Guard(
        "who keeps to the calls of a connection is served",
        "",
        "calls/test_admission_limits.py::test_callers_wait_for_their_turn_on_a_connection",
    ),
    Guard(
        "calls that were reset, of one connection",
        '("grpc.http.overload_protection", 0),',
        "http2/test_reset_calls.py",
    ),
    Guard(
        "calls that were reset, of all connections",
        "_MOST_PENDING = 2**31 - 1",
        "http2/test_reset_calls.py",
    ),
    Guard(
        "one server a port",
        '("grpc.so_reuseport", 1),',
        "server/test_process.py::test_a_port_that_is_taken",
    ),
    Guard(
        "a model that spins",
        "",
        "services/test_evaluation_watchdog.py::test_an_evaluation_that_takes_too_long_is_told_until_it_ends",
    ),
    Guard(
        "a worker whose model spins is replaced",
        "",
        "workers/test_workers_stuck.py::test_a_worker_whose_model_spins_is_replaced",
    ),
)
