"""Guards of `admin`."""

from tests.chaos.guard import Guard

GUARDS = (
    Guard(
        "a source that a spreadsheet would compute",
        "return text",
        "admin/feedback/test_feedback_command.py::test_a_source_is_no_formula_of_a_spreadsheet",
    ),
    Guard(
        "the faults of a file that are kept",
        "if True:",
        "admin/feedback/test_feedback_command.py::test_of_many_faults_the_first_are_kept",
    ),
    Guard(
        "what a retraining begins with",
        "digest = self.tags.get('base_digest') or metadata.data_digest",
        "admin/retraining/test_retrain.py::test_tags_do_not_choose_what_is_learned",
    ),
    Guard(
        "redirects of metrics",
        "allow_redirects=True,",
        "admin/retraining/test_retrain.py::test_metrics_that_lead_elsewhere_or_do_not_end",
    ),
    Guard(
        "the time of metrics",
        "pass",
        "admin/retraining/test_retrain.py::test_metrics_that_lead_elsewhere_or_do_not_end",
    ),
    Guard(
        "the entries of an archive that are held",
        "pass",
        "admin/tracking/test_backup.py::test_entries_are_not_held",
    ),
    Guard(
        "aliases of aliases",
        "if False:",
        "admin/training/test_hostile_grids.py::test_a_grid_that_is_made_to_hurt[of itself]",
    ),
    Guard(
        "combinations without end",
        "if False:",
        "admin/training/test_hostile_grids.py::test_a_grid_that_is_made_to_hurt",
    ),
    Guard(
        "a small file of billions of rows",
        "pass",
        "admin/data/test_hostile_files.py::test_a_small_parquet_file_of_millions_of_rows",
    ),
    Guard(
        "a header of an archive without end",
        "if False:",
        "admin/tracking/test_backup.py::test_a_header_of_gigabytes_is_not_read",
    ),
    Guard(
        "a database that does something",
        "if False:",
        "admin/tracking/test_backup.py::test_a_database_that_does_something_is_not_taken",
    ),
    Guard(
        "the tag of a version's digest",
        "return text",
        "admin/tracking/audit/test_decision.py::test_a_digest_tag_that_is_none_keeps_nobody_from_another_version",
    ),
    Guard(
        "the digest of evidence",
        "if False:",
        "admin/gate/test_promotion.py::test_a_tag_that_no_gate_has_written_is_none",
    ),
    Guard(
        "a recipe that never ends, or takes all memory",
        "if False:",
        "admin/training/test_recipe_of_bundle.py::test_one_that_cannot_be_trained_any_more",
    ),
    Guard(
        "the places that commands take files to",
        "if False:",
        "admin/tracking/test_hostile_versions.py::test_no_stranger_is_sent_the_password",
    ),
)
