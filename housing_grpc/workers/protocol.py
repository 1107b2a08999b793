"""What supervisor and workers say to each other."""

from typing import TypeAlias

import msgspec

from housing_grpc.access.callers import Key
from housing_grpc.base.errors import Reason, ServingError, Violation
from housing_grpc.bundle.digest import Digest
from housing_grpc.bundle.metadata import Metadata
from housing_grpc.metrics.state import State
from housing_grpc.model.challenge import Challenge
from housing_grpc.model.live import ReleaseFacts
from housing_grpc.model.reload_manager import DryRun, Reloaded
from housing_grpc.serving.start_checks import Fallback
from housing_grpc.settings import Settings


class Message(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Base of all messages."""


class KeyRing(msgspec.Struct, frozen=True, kw_only=True):
    """Who may call, where in the shared memory each rate is counted, and what seals receipts.

    Attributes:
        keys: None if none are configured.
        places: By the name of the caller.
        receipt_keys: The first seals, all of them open; None if receipts are off.
    """

    keys: tuple[Key, ...] | None
    places: dict[str, int]
    receipt_keys: tuple[bytes, ...] | None = None


# From the supervisor to a worker.


class Configure(Message, frozen=True, kw_only=True):
    """Be a server with these settings, which listens when it is asked to."""

    settings: Settings
    ring: KeyRing


class Listen(Message, frozen=True, kw_only=True):
    """Take the port and answer."""


class Prepare(Message, frozen=True, kw_only=True):
    """Make a bundle ready to go live; without files, one that is in memory already.

    The files have been verified; that of the signature is not among them.
    """

    digest: Digest
    metadata: Metadata | None = None
    blobs: dict[str, bytes] = {}
    beside: bool = False
    """Whether it is to be compared with the live model, and not to go live."""


class Commit(Message, frozen=True, kw_only=True):
    """Let what was made ready go live."""

    facts: ReleaseFacts


class Compare(Message, frozen=True, kw_only=True):
    """Compare what was made ready beside the live model with that, or nothing any more."""

    challenge: Challenge


class Abort(Message, frozen=True, kw_only=True):
    """Drop what was made ready."""


class Forget(Message, frozen=True, kw_only=True):
    """Let go of the model before the one that is live."""


class Count(Message, frozen=True, kw_only=True):
    """Tell all that you have counted."""


class Rekey(Message, frozen=True, kw_only=True):
    """Take other keys."""

    ring: KeyRing


class Stop(Message, frozen=True, kw_only=True):
    """Drain, finish the calls in flight, and end."""


# From a worker to the supervisor.


class Reload(Message, frozen=True, kw_only=True):
    """A caller wants another version to be live."""

    version: str | None
    alias: str | None
    dry_run: bool = False


class Rollback(Message, frozen=True, kw_only=True):
    """A caller wants the model before to be live again."""


class ModelFailed(Message, frozen=True, kw_only=True):
    """The model of a generation gave what is no price."""

    generation: int


class Total(Message, frozen=True, kw_only=True):
    """A caller wants to know what all workers have counted."""


class Leaving(Message, frozen=True, kw_only=True):
    """The last word of a worker that ends in order: all that it has counted."""

    state: State


# Answers.


class Done(Message, frozen=True, kw_only=True):
    """It is done."""


class Configured(Message, frozen=True, kw_only=True):
    """It is a server now."""

    fallbacks: tuple[Fallback, ...]


class Prepared(Message, frozen=True, kw_only=True):
    """The bundle is ready to go live."""

    evaluator: str


class Counted(Message, frozen=True, kw_only=True):
    """All that a worker has counted."""

    state: State


class Failed(Message, frozen=True, kw_only=True):
    """It cannot be done; a caller may see all of this."""

    reason: Reason
    message: str
    violations: tuple[Violation, ...] = ()
    retry_seconds: float | None = None

    @classmethod
    def of(cls, error: ServingError) -> "Failed":
        """Returns the message that carries an error."""
        return cls(
            reason=error.reason,
            message=error.message,
            violations=error.violations,
            retry_seconds=error.retry_seconds,
        )

    def error(self) -> ServingError:
        """Returns the error that it carries."""
        return ServingError(
            self.reason,
            self.message,
            violations=self.violations,
            retry_seconds=self.retry_seconds,
        )


class Refused(Message, frozen=True, kw_only=True):
    """A worker cannot start: the text for people, and the exit code."""

    message: str
    exit_code: int


Order: TypeAlias = (
    Configure | Listen | Prepare | Commit | Compare | Abort | Forget | Count | Rekey | Stop
)
Question: TypeAlias = Order | Reload | Rollback | ModelFailed | Total | Leaving
Answer: TypeAlias = Done | Configured | Prepared | Counted | Failed | Refused | Reloaded | DryRun


class Asked(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A question, and by which number its answer refers to it."""

    number: int
    question: Question


class Answered(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The answer to the question of that number."""

    number: int
    answer: Answer


Frame: TypeAlias = Asked | Answered

# Made here, as documents are (bundle/document.py): two threads that make theirs at once can crash.
DECODER: msgspec.msgpack.Decoder[Frame] = msgspec.msgpack.Decoder(Frame)
