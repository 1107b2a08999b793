"""Every metric of the server: name, type, labels, meaning, and how many servers' become one."""

from housing_grpc.base.metric_family import Family, Merge

MODEL_INFO = "housing_model_info"
LOADED = "housing_model_loaded_timestamp_seconds"
DRIFT_WINDOW = "housing_feature_drift_window"
DRIFT_PSI = "housing_feature_drift_psi"
DRIFT_ROWS = "housing_feature_drift_rows"
P_WINDOW = "housing_applicability_window"
JOINT_DRIFT = "housing_joint_drift_ks"
WIDTH_WINDOW = "housing_expected_error_window"
EXPECTED_MAE = "housing_expected_mae"

# A prediction takes a fraction of a millisecond, a reload seconds, a stream up to an hour.
SECONDS = (
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
    0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
)  # fmt: skip
PRICES = (5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0, 45.0, 50.0, 60.0, 80.0, 100.0)
WIDTHS = (2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 12.0, 15.0, 20.0, 30.0, 50.0)
P_VALUES = (0.002, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
# A minute, an hour, a day, a week, and so on: houses are sold months after they were priced.
LAGS = (60.0, 3600.0, 86400.0, 604800.0, 2592000.0, 7776000.0, 15552000.0, 31536000.0)

SHADOW_SUMS = "housing_shadow_sums"
# Versions of the live model, and of the one that is compared with it.
_PAIR = ("champion", "challenger")
_CALL = ("grpc_type", "grpc_service", "grpc_method")


def _counter(name: str, text: str, *labels: str, always: bool = True) -> Family:
    return Family(name=name, kind="counter", help=text, labels=labels, always=always)


def _gauge(
    name: str, text: str, *labels: str, merge: Merge = Merge.SUM, always: bool = True
) -> Family:
    return Family(name=name, kind="gauge", help=text, labels=labels, merge=merge, always=always)


def _histogram(name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Family:
    return Family(name=name, kind="histogram", help=text, labels=labels, buckets=buckets)


def _live(name: str, text: str) -> Family:
    # Workers read one store: what they say is the same, and is no part of a sum.
    return _gauge(f"housing_live_{name}", text, "version", merge=Merge.LATEST, always=False)


_CALLS = (
    _counter("prediction_requests_total", "Prediction calls that ended, ok or error.",
             "method", "status"),
    _histogram("prediction_latency_seconds", "Time that prediction calls took, failed ones too.",
               SECONDS, "method"),
    _counter("grpc_server_started_total", "Calls that began.", *_CALL),
    _counter("grpc_server_handled_total", "Calls that ended, by status code.",
             *_CALL, "grpc_code"),
    _counter("grpc_server_msg_received_total", "Messages that callers sent.", *_CALL),
    _counter("grpc_server_msg_sent_total", "Messages that callers were sent.", *_CALL),
    _histogram("grpc_server_handling_seconds", "Time that calls took.", SECONDS, *_CALL),
    _counter("housing_rejected_total", "Calls that were turned away, by reason.", "reason"),
    _counter("housing_stuck_evaluations_total",
             "Evaluations of the model that took longer than they may."),
    _gauge("housing_calls_in_flight", "Calls that have begun and not ended."),
    _gauge("housing_queue_depth", "Calls that wait for a worker."),
    _gauge("housing_streams_open", "Prediction streams that are open."),
)  # fmt: skip

_PREDICTIONS = (
    _histogram("prediction_values", "Predicted prices, in thousands of dollars.", PRICES),
    _counter("out_of_range_features_total", "Values outside the range of the training data.",
             "feature"),
    _counter("housing_imputed_features_total", "Values that were missing and filled in.",
             "feature"),
    _counter("housing_rows_rejected_total", "Houses that could not be scored, by reason.",
             "reason"),
    _gauge(DRIFT_PSI, "Population stability index of the latest houses against the training data.",
           "feature", always=False),
    _gauge(DRIFT_ROWS, "Houses that the population stability index is computed from."),
)  # fmt: skip

_HONESTY = (
    _histogram("prediction_interval_width",
               "Distance between the two ends of intervals of 90 %, in thousands of dollars.",
               WIDTHS),
    _histogram("housing_applicability_p_value",
               "p-values of houses: small where a house is unlike any of the training data.",
               P_VALUES),
    _counter("housing_unlike_training_total",
             "Houses unlike any of the training data: with a p-value below 0.01."),
    _gauge(JOINT_DRIFT,
           "Kolmogorov-Smirnov distance of the latest houses' p-values from even ones, 0 to 1.",
           always=False),
    _gauge(EXPECTED_MAE,
           "Mean absolute error to be expected of the latest houses by their intervals, in"
           " thousands of dollars.", always=False),
    _counter("housing_explanations_total", "Prices that were explained, by method.", "method"),
    _histogram("housing_explanation_seconds",
               "Time that explaining took, of a call, or of a part of a larger one.", SECONDS),
)  # fmt: skip

_FEEDBACK = (
    _counter("housing_feedback_total",
             "Outcomes that were sent: new, same, corrected, retracted, or why they were not"
             " taken.", "result"),
    _histogram("housing_feedback_lag_seconds",
               "Time from a price to the first outcome of it.", LAGS),
    _live("labels", "Outcomes that the figures of a version come from: its latest, 1,000 at most."),
    _live("summed_error", "Sum over them of price minus true price, in thousands of dollars."),
    _live("summed_absolute_error", "Sum over them of the absolute error."),
    _live("summed_squared_error", "Sum over them of the squared error."),
    _live("rmse", "Root of the mean squared error, in thousands of dollars."),
    _live("mae", "Mean absolute error, in thousands of dollars."),
    _live("bias", "What prices were too high by on average, in thousands of dollars."),
    _live("skill", "RMSE of the outcomes divided by that which training measured."),
    _live("interval_labels", "Those of the outcomes whose price had an interval of 90 %."),
    _live("interval_covered", "Those of these that lay within it."),
    _live("interval_coverage_ratio", "The share of these, 0 to 1."),
    _live("interval_coverage_lower", "Lower end of the Wilson interval of 95 % of that share."),
    _live("interval_coverage_upper", "Upper end of it."),
    _live("coverage_detector",
          "Shiryaev-Roberts statistic of misses: from 100,000 on, intervals hold too little."),
)  # fmt: skip

_CHALLENGER = (
    _gauge("housing_challenger_info", "1, with what is known of the challenger.",
           "version", "digest", merge=Merge.LATEST, always=False),
    _gauge("housing_challenger_fault", "1 if the challenger cannot be loaded, 0 if it is.",
           merge=Merge.LATEST, always=False),
    _gauge("housing_challenger_shadow", "Share of houses that the challenger prices unseen.",
           merge=Merge.LATEST, always=False),
    _gauge("housing_challenger_share", "Share of calls that the challenger answers.",
           merge=Merge.LATEST, always=False),
    _counter("housing_shadow_rows_total",
             "Houses of the shadow: scored by both models, dropped, or failed.",
             *_PAIR, "result", always=False),
    _gauge("housing_shadow_difference",
           "Mean of the challenger's price minus the live model's, in thousands of dollars.",
           *_PAIR, always=False),
    _gauge("housing_shadow_absolute_difference", "Mean size of that.", *_PAIR, always=False),
    _gauge("housing_shadow_outside_interval_ratio",
           "Share of houses whose price by the challenger lies outside the live model's interval.",
           *_PAIR, always=False),
    _counter("housing_split_answers_total",
             "Calls that champion or challenger answered, or the champion as the other failed.",
             "variant"),
    _gauge("housing_challenger_verdict", "1 for what the verdict is, 0 for what it is not.",
           *_PAIR, "outcome", merge=Merge.LATEST, always=False),
    _gauge("housing_challenger_labels", "Outcomes whose house both models have priced.",
           *_PAIR, merge=Merge.LATEST, always=False),
    _gauge("housing_challenger_loss_difference",
           "Mean of the challenger's squared error minus the live model's, and its bounds.",
           *_PAIR, "bound", merge=Merge.LATEST, always=False),
)  # fmt: skip

_MODEL = (
    _gauge(MODEL_INFO, "1, with what is known of the live model.",
           "name", "version", "digest", "model_type", "preprocessing", "evaluator",
           merge=Merge.LATEST, always=False),
    _gauge(LOADED, "When the live model went live, in Unix time.",
           merge=Merge.LATEST, always=False),
    _gauge("housing_model_stale",
           "1 if the live model is the last known one: no registry, or no statement.",
           merge=Merge.LATEST, always=False),
    _gauge("housing_model_generation", "How many models have gone live, this one included.",
           merge=Merge.LATEST, always=False),
    _gauge("model_load_time_seconds", "Time from asking for the live model to its being live.",
           merge=Merge.MAX, always=False),
    _counter("housing_model_reloads_total", "Reloads: changed, unchanged, or why they failed.",
             "result"),
    _counter("housing_model_rollbacks_total",
             "Returns to the previous model: by request, or automatic.", "cause"),
)  # fmt: skip

_PROCESS = (
    _gauge("housing_build_info", "1, with the version of the server.", "version",
           merge=Merge.LATEST),
    _gauge("housing_grpcio_fallback",
           "1 if workers wait for messages, as the grpcio that is installed is another one.",
           merge=Merge.MAX),
    _gauge("housing_tls_certificate_expiry_timestamp_seconds",
           "When the server's certificate expires, in Unix time; only with TLS.",
           merge=Merge.MIN, always=False),
    _gauge("process_virtual_memory_bytes", "Virtual memory size in bytes."),
    _gauge("process_resident_memory_bytes", "Resident memory size in bytes."),
    _gauge("process_start_time_seconds", "Start time of the process in Unix time.",
           merge=Merge.MIN),
    _counter("process_cpu_seconds_total", "User and system CPU time spent in seconds."),
    _gauge("process_open_fds", "Number of open file descriptors."),
    _gauge("process_max_fds", "Maximum number of open file descriptors.", merge=Merge.MIN),
    _gauge("python_info", "1, with the version of Python.",
           "version", "implementation", "major", "minor", "patchlevel", merge=Merge.LATEST),
    _counter("python_gc_objects_collected_total", "Objects collected during gc.", "generation"),
    _counter("python_gc_objects_uncollectable_total", "Uncollectable objects found during gc.",
             "generation"),
    _counter("python_gc_collections_total", "Number of times this generation was collected.",
             "generation"),
)  # fmt: skip

DOCUMENTED: tuple[Family, ...] = (
    *_CALLS, *_PREDICTIONS, *_HONESTY, *_FEEDBACK, *_CHALLENGER, *_MODEL, *_PROCESS,
)  # fmt: skip

_WINDOWS = tuple(
    Family(
        name=name,
        kind="window",
        help="Not exposed: what the metrics of the latest houses are made of.",
        labels=labels,
        merge=Merge.WINDOW,
    )
    for name, labels in ((DRIFT_WINDOW, ("feature",)), (P_WINDOW, ()), (WIDTH_WINDOW, ()))
)

_SUMS = Family(
    name=SHADOW_SUMS,
    kind="sums",
    help="Not exposed: what the metrics of a shadow are made of.",
    labels=_PAIR,
)

# All that a state holds.
FAMILIES: tuple[Family, ...] = (*DOCUMENTED, *_WINDOWS, _SUMS)
