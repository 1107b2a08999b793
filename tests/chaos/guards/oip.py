"""Guards of `housing_grpc/oip`."""

from tests.chaos.guard import Guard

GUARDS = (
    Guard(
        "one kind of contents in a tensor",
        "if False:",
        "oip/test_request.py::test_what_is_refused",
    ),
    Guard(
        "the fields of an output",
        "_NESTED: Nested = {_inputs.number: {_contents.number: {}}}",
        "oip/test_request.py::test_a_request_of_very_many_fields_is_refused_before_it_is_parsed",
    ),
    Guard(
        "the fields of a request of tensors",
        "if False:",
        "oip/test_request.py::test_a_request_of_very_many_fields_is_refused_before_it_is_parsed",
    ),
    Guard(
        "the shape of a tensor of rows",
        "if False:",
        "oip/test_request.py::test_what_is_refused",
    ),
    Guard(
        "the shape of a tensor of a feature",
        "if False:",
        "oip/test_request.py::test_what_is_refused",
    ),
    Guard(
        "the bytes of a tensor",
        "if False:",
        "oip/test_request.py::test_what_is_refused",
    ),
    Guard(
        "the values of a tensor",
        "if False:",
        "oip/test_request.py::test_what_is_refused",
    ),
)
