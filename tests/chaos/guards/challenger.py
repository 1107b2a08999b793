"""Guards of `housing_grpc/challenger`."""

from tests.chaos.guard import Guard

GUARDS = (
    Guard(
        "a shadow that is behind",
        "room = len(rows)",
        "challenger/test_shadow.py::test_a_challenger_that_is_behind_holds_nobody_up",
    ),
    Guard(
        "the next challenger does not wait",
        "pass",
        "challenger/test_shadow.py::test_what_a_slow_challenger_owes_is_not_waited_for_by_the_next",
        lines=2,
    ),
    Guard(
        "the time for what a challenger says of outcomes",
        "if has_time() and False:",
        "challenger/test_rivals.py::test_what_there_is_no_time_for_is_left_out",
    ),
    Guard(
        "sums of prices stay finite",
        "priced = ~np.isnan(others)",
        "challenger/test_shadow.py::test_prices_that_are_none_count_as_failed",
    ),
    Guard(
        "no verdict before the first look",
        "if self.count < 2:",
        "challenger/test_verdict.py::test_nothing_is_said_before_the_first_look",
    ),
    Guard(
        "a house goes to one model",
        "return bytes(rows)",
        "challenger/test_traffic_split.py::test_a_house_is_the_same_however_it_was_written",
        lines=2,
    ),
    Guard(
        "a faulty challenger costs callers nothing",
        "except ZeroDivisionError as error:",
        "challenger/test_experiment.py::test_a_challenger_without_prices_for_some_houses_costs_them_nothing",
    ),
)
