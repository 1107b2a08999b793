"""Guards of `housing_grpc/base`."""

from tests.chaos.guard import Guard

GUARDS = (
    Guard(
        "the files are read once",
        "if (first := certificate.path) and (second := key.path):",
        "base/test_pem.py::test_files_that_are_replaced_while_they_are_read",
    ),
    Guard(
        "many hang-ups are one",
        "pass",
        "base/test_signals.py::test_hang_ups_by_the_thousand_are_two",
    ),
    Guard(
        "the lines of the log",
        "if False:",
        "base/test_log_flood.py",
    ),
    Guard(
        "the wait for a message",
        "if True:",
        "calls/test_call_pool.py::test_calls_of_headers_only_are_ended",
    ),
    Guard(
        "a stop whatever threads do",
        "sys.exit(code)",
        "services/test_evaluation_watchdog.py::test_a_stop_ends_in_order_while_the_model_spins",
    ),
    Guard(
        "a fixed text for our own faults",
        "return ServingError(Reason.INTERNAL, str(raised))",
        "calls/test_call_end.py::test_a_handler_that_breaks_tells_the_log_and_not_the_caller",
    ),
    Guard(
        "details that a client can read",
        "for violation in error.violations",
        "base/test_errors.py::test_details_stay_small_however_much_is_wrong",
    ),
    Guard(
        "a worker that hangs is replaced",
        "if False:",
        "workers/test_worker_slot.py::test_a_worker_that_hangs_is_replaced",
    ),
)
