"""Guards of `housing_grpc/calls`."""

from tests.chaos.guard import Guard

GUARDS = (
    Guard(
        "a message is the one that was sent",
        "if (found := answer.result()) is None:",
        "calls/test_grpcio_self_test.py::test_another_grpcio_is_noticed_and_workers_wait",
    ),
    Guard(
        "the rate",
        "",
        "access/test_rate_limit.py::test_a_burst_passes_and_no_other_key_pays",
    ),
    Guard(
        "the rate of chunks",
        "pass",
        "access/test_rate_limit.py::test_a_stream_whose_turn_is_far_off_is_told_so",
    ),
    Guard(
        "the calls of one message",
        "if len(calls) < 0:",
        "calls/test_relay.py::test_what_is_no_message_of_a_relay_ends_the_stream",
    ),
    Guard(
        "the bytes and fields of a message of calls",
        "if False:",
        "calls/test_relay.py::test_what_is_no_message_of_a_relay_ends_the_stream",
    ),
    Guard(
        "a relay whose caller is gone",
        "if False:",
        "calls/test_relay.py::test_nothing_goes_on_for_a_relay_whose_caller_is_gone",
    ),
    Guard(
        "large messages one at a time",
        "with _FREE:",
        "calls/test_parse_guard.py::test_large_messages_are_read_one_at_a_time",
    ),
    Guard(
        "no stream goes on asking a server that stops",
        "if False:",
        "calls/test_relay.py::test_relays_that_go_on_asking_do_not_hold_up_a_stop",
    ),
    Guard(
        "the bytes of the answers of one message",
        "if size >= 0:",
        "calls/test_relay.py::test_large_answers_leave_the_rest_to_go_alone",
    ),
    Guard(
        "room in the queue",
        "",
        "calls/test_admission.py::test_a_full_queue_refuses_before_there_is_a_message",
    ),
    Guard(
        "the number of streams",
        "if False:",
        "services/test_stream_limits.py::test_one_stream_too_many_is_told_when_to_come_back",
    ),
    Guard(
        "the number of streams of a key",
        "if False:",
        "services/test_stream_limits.py::test_one_key_does_not_hold_all_streams",
    ),
    Guard(
        "the longest wait gives way",
        "pass",
        "calls/test_call_pool.py::test_the_oldest_of_too_many_waits_gives_way",
    ),
    Guard(
        "the queue's limits for messages that come late",
        "pass",
        "calls/test_admission.py::test_messages_that_come_late_find_the_queue_as_full",
    ),
    Guard(
        "no worker waits for a message",
        "if False:",
        "calls/test_call_pool.py::test_calls_of_headers_only",
    ),
    Guard(
        "no worker waits for the next question",
        "if True:\n    send(answer)",
        "serving/test_reflection.py::test_a_hundred_idle_streams_keep_nobody_from_asking",
        lines=2,
    ),
    Guard(
        "watchers that take no answer",
        "if False:",
        "calls/test_health.py::test_watchers_that_take_no_answer_hold_up_nobody",
    ),
    Guard(
        "names that no service has",
        "pass",
        "calls/test_health.py::test_names_that_no_service_has_are_not_kept",
    ),
    Guard(
        "also what is no Exception",
        "except Exception as raised:",
        "calls/test_admission.py::test_a_handler_raises_even_systemexit",
    ),
    Guard(
        "the bytes of answers that nobody takes",
        "while False:",
        "calls/test_unread_responses.py::test_of_too_many_bytes_the_oldest_goes",
    ),
)
