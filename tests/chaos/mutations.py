"""Guards of the server: what each looks like, without it, and the test that misses it."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Guard:
    """A line that keeps something out.

    Attributes:
        name: What it guards.
        file: Where it is, within `housing_grpc`.
        line: As it stands there, once.
        without: The same without the guard.
        test: What fails then, within `tests`.
    """

    name: str
    file: str
    line: str
    without: str
    test: str


def _guard(name: str, file: str, line: str, without: str, test: str) -> Guard:
    return Guard(name=name, file=file, line=line, without=without, test=test)


GUARDS: tuple[Guard, ...] = (
    # Who may call
    _guard(
        "a key is needed", "access/callers.py",
        "caller = self._identified(self._callers, metadata)", "caller = self._anonymous",
        "access/test_callers.py::test_no_key_a_wrong_one_two",
    ),
    _guard(
        "one key, once", "access/callers.py",
        "if len(shown) == 1 else None", "if shown else None",
        "access/test_callers.py::test_no_key_a_wrong_one_two",
    ),
    _guard(
        "the role", "access/callers.py",
        "if caller.role not in roles:", "if not roles:",
        "access/test_callers.py::test_a_predict_key_on_reloadmodel",
    ),
    _guard(
        "a method needs a rule", "access/callers.py",
        "roles = RULES.get(path)", "roles = RULES.get(path, _ANYONE)",
        "access/test_callers.py::test_a_method_without_an_access_rule",
    ),
    _guard(
        "no empty key by its digest", "access/keys.py",
        'if hashed == digest(""):', "if False:",
        "access/test_keys.py::test_a_wrong_line_is_named_and_not_shown",
    ),
    _guard(
        "a wrong line is not shown", "access/keys.py",
        "not {len(parts)} words", "not {parts}",
        "access/test_keys.py::test_a_wrong_line_is_named_and_not_shown",
    ),
    _guard(
        "loopback without a key", "settings.py",
        "if not (has_key or chosen.allow_unauthenticated or is_loopback(chosen.grpc_host)):",
        "if False:",
        "server/test_server_settings.py::test_other_machines_are_served_with_a_key_or_if_told_so",
    ),
    _guard(
        "clients show a certificate", "serving/tls.py",
        "self._files.client_ca is not None,", "False,",
        "serving/test_tls.py::test_a_client_without_a_certificate_where_one_is_asked_for",
    ),
    _guard(
        "the key belongs to the certificate", "serving/tls.py",
        "ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(", "(lambda *_, **__: None)(",
        "serving/test_tls.py::test_files_that_are_broken_keep_the_old_certificate",
    ),
    # What is slower is said
    _guard(
        "a message is the one that was sent", "calls/arrival_proof.py",
        "if (found := answer.result()) != expected:", "if (found := answer.result()) is None:",
        "calls/test_arrival_proof.py::test_another_grpcio_is_noticed_and_workers_wait",
    ),
    _guard(
        "a broken extension is no missing one", "bundle/extension.py",
        "if not files:", "if folder:",
        "bundle/test_extension.py::test_one_that_is_broken",
    ),
    _guard(
        "one warning of all workers", "workers/fleet.py",
        "if fallback not in self._warned:", "if fallback:",
        "calls/test_arrival_proof.py::test_of_several_processes_there_is_one_warning",
    ),
    # How much
    _guard(
        "the rate", "calls/gate.py",
        "            _check_rate(call)\n", "",
        "access/test_rate_limit.py::test_a_burst_passes_and_no_other_key_pays",
    ),
    _guard(
        "the rate of chunks", "calls/streaming.py",
        "            _wait_for(self._limit)\n", "            pass\n",
        "access/test_rate_limit.py::test_a_stream_whose_turn_is_far_off_is_told_so",
    ),
    _guard(
        "an owner's count stays", "access/callers.py",
        "limits = {caller.name: caller.limit for caller in (self._callers or {}).values()}",
        "limits = {}",
        "access/test_rate_limit.py::test_an_owner_keeps_what_was_counted",
    ),
    _guard(
        "room in the queue", "calls/gate.py",
        "            route.check_room(call)\n", "",
        "calls/test_gate.py::test_a_full_queue_refuses_before_there_is_a_message",
    ),
    _guard(
        "the size of a message", "serving/limits.py",
        '("grpc.max_receive_message_length", chosen.max_message_bytes)',
        '("grpc.max_receive_message_length", -1)',
        "calls/test_gate_limits.py::test_a_message_over_the_limit",
    ),
    _guard(
        "the number of connections", "serving/limits.py",
        '("grpc.max_allowed_incoming_connections", chosen.max_connections)',
        '("grpc.max_allowed_incoming_connections", 10**6)',
        "calls/test_gate_limits.py::test_no_more_connections_than_the_limit",
    ),
    _guard(
        "connections without a call", "serving/limits.py",
        '("grpc.max_connection_idle_ms", round(chosen.connection_idle_seconds * 1000)),', "",
        "calls/test_idle_connections.py::test_a_connection_without_a_call_is_ended",
    ),
    _guard(
        "a file for a probe", "serving/endpoint.py",
        "        limits.allow_files(chosen)\n", "",
        "server/test_idle_connections.py"
        "::test_probes_are_answered_while_all_connections_are_taken",
    ),
    _guard(
        "the number of calls on a connection", "serving/limits.py",
        '("grpc.max_concurrent_streams", chosen.max_calls_per_connection)',
        '("grpc.max_concurrent_streams", 10**6)',
        "calls/test_gate_limits.py::test_no_more_calls_on_a_connection_than_the_limit",
    ),
    _guard(
        "who keeps to the calls of a connection is served", "serving/limits.py",
        '("grpc.http2.max_deallocating_streams", chosen.max_calls_per_connection),', "",
        "calls/test_gate_limits.py::test_callers_wait_for_their_turn_on_a_connection",
    ),
    _guard(
        "calls that were reset, of one connection", "serving/limits.py",
        '("grpc.http.overload_protection", 1)', '("grpc.http.overload_protection", 0)',
        "http2/test_reset_calls.py",
    ),
    _guard(
        "calls that were reset, of all connections", "serving/limits.py",
        "_MOST_PENDING = 16_384", "_MOST_PENDING = 2**31 - 1",
        "http2/test_reset_calls.py",
    ),
    _guard(
        "one server a port", "serving/limits.py",
        '("grpc.so_reuseport", int(shared_port))', '("grpc.so_reuseport", 1)',
        "server/test_process.py::test_a_port_that_is_taken",
    ),
    _guard(
        "rows are counted before they are parsed", "calls/boundary.py",
        "                check(data)\n", "                pass\n",
        "houses/test_wire.py::test_4_mib_of_empty_houses_are_refused_without_being_parsed",
    ),
    _guard(
        "rows of longer tags are counted", "houses/wire.py",
        "| _MORE) <= most:", "| _MORE) * 0 <= most:",
        "houses/test_wire.py::test_a_tag_may_be_longer_than_it_needs_be",
    ),
    _guard(
        "a batch has rows", "houses/row_limit.py",
        "if count == 0:", "if count < 0:",
        "predict/test_predict_batch.py::test_no_rows",
    ),
    _guard(
        "the rows of a matrix", "houses/row_limit.py",
        "if count > limit:", "if count > 10 * limit:",
        "predict/test_stream_refusals.py::test_a_wrong_chunk_ends_the_stream",
    ),
    _guard(
        "the number of streams", "calls/stream_slots.py",
        "if self.count() >= self._most:", "if False:",
        "predict/test_stream_limits.py::test_one_stream_too_many_is_told_when_to_come_back",
    ),
    _guard(
        "the number of streams of a key", "calls/stream_slots.py",
        "if name and self._open[name] >= self._most_of_key:", "if False:",
        "predict/test_stream_limits.py::test_one_key_does_not_hold_all_streams",
    ),
    _guard(
        "the number of models in memory", "model/live.py",
        "lambda: self.pins.retire_oldest(serving)", "lambda: False",
        "predict/test_pins.py::test_all_streams_of_the_oldest_model_make_room",
    ),
    # How long
    _guard(
        "the wait for a message", "calls/overdue.py",
        "if since > latest:", "if True:",
        "calls/test_call_pool.py::test_calls_of_headers_only_are_ended",
    ),
    _guard(
        "the longest wait gives way", "calls/call_pool.py",
        "            oldest.cancel()\n", "            pass\n",
        "calls/test_call_pool.py::test_the_oldest_of_too_many_waits_gives_way",
    ),
    _guard(
        "the queue's limits for messages that come late", "calls/unary.py",
        "            self._check_room(call)\n", "            pass\n",
        "calls/test_gate.py::test_messages_that_come_late_find_the_queue_as_full",
    ),
    _guard(
        "no worker waits for a message", "calls/call_pool.py",
        "if getattr(behaviour, \"experimental_thread_pool\", None) is self:",
        "if False:",
        "calls/test_call_pool.py::test_200_calls_of_headers_only",
    ),
    _guard(
        "the deadline of a long batch", "predict/service.py",
        "            check_active(context)\n", "",
        "calls/test_deadline.py::test_a_batch_ends_between_two_chunks_when_its_deadline_passes",
    ),
    _guard(
        "the wait for a chunk", "predict/stream.py",
        "return pacer.next(min(left, idle))", "return pacer.next(left)",
        "predict/test_stream_limits.py::test_a_stream_that_says_nothing_is_ended",
    ),
    _guard(
        "the wait for a reader", "calls/paced_reader.py",
        "while self._wanted.get(timeout=self._patience):", "while self._wanted.get():",
        "predict/test_stream_pace.py::test_not_asking_for_long_abandons_the_stream",
    ),
    _guard(
        "a model that spins", "serving/endpoint.py",
        "        self._health.stuck(threads > 0)\n", "",
        "calls/test_watchdog.py::test_an_evaluation_that_takes_too_long_is_told_until_it_ends",
    ),
    _guard(
        "a worker whose model spins is replaced", "serving/endpoint.py",
        "        self._parts.stuck()\n", "",
        "workers/test_workers_stuck.py::test_a_worker_whose_model_spins_is_replaced",
    ),
    _guard(
        "a stop whatever threads do", "base/signals.py",
        "    os._exit(code)\n", "    sys.exit(code)\n",
        "calls/test_watchdog.py::test_a_stop_ends_in_order_while_the_model_spins",
    ),
    _guard(
        "no worker waits for the next question", "calls/call_pool.py",
        "if not self.threadless_waits:\n            send(answer)",
        "if True:\n            send(answer)",
        "serving/test_reflection.py::test_a_hundred_idle_streams_keep_nobody_from_asking",
    ),
    _guard(
        "watchers that take no answer", "calls/health.py",
        "if latest is not None and self._threadless:", "if False:",
        "calls/test_health.py::test_watchers_that_take_no_answer_hold_up_nobody",
    ),
    _guard(
        "names that no service has", "calls/health.py",
        "            request.service = _UNKNOWN\n", "            pass\n",
        "calls/test_health.py::test_names_that_no_service_has_are_not_kept",
    ),
    _guard(
        "how long a model's name may be", "bundle/metadata.py",
        "Text = Annotated[str, msgspec.Meta(max_length=255)]", "Text = str",
        "bundle/test_format.py::test_what_is_told_has_a_limit",
    ),
    # What our own faults tell
    _guard(
        "a fixed text for our own faults", "calls/failure.py",
        '"internal error; the server\'s log has it by request id"', "str(raised)",
        "calls/test_boundary.py::test_a_handler_that_breaks_tells_the_log_and_not_the_caller",
    ),
    _guard(
        "also what is no Exception", "calls/unary.py",
        "except BaseException as raised:  # noqa: BLE001 - SystemExit, too: the call would hang",
        "except Exception as raised:",
        "calls/test_gate.py::test_a_handler_raises_even_systemexit",
    ),
    _guard(
        "details that a client can read", "base/status.py",
        "for violation in error.violations[:_MOST_VIOLATIONS]", "for violation in error.violations",
        "base/test_errors.py::test_details_stay_small_however_much_is_wrong",
    ),
    # What is priced
    _guard(
        "features are finite", "houses/decode.py",
        "elif not -_LARGEST <= value <= _LARGEST:", "elif False:",
        "predict/test_predict_refusals.py::test_a_value_that_is_no_finite_number",
    ),
    _guard(
        "features are in their domain", "houses/decode.py",
        "    validation.check_domains(values, path)\n", "",
        "predict/test_predict_refusals.py::test_a_value_outside_the_domain",
    ),
    _guard(
        "a house has a feature", "houses/decode.py",
        "if missing == _WIDTH:", "if False:",
        "predict/test_predict_refusals.py::test_no_feature_at_all",
    ),
    _guard(
        "prices are finite", "bundle/onnx_session.py",
        "if not np.isfinite(prices).all():", "if False:",
        "bundle/test_bundle_model.py::test_a_price_that_is_no_number_is_refused",
    ),
    # What is served
    _guard(
        "the checksum of a file", "bundle/format.py",
        "if hashlib.sha256(blob).hexdigest() != entry.sha256:", "if False:",
        "bundle/test_format.py::test_damage_is_refused",
    ),
    _guard(
        "the signature", "bundle/format.py",
        "        verifier.check(document, _signature(folder, names))\n", "        pass\n",
        "bundle/test_signature.py::test_one_that_nobody_signed",
    ),
    _guard(
        "the signature before anything is parsed", "bundle/format.py",
        "    if verifier is not None:\n        verifier",
        "    meta.decode(document)\n    if verifier is not None:\n        verifier",
        "bundle/test_signature.py::test_the_signature_is_checked_before_anything_is_parsed",
    ),
    _guard(
        "no links", "bundle/files.py",
        "entry.stat(follow_symlinks=False)", "entry.stat()",
        "bundle/test_files.py::test_a_link_is_seen_before_anything_is_read",
    ),
    _guard(
        "no links by exchange", "bundle/files.py",
        "os.O_RDONLY | os.O_NOFOLLOW |", "os.O_RDONLY |",
        "bundle/test_files.py::test_a_file_that_has_become_a_link",
    ),
    _guard(
        "no pickle by its name", "bundle/files.py",
        "if name.lower().endswith(_PICKLE_NAMES):", "if False:",
        "bundle/test_format.py::test_damage_is_refused",
    ),
    _guard(
        "no pickle by its content", "bundle/format.py",
        "if _PICKLE_START.match(blob):", "if False:",
        "bundle/test_format.py::test_damage_is_refused",
    ),
    _guard(
        "no paths", "bundle/format.py",
        "if not files.is_plain(name):", "if False:",
        "bundle/test_format.py::test_damage_is_refused",
    ),
    _guard(
        "no file too many", "bundle/format.py",
        "for name in sorted(names - listed - {METADATA_FILE, SIGNATURE_FILE}):",
        "for name in ():",
        "bundle/test_format.py::test_damage_is_refused",
    ),
    _guard(
        "a field of a graph comes once", "bundle/onnx/messages.py",
        "most = _MOST_REPEATED if field.repeated else 1", "most = _MOST_REPEATED",
        "bundle/onnx/test_fields.py::test_each_field_in_another_form_or_once_more_is_refused",
    ),
    _guard(
        "no circle in a tree", "bundle/onnx/trees.py",
        "    _check_parents(np.concatenate([roots, children[~is_leaf]]), splits)\n", "",
        "bundle/onnx/test_trees.py::test_a_circle_is_refused",
    ),
    _guard(
        "the golden rows", "bundle/model.py",
        "    bundle.self_test()\n", "",
        "bundle/test_bundle_model.py::test_a_wrong_golden_answer_is_refused",
    ),
    _guard(
        "a trial in a child", "model/manager.py",
        "            if not same_bundle:\n                self._trial(fetched.folder)\n", "",
        "model/test_manager.py::test_a_trial_that_fails_leaves_the_old_model_live",
    ),
    _guard(
        "the memory of a trial", "bundle/trial.py",
        "(resource.RLIMIT_AS, memory)", "(resource.RLIMIT_AS, 2**40)",
        "model/test_child_limits.py::test_a_bundle_that_takes_all_memory",
    ),
    _guard(
        "the time of a child", "model/children.py",
        "timeout=seconds)", "timeout=None)",
        "server/test_child.py",
    ),
    _guard(
        "one reload at a time", "model/manager.py",
        "if not self._reloading.acquire(blocking=False):", "if not self._reloading.acquire():",
        "model/test_reload_races.py::test_16_threads_of_50_reloads_are_ok_or_aborted",
    ),
    _guard(
        "a model that only a circle holds", "model/loaded.py",
        "            gc.collect()\n", "            pass\n",
        "model/test_reload_races.py::test_a_model_that_only_a_circle_holds_is_collected",
    ),
    _guard(
        "what was fetched is what is loaded", "model/live.py",
        "if bundle.digest != digest:", "if False:",
        "model/test_manager.py::test_a_bundle_that_is_replaced_while_it_is_read_is_refused",
    ),
    _guard(
        "a worker that hangs is replaced", "workers/worker_slot.py",
        "if hand.silent(self._silent_seconds) and not self._stopping.is_set():", "if False:",
        "workers/test_worker_slot.py::test_a_worker_that_hangs_is_replaced",
    ),
)  # fmt: skip
