"""Guards of `housing_grpc/rest`."""

from tests.chaos.guard import Guard

GUARDS = (
    Guard(
        "a folder that another proxy is making",
        "if False:",
        "rest/test_counting_files.py::test_a_folder_that_another_proxy_is_making_is_left",
    ),
    Guard(
        "the room of what is counted",
        "_file(folder, kind, number).touch()",
        "rest/test_counting_files.py::test_a_full_disk_is_passed_over_or_named",
    ),
    Guard(
        "a number of a table in one pass",
        '_NUMBER = re.compile(r"[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d+)?", re.ASCII)',
        "rest/dialects/test_refusals.py::test_csv_that_cannot_be_taken",
    ),
    Guard(
        "the lines of a table that are read",
        "found = list(lines)",
        "rest/dialects/test_refusals.py::test_csv_that_cannot_be_taken",
    ),
    Guard(
        "the rows of a dialect",
        "if False:",
        "rest/dialects/test_refusals.py::test_tensors_that_cannot_be_taken",
    ),
    Guard(
        "the bytes of a tensor over HTTP",
        "if False:",
        "rest/dialects/test_refusals.py::test_bytes_that_cannot_be_taken",
    ),
    Guard(
        "bytes behind the tensors",
        "if False:",
        "rest/dialects/test_refusals.py::test_bytes_that_cannot_be_taken",
    ),
    Guard(
        "the model that is named",
        "if False:",
        "rest/dialects/test_models.py::test_another_model_is_not_found",
    ),
    Guard(
        "the version that answered",
        "if False:",
        "rest/dialects/test_models.py::test_after_a_reload_the_version_that_answered_is_named",
    ),
    Guard(
        "a caller that hangs up behind requests ahead",
        "pass",
        "rest/grpc/test_passing.py::test_a_caller_that_hangs_up_cancels_the_call",
    ),
    Guard(
        "digits of another script are no port",
        "number = int(port) if port else _GRPC_PORT",
        "base/test_options.py::test_the_proxy_takes_no_other_port_of_the_servers",
    ),
    Guard(
        "key updates without end",
        "if False:",
        "rest/connection/test_key_updates.py",
    ),
    Guard(
        "large bodies one at a time",
        "if True:",
        "rest/test_load.py::test_others_have_their_turn_between_large_bodies",
        lines=2,
    ),
    Guard(
        "a lane to each process",
        "return False",
        "rest/grpc/test_relay.py::test_each_process_of_a_server_has_a_lane",
    ),
)
