"""Guards of `housing_grpc/access`."""

from tests.chaos.guard import Guard

GUARDS = (
    Guard(
        "a key is needed",
        "caller = self._anonymous",
        "access/test_callers.py::test_no_key_a_wrong_one_two",
    ),
    Guard(
        "one key, once",
        "caller = callers.get(digest(shown[0])) if shown else None",
        "access/test_callers.py::test_no_key_a_wrong_one_two",
    ),
    Guard(
        "the role",
        "if not roles:",
        "access/test_callers.py::test_a_predict_key_on_reloadmodel",
    ),
    Guard(
        "a method needs a rule",
        "roles = RULES.get(path, _ANYONE)",
        "access/test_callers.py::test_a_method_without_an_access_rule",
    ),
    Guard(
        "probes have no rate",
        "if not roles and self._callers is None:",
        "oip/test_metadata.py::test_probes_need_no_key_and_have_no_rate",
    ),
    Guard(
        "no empty key by its digest",
        "if False:  # As of a variable that was not set.",
        "access/test_key_file.py::test_a_wrong_line_is_named_and_not_shown",
    ),
    Guard(
        "a wrong line is not shown",
        'raise KeysError(f"{where}: write NAME ROLE KEY, not {parts}")',
        "access/test_key_file.py::test_a_wrong_line_is_named_and_not_shown",
    ),
    Guard(
        "an owner's count stays",
        "limits = {}",
        "access/test_rate_limit.py::test_an_owner_keeps_what_was_counted",
    ),
)
