"""Names of the tags by which one part of the admin side finds what another one logged."""

MODEL_ID_TAG = "bundle_model_id"
"""Tag of a run: the logged model that holds its bundle. Set once that is whole."""

SEED_TAG = "seed"
"""Tag of a run that `seed` trained: what it trained."""

DATA_FILE_TAG = "data_file"
"""Tag of a run and of a version: the name of the file that it was trained on."""

DATA_PATH_TAG = "data_path"
"""Tag of a run: where that file was."""

BUNDLE_BYTES_TAG = "bundle_bytes"
"""Tag of a run and of a version: how many bytes the files of its bundle have."""

REGISTERED_BY_TAG = "registered_by"
"""Tag of a version: who registered it."""

LOCK_TAG = "process_lock"
"""Tag of a run: the file that its process holds locked; see `admin.tracking.run_locks`."""

UPGRADED_TAG = "upgraded_from"
"""Tag of a run that `upgrade` made: the number of the version whose model it holds."""

VERDICT_TAG = "gate_verdict"
"""Tag of a version: what the gate that looked at it last says, for people."""

EVIDENCE_TAG = "gate_evidence"
"""Tag of a version: what that gate found it from, as JSON; see `admin.gate.kept`."""

BASE_DIGEST_TAG = "base_digest"
"""Tag of a run that `retrain` made: SHA-256 of the file that what was sold was added to."""

BASE_PATH_TAG = "base_path"
"""Tag of such a run: where that file was."""

FRESH_DIGEST_TAG = "fresh_digest"
"""Tag of such a run: SHA-256 of the file of houses that were sold and kept for the gate."""

FRESH_PATH_TAG = "fresh_path"
"""Tag of such a run: where that file was."""

PARENT_TAG = "parent_digest"
"""Tag of such a run: the digest of the bundle that was promoted then."""

LEARNED_TAG = "learned_until"
"""Tag of such a run: when the newest outcome that it knew was recorded, in µs of Unix time."""

CARD_TAG = "model_card"
"""Tag of a run: the card of its bundle, in words."""
