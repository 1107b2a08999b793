"""Guards of `housing_grpc/bundle`."""

from tests.chaos.guard import Guard

GUARDS = (
    Guard(
        "amounts are finite",
        "if False:",
        "bundle/parts/test_hostile_explanations.py::test_amounts_that_are_no_numbers",
    ),
    Guard(
        "the logarithm of a price",
        "if False:",
        "bundle/parts/test_hostile_explanations.py::test_a_reference_whose_price_is_0",
    ),
    Guard(
        "odd houses are looked at together",
        "places = np.array([row])",
        "bundle/parts/test_assessment.py::test_ten_thousand_odd_houses_are_named_in_one_go",
    ),
    Guard(
        "a key file is read once",
        "if False:",
        "bundle/test_signature.py::test_a_key_file_that_would_take_minutes",
    ),
    Guard(
        "a broken extension is no missing one",
        "if folder:",
        "bundle/test_extension.py::test_one_that_is_broken",
    ),
    Guard(
        "the depth of parameters",
        "if False:",
        "bundle/test_card.py::test_what_no_card_can_say_is_refused",
    ),
    Guard(
        "how long a model's name may be",
        "Text = str",
        "bundle/test_format.py::test_what_is_told_has_a_limit",
    ),
    Guard(
        "prices are finite",
        "if False:",
        "bundle/test_bundle_model.py::test_a_price_that_is_no_number_is_refused",
    ),
    Guard(
        "the checksum of a file",
        "if False:",
        "bundle/test_format.py::test_damage_is_refused",
    ),
    Guard(
        "the signature",
        "pass",
        "bundle/test_signature.py::test_one_that_nobody_signed",
    ),
    Guard(
        "the signature before anything is parsed",
        "meta.decode(document)\nif verifier is not None:\n"
        "    verifier.check(document, _signature(folder, names))",
        "bundle/test_signature.py::test_the_signature_is_checked_before_anything_is_parsed",
        lines=2,
    ),
    Guard(
        "no links",
        "found = entry.stat()",
        "bundle/test_files.py::test_a_link_is_seen_before_anything_is_read",
    ),
    Guard(
        "no links by exchange",
        "flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC",
        "bundle/test_files.py::test_a_file_that_has_become_a_link",
    ),
    Guard(
        "no pickle by its name",
        "if False:",
        "bundle/test_format.py::test_damage_is_refused",
    ),
    Guard(
        "no pickle by its content",
        "if False:",
        "bundle/test_format.py::test_damage_is_refused",
    ),
    Guard(
        "no paths",
        "if False:",
        "bundle/test_format.py::test_damage_is_refused",
    ),
    Guard(
        "no file too many",
        "for name in ():",
        "bundle/test_format.py::test_damage_is_refused",
    ),
    Guard(
        "a field of a graph comes once",
        "most = _MOST_REPEATED",
        "bundle/onnx/test_fields.py::test_each_field_in_another_form_or_once_more_is_refused",
    ),
    Guard(
        "no circle in a tree",
        "",
        "bundle/test_trees.py::test_a_circle_is_refused",
    ),
    Guard(
        "a part is as long as it says",
        "if False:",
        "bundle/parts/test_hostile_parts.py::test_a_file_that_goes_on_is_refused",
    ),
    Guard(
        "knots rise",
        "",
        "bundle/parts/test_hostile_parts.py::test_wrong_neighbours_are_refused",
    ),
    Guard(
        "scores rise",
        "",
        "bundle/parts/test_hostile_parts.py::test_wrong_scores_are_refused",
    ),
    Guard(
        "shares are between 0 and 1",
        "",
        "bundle/parts/test_hostile_parts.py::test_a_share_that_is_none_is_refused",
    ),
    Guard(
        "no finite interval where none is valid",
        "if False:",
        "bundle/parts/test_assessment.py::test_no_quantile_of_too_few",
    ),
    Guard(
        "the golden rows",
        "",
        "bundle/test_bundle_model.py::test_a_wrong_golden_answer_is_refused",
    ),
    Guard(
        "the memory of a trial",
        "(resource.RLIMIT_AS, 2**40),",
        "model/test_child_limits.py::test_a_bundle_that_takes_all_memory",
    ),
)
