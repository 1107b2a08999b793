"""Guards of the server: each is marked in the code, and some test misses it when it is gone."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Guard:
    """Lines that keep something out.

    Attributes:
        name: Its marker: the comment "guard: NAME" stands above the lines.
        without: What stands there instead when the guard is gone.
        test: What fails then, within `tests`.
        lines: How many lines it is.
    """

    name: str
    without: str
    test: str
    lines: int = 1


GUARDS = (
    # Who may call
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
        "loopback without a key",
        "if False:",
        "server/test_server_settings.py::test_other_machines_are_served_with_a_key_or_if_told_so",
    ),
    Guard(
        "clients show a certificate",
        "False,",
        "serving/test_tls.py::test_a_client_without_a_certificate_where_one_is_asked_for",
    ),
    Guard(
        "the key belongs to the certificate",
        "pair = pem.Pair(certificate=self._certificate.read(), key=self._key.read(), "
        "context=None, expires=0.0)",
        "serving/test_tls.py::test_files_that_are_broken_keep_the_old_certificate",
    ),
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
        "a key file is read once",
        "if False:",
        "bundle/test_signature.py::test_a_key_file_that_would_take_minutes",
    ),
    # What is slower is said
    Guard(
        "a message is the one that was sent",
        "if (found := answer.result()) is None:",
        "calls/test_grpcio_self_test.py::test_another_grpcio_is_noticed_and_workers_wait",
    ),
    Guard(
        "a broken extension is no missing one",
        "if folder:",
        "bundle/test_extension.py::test_one_that_is_broken",
    ),
    Guard(
        "one warning of all workers",
        "if fallback:",
        "calls/test_grpcio_self_test.py::test_of_several_processes_there_is_one_warning",
    ),
    # How much
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
        "an owner's count stays",
        "limits = {}",
        "access/test_rate_limit.py::test_an_owner_keeps_what_was_counted",
    ),
    Guard(
        "a host that is a part of a password",
        'if "@" in "":',
        "feedback/test_store_away.py::test_a_url_that_is_wrong_ends_the_start",
    ),
    Guard(
        "the calls of one message",
        "if len(calls) < 0:",
        "calls/test_relay.py::test_what_is_no_message_of_a_relay_ends_the_stream",
    ),
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
        "a number of a table in one pass",
        '_NUMBER = re.compile(r"[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d+)?", re.ASCII)',
        "rest/dialects/test_refusals.py::test_csv_that_cannot_be_taken",
    ),
    Guard(
        "one kind of contents in a tensor",
        "if False:",
        "oip/test_request.py::test_what_is_refused",
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
        "calls/test_parse.py::test_large_messages_are_read_one_at_a_time",
    ),
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
        "the fields of an output",
        "_NESTED: Nested = {_inputs.number: {_contents.number: {}}}",
        "oip/test_request.py::test_a_request_of_very_many_fields_is_refused_before_it_is_parsed",
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
        "the size of a message",
        '("grpc.max_receive_message_length", -1),',
        "calls/test_admission_limits.py::test_a_message_over_the_limit",
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
        "the lines of a table that are read",
        "found = list(lines)",
        "rest/dialects/test_refusals.py::test_csv_that_cannot_be_taken",
    ),
    Guard(
        "compressed messages",
        '("grpc.compression_enabled_algorithms_bitset", 7),',
        "calls/test_call_end.py::test_compressed_messages_are_taken_only_where_that_is_wanted",
    ),
    Guard(
        "what is sent and never read",
        '("grpc.http2.bdp_probe", 1),',
        "http2/test_http2_floods.py::test_a_watch_that_goes_on_after_its_request",
    ),
    Guard(
        "the number of connections",
        '("grpc.max_allowed_incoming_connections", 10**6),',
        "calls/test_admission_limits.py::test_no_more_connections_than_the_limit",
    ),
    Guard(
        "connections without a call",
        "",
        "calls/test_idle_connections.py::test_a_connection_without_a_call_is_ended",
    ),
    Guard(
        "a file for a probe",
        "",
        "calls/test_idle_connections.py::test_probes_are_answered_while_all_connections_are_taken",
    ),
    Guard(
        "the number of calls on a connection",
        '("grpc.max_concurrent_streams", 10**6),',
        "calls/test_admission_limits.py::test_no_more_calls_on_a_connection_than_the_limit",
    ),
    Guard(
        "who keeps to the calls of a connection is served",
        "",
        "calls/test_admission_limits.py::test_callers_wait_for_their_turn_on_a_connection",
    ),
    Guard(
        "calls that were reset, of one connection",
        '("grpc.http.overload_protection", 0),',
        "http2/test_reset_calls.py",
    ),
    Guard(
        "calls that were reset, of all connections",
        "_MOST_PENDING = 2**31 - 1",
        "http2/test_reset_calls.py",
    ),
    Guard(
        "one server a port",
        '("grpc.so_reuseport", 1),',
        "server/test_process.py::test_a_port_that_is_taken",
    ),
    Guard(
        "rows are counted before they are parsed",
        "pass",
        "houses/test_wire_scan.py::test_4_mib_of_empty_houses_are_refused_without_being_parsed",
    ),
    Guard(
        "rows of longer tags are counted",
        "if data.count(last) + data.count(last | _MORE) * 0 <= most:",
        "houses/test_wire_scan.py::test_a_tag_may_be_longer_than_it_needs_be",
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
        "the number of models in memory",
        "self._loaded.make_room(lambda: False)",
        "services/test_pinned_models.py::test_all_streams_of_the_oldest_model_make_room",
    ),
    Guard(
        "the lines of the log",
        "if False:",
        "base/test_log_flood.py",
    ),
    Guard(
        "a caller that hangs up behind requests ahead",
        "pass",
        "rest/grpc/test_passing.py::test_a_caller_that_hangs_up_cancels_the_call",
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
        "the length of a statement",
        "if False:",
        "registry/test_downgrade.py::test_what_is_no_statement",
    ),
    Guard(
        "the signature of a statement",
        "if False:",
        "registry/test_downgrade.py::test_a_bundles_signature_is_no_statements",
    ),
    Guard(
        "what a statement is about",
        "if False:",
        "registry/test_downgrade.py::test_a_statement_of_something_else_is_none",
        lines=6,
    ),
    Guard(
        "no older statement",
        "if False:",
        "registry/test_downgrade.py::test_an_older_statement_counts_where_no_later_one_was_seen",
    ),
    Guard(
        "the depth of parameters",
        "if False:",
        "bundle/test_card.py::test_what_no_card_can_say_is_refused",
    ),
    Guard(
        "the digest of evidence",
        "if False:",
        "admin/gate/test_promotion.py::test_a_tag_that_no_gate_has_written_is_none",
    ),
    Guard(
        "an answer of a collector without end",
        "content = response.raw.read()",
        "metrics/test_tracing.py::test_an_answer_without_end_is_not_held",
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
        "the head of a scrape",
        "if False:",
        "metrics/test_metrics_exposition.py::test_a_head_has_16_kib",
    ),
    # How long
    Guard(
        "the wait for a message",
        "if True:",
        "calls/test_call_pool.py::test_calls_of_headers_only_are_ended",
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
        "the deadline of a long batch",
        "",
        "calls/test_deadline.py::test_many_houses_end_between_two_parts_when_their_deadline_passes",
    ),
    Guard(
        "the wait for a chunk",
        "return pacer.next(left)",
        "services/test_stream_limits.py::test_a_stream_that_says_nothing_is_ended",
    ),
    Guard(
        "the wait for a reader",
        "while self._wanted.get():",
        "services/test_stream_pace.py::test_not_asking_for_long_abandons_the_stream",
    ),
    Guard(
        "a model that spins",
        "",
        "services/test_evaluation_watchdog.py::test_an_evaluation_that_takes_too_long_is_told_until_it_ends",
    ),
    Guard(
        "a worker whose model spins is replaced",
        "",
        "workers/test_workers_stuck.py::test_a_worker_whose_model_spins_is_replaced",
    ),
    Guard(
        "a stop whatever threads do",
        "sys.exit(code)",
        "services/test_evaluation_watchdog.py::test_a_stop_ends_in_order_while_the_model_spins",
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
        "how long a model's name may be",
        "Text = str",
        "bundle/test_format.py::test_what_is_told_has_a_limit",
    ),
    # What our own faults tell
    Guard(
        "a fixed text for our own faults",
        "return ServingError(Reason.INTERNAL, str(raised))",
        "calls/test_call_end.py::test_a_handler_that_breaks_tells_the_log_and_not_the_caller",
    ),
    Guard(
        "also what is no Exception",
        "except Exception as raised:",
        "calls/test_admission.py::test_a_handler_raises_even_systemexit",
    ),
    Guard(
        "details that a client can read",
        "for violation in error.violations",
        "base/test_errors.py::test_details_stay_small_however_much_is_wrong",
    ),
    # What is priced
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
    Guard(
        "explanations that a bundle has not",
        "if False:",
        "services/test_honest_answers.py::test_a_bundle_of_format_1_serves_without_and_says_so",
    ),
    Guard(
        "intervals that a bundle has not",
        "if False:",
        "services/test_honest_answers.py::test_a_bundle_of_format_1_serves_without_and_says_so",
    ),
    Guard(
        "the budget of explanations",
        "if False:",
        "services/test_explainer.py::test_one_price_is_always_explained",
    ),
    Guard(
        "workers that explanations leave to prices",
        "if False:",
        "services/test_explainer.py::test_prices_do_not_wait_for_explanations",
    ),
    Guard(
        "prices are finite",
        "if False:",
        "bundle/test_bundle_model.py::test_a_price_that_is_no_number_is_refused",
    ),
    # What is served
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
        "a trial in a child",
        "",
        "model/test_manager.py::test_a_trial_that_fails_leaves_the_old_model_live",
        lines=2,
    ),
    Guard(
        "the memory of a trial",
        "(resource.RLIMIT_AS, 2**40),",
        "model/test_child_limits.py::test_a_bundle_that_takes_all_memory",
    ),
    Guard(
        "the time of a child",
        "out, err = child.communicate(json.dumps(document).encode(), timeout=None)",
        "model/test_child_processes.py",
    ),
    Guard(
        "large bodies one at a time",
        "if True:",
        "rest/test_load.py::test_others_have_their_turn_between_large_bodies",
        lines=2,
    ),
    Guard(
        "the bytes of answers that nobody takes",
        "while False:",
        "calls/test_unread_responses.py::test_of_too_many_bytes_the_oldest_goes",
    ),
    Guard(
        "one question at a time",
        "if False:",
        "model/test_child_processes.py::test_a_question_that_hangs_is_left_alone",
    ),
    Guard(
        "the time of a fetch",
        "signal.setitimer(signal.ITIMER_REAL, 0)",
        "registry/test_registry_times.py::test_what_is_fetched_has_its_time",
    ),
    Guard(
        "the time of a whole answer",
        "pass",
        "registry/test_registry_times.py::test_an_answer_that_drips_ends_in_time",
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
        "model/test_manager.py::test_a_bundle_that_is_replaced_while_it_is_read_is_refused",
    ),
    Guard(
        "a worker that hangs is replaced",
        "if False:",
        "workers/test_worker_slot.py::test_a_worker_that_hangs_is_replaced",
    ),
    Guard(
        "a lane to each process",
        "return False",
        "rest/grpc/test_relay.py::test_each_process_of_a_server_has_a_lane",
    ),
    Guard(
        "one automatic rollback a version",
        "if same:",
        "services/test_rollback.py::test_three_faults_of_any_kind_go_back_by_themselves",
    ),
    Guard(
        "what was rolled back does not come back by itself",
        "if False:",
        "model/test_follower.py::test_what_was_rolled_back_is_refused_once",
    ),
    Guard(
        "versions without end, none of which is ever served",
        "pass",
        "registry/test_cache.py::test_versions_that_never_serve_do_not_fill_the_disk",
    ),
    Guard(
        "a recipe that never ends, or takes all memory",
        "if False:",
        "admin/training/test_recipe_of_bundle.py::test_one_that_cannot_be_trained_any_more",
    ),
    # What houses sold for
    Guard(
        "an outcome that is sent again counts once",
        "return Recorded.CORRECTED",
        "feedback/test_merging.py::test_one_outcome",
    ),
    Guard(
        "what houses sold for is its owner's",
        "os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o666))",
        "feedback/test_store.py::test_the_file_is_its_owners",
    ),
    Guard(
        "the file that is written is the one that is there",
        "if False:",
        "feedback/test_store.py::test_a_file_that_was_taken_away_is_made_anew",
    ),
    Guard(
        "features are kept where that is asked for",
        '"features": receipt.row,',
        "feedback/test_store.py::test_features_are_kept_only_where_that_is_wanted",
    ),
    Guard(
        "the tables of a newer release",
        "if False:",
        "feedback/test_store.py::test_the_tables_of_a_newer_release_are_refused",
    ),
    Guard(
        "a URL that may hold a password is not shown",
        'raise FeedbackUrlError(f"{SETTING}={text}: is no {_FORMS}")',
        "feedback/test_store_away.py::test_a_url_that_is_wrong_ends_the_start",
    ),
    Guard(
        "a receipt counts once in a request",
        "if False:",
        "feedback/test_record_outcomes.py::test_a_receipt_counts_once_in_a_request",
    ),
    *(
        Guard(
            name,
            "if False:",
            "feedback/test_record_outcomes.py::test_each_fault_is_of_its_item_alone",
        )
        for name in (
            "the age of a receipt",
            "a moment that is one",
            "an outcome in the future",
            "a price that is one",
            "a price in another unit",
            "a source that can be kept and shown",
        )
    ),
    # Receipts
    Guard(
        "no receipts of a matrix",
        "pass",
        "services/test_receipts.py::test_a_matrix_has_no_receipts",
    ),
    Guard(
        "a receipt is one text",
        "if False:",
        "receipts/test_sealing.py::test_a_receipt_is_one_text",
    ),
    Guard(
        "a receipt takes a key",
        "if False:",
        "services/test_receipts.py::test_a_server_without_keys_says_what_to_do",
    ),
    Guard(
        "the key of this machine is its owner's",
        "handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)",
        "receipts/test_receipt_key_file.py::test_a_machine_has_one_key_of_its_own_for_its_owner",
    ),
    Guard(
        "the number of keys",
        "if False:",
        "receipts/test_receipt_key_file.py::test_a_file_that_cannot_be_used",
    ),
    Guard(
        "a wrong line of a key file is not shown",
        'raise SealingKeyError(f"{where}: {text} is not {2 * KEY_BYTES} hexadecimal digits")',
        "receipts/test_receipt_key_file.py::test_a_wrong_line_is_named_and_not_shown",
    ),
    # Challengers
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
    Guard(
        "two models predict the same",
        "if False:",
        "challenger/test_shadow.py::test_models_that_predict_something_else_are_not_compared",
    ),
    Guard(
        "a share is a number",
        "if False:",
        "challenger/test_challenge_tags.py::test_what_is_no_share_is_a_fault_and_nothing_is_compared",
    ),
    Guard(
        "a challenger is a version",
        "if False:",
        "challenger/test_challenge_tags.py::test_what_is_no_version_is_a_fault",
    ),
    # What the registry says
    Guard(
        "the bundle that a server may go back to",
        "return {noted.digest for noted in notes if noted}",
        "registry/test_cache.py::test_the_bundle_that_a_server_may_go_back_to_is_kept",
    ),
    Guard(
        "the places that commands take files to",
        "if False:",
        "admin/tracking/test_hostile_versions.py::test_no_stranger_is_sent_the_password",
    ),
)
