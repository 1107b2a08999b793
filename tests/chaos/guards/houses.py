"""Guards of `housing_grpc/houses`."""

from tests.chaos.guard import Guard

GUARDS = (
    Guard(
        "the names of a matrix are counted before they are parsed",
        "if False:",
        "houses/test_decode.py::test_the_names_of_a_matrix_are_counted_before_they_are_parsed",
    ),
    Guard(
        "fields that are looked over",
        "if False:",
        "houses/test_wire_scan.py::test_fields_beside_those_that_are_counted_have_a_limit",
    ),
    Guard(
        "rows are counted before they are parsed",
        "pass",
        "houses/test_wire_scan.py::test_4_mib_of_empty_houses_are_refused_without_being_parsed",
    ),
    Guard(
        "rows of longer tags are counted",
        "return held.count(last)",
        "houses/test_wire_scan.py::test_a_tag_may_be_longer_than_it_needs_be",
    ),
    Guard(
        "fields beside entries",
        "if count > most:",
        "houses/test_wire_scan.py::test_fields_beside_those_that_are_counted_have_a_limit",
    ),
    Guard(
        "a batch has rows",
        "if count < 0:",
        "services/test_predict_batch.py::test_no_rows",
    ),
    Guard(
        "the rows of a matrix",
        "if count > 10 * most:",
        "services/test_stream_refusals.py::test_a_wrong_chunk_ends_the_stream",
    ),
    Guard(
        "features are finite",
        "if False",
        "services/test_predict_refusals.py::test_a_value_that_is_no_finite_number",
    ),
    Guard(
        "features are in their domain",
        "marks: NDArray[np.bool_] = found",
        "services/test_predict_refusals.py::test_a_value_outside_the_domain",
    ),
    Guard(
        "a house has a feature",
        "found = ((rows < lowest) | (rows > highest)).any(axis=1)",
        "services/test_predict_refusals.py::test_no_feature_at_all",
    ),
    Guard(
        "the level of an interval",
        "if False:",
        "services/test_honest_answers.py::test_a_level_that_no_interval_has",
    ),
    Guard(
        "the reference is a house",
        "for error in ():",
        "services/test_honest_answers.py::test_the_reference_is_checked_as_a_house",
    ),
)
