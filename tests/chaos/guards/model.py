"""Guards of `housing_grpc/model`."""

from tests.chaos.guard import Guard

GUARDS = (
    Guard(
        "the number of models in memory",
        "self._loaded.make_room(lambda: False)",
        "services/test_pinned_models.py::test_all_streams_of_the_oldest_model_make_room",
    ),
    Guard(
        "a trial in a child",
        "",
        "model/test_reload_manager.py::test_a_trial_that_fails_leaves_the_old_model_live",
        lines=2,
    ),
    Guard(
        "the time of a child",
        "out, err = child.communicate(json.dumps(document).encode(), timeout=None)",
        "model/test_child_processes.py",
    ),
    Guard(
        "one question at a time",
        "if False:",
        "model/test_child_processes.py::test_a_question_that_hangs_is_left_alone",
    ),
    Guard(
        "one reload at a time",
        "if not self._reloading.acquire():",
        "model/test_reload_races.py::test_16_threads_of_50_reloads_are_ok_or_aborted",
    ),
    Guard(
        "a model that only a circle holds",
        "pass",
        "model/test_reload_races.py::test_a_model_that_only_a_circle_holds_is_collected",
    ),
    Guard(
        "what was fetched is what is loaded",
        "if False:",
        "model/test_reload_manager.py::test_a_bundle_that_is_replaced_while_it_is_read_is_refused",
    ),
    Guard(
        "one automatic rollback a version",
        "if same:",
        "services/test_rollback.py::test_three_faults_of_any_kind_go_back_by_themselves",
    ),
    Guard(
        "what was rolled back does not come back by itself",
        "if False:",
        "model/test_alias_follower.py::test_what_was_rolled_back_is_refused_once",
    ),
    Guard(
        "two models predict the same",
        "if False:",
        "challenger/test_shadow.py::test_models_that_predict_something_else_are_not_compared",
    ),
)
