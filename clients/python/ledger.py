"""What is under way in a stream, and how to go on when it breaks; nothing here waits or sends."""

import random
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

from grpc import StatusCode
from housing.v1 import prediction_pb2 as pb

from .asked import NOTHING, Asked
from .chunks import Chunk
from .errors import DeadlineExceededError, HousingError, ModelChangedError, ServerFaultError
from .house import FEATURES
from .scores import ChunkScores, Marks, decode_chunk

# A new stream may get further; anything else would only fail again.
_RESUMABLE_CODES = frozenset({StatusCode.UNAVAILABLE, StatusCode.CANCELLED})
# After MODEL_RETIRED, a pinned job goes on only if it meets the same model again.
_RESUMABLE_REASONS = frozenset(
    {"STREAM_TOO_OLD", "STREAM_IDLE", "SERVER_STOPPING", "MODEL_RETIRED", "NO_ANSWER"}
)
_FIRST_RETRIES = 3
_FIRST_WAIT = 0.1
_LONGEST_WAIT = 5.0
# What a server may ask for; more is the caller's to decide.
_LONGEST_ASKED = 60.0


class StreamBrokenError(Exception):
    """A stream ended before every chunk was answered.

    Args:
        error: Why, as far as it is known.
    """

    def __init__(self, error: HousingError) -> None:
        super().__init__(str(error))
        self.error = error


def no_answer(text: str) -> StreamBrokenError:
    """Returns how a stream ends whose server says nothing any more."""
    return StreamBrokenError(DeadlineExceededError(text, reason="NO_ANSWER"))


@dataclass(frozen=True, kw_only=True, slots=True)
class StreamPolicy:
    """How a job is streamed.

    Attributes:
        pin_model: Whether one model is to answer for the whole job.
        window: Most chunks that are sent and not answered.
        retries: Most new streams in a row that bring no answer.
        retry_seconds: Instead of `retries`, for how long a job that had answers
            already tries new streams; None for `retries`.
        patience: Longest wait for an answer, in seconds.
    """

    pin_model: bool = False
    window: int = 8
    retries: int = 10
    patience: float = 30.0
    retry_seconds: float | None = None

    def __post_init__(self) -> None:
        if self.window < 1:
            raise ValueError(f"window is {self.window!r}, but must be 1 or more")
        if self.retries < 0:
            raise ValueError(f"retries is {self.retries!r}, but must be 0 or more")
        if not self.patience > 0:
            raise ValueError(f"patience is {self.patience!r}, but must be above zero")
        if self.retry_seconds is not None and not self.retry_seconds > 0:
            raise ValueError(f"retry_seconds is {self.retry_seconds!r}, but must be above zero")


@dataclass(kw_only=True, slots=True)
class Tally:
    """How far a job is.

    Attributes:
        total: Houses in all, or None if that is not known.
        rows: Houses that were answered.
        errors: Houses of them that were not scored.
        resumes: Breaks after which the job went on.
        model_versions: That answered, in the order in which they first did.
        out_of_range_rows: Houses with a value outside the training range.
        imputed_rows: Houses that missed a value, which was filled in.
        out_of_range: How many such values there were, by feature; None if the server is too old
            to say it.
        imputed: How many values were filled in, by feature; likewise.
        notes: What was made of the columns of a table, one line each.
    """

    total: int | None = None
    rows: int = 0
    errors: int = 0
    resumes: int = 0
    model_versions: list[str] = field(default_factory=list)
    out_of_range_rows: int = 0
    imputed_rows: int = 0
    out_of_range: dict[str, int] | None = field(default_factory=dict)
    imputed: dict[str, int] | None = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


class Ledger:
    """Keeps the chunks that are not answered yet, so that a new stream can begin with them.

    Args:
        policy: How the job is streamed.
        tally: Is kept up to date.
        pinned: The model that a pinned job had before; "" for none yet.
        asked: What is asked for beside prices.
    """

    def __init__(
        self, policy: StreamPolicy, tally: Tally, pinned: str = "", asked: Asked = NOTHING
    ) -> None:
        self._pinned = pinned
        self._asked = asked
        self._begun = False
        self.policy = policy
        self.tally = tally
        self._unanswered: deque[tuple[int, Chunk]] = deque()
        self._sent = 0
        self._failures = 0
        self._broken_at = 0.0

    @property
    def under_way(self) -> bool:
        """Whether a chunk waits for its answer."""
        return bool(self._unanswered)

    @property
    def has_room(self) -> bool:
        """Whether one more chunk may be sent."""
        return len(self._unanswered) < self.policy.window

    def request(self, chunk: Chunk) -> pb.PredictStreamRequest:
        """Notes that a chunk is sent, and returns its message."""
        self._unanswered.append((self._sent, chunk))
        self._sent += 1
        return self._message(self._sent - 1, chunk)

    def again(self) -> Iterator[pb.PredictStreamRequest]:
        """Yields the messages with which a new stream begins, if there are any yet."""
        self._begun = False
        for sequence, chunk in list(self._unanswered):
            yield self._message(sequence, chunk)

    def _message(self, sequence: int, chunk: Chunk) -> pb.PredictStreamRequest:
        request = chunk.request(sequence, pin_model=self.policy.pin_model)
        if not self._begun:
            self._asked.apply(request)
            self._begun = True
        return request

    def answered(self, response: pb.PredictStreamResponse) -> ChunkScores:
        """Notes that the oldest chunk is answered, and returns its prices.

        Raises:
            ModelChangedError: Another model answered than the pinned one.
            ServerFaultError: It is not the answer to the oldest chunk.
        """
        answer = response.chunk
        sequence, chunk = self._unanswered[0]
        if not response.HasField("chunk") or answer.sequence != sequence:
            raise ServerFaultError(
                f"the server did not answer chunk {sequence} in its turn", reason="ANSWER_MISMATCH"
            )
        self._check_pin(answer.model_version)
        scores = decode_chunk(answer, chunk, self._asked)
        self._unanswered.popleft()
        self.tally.resumes += self._failures > 0
        self._failures = 0
        self._count(scores)
        return scores

    def broken(self, error: HousingError) -> float:
        """Returns how many seconds to wait before a new stream.

        Raises:
            HousingError: The error itself, if a new stream is of no use.
        """
        if not self._failures:
            self._broken_at = time.monotonic()
        if not self._resumable(error) or self._is_enough():
            raise error
        # Doubling without end would leave the numbers that there are.
        wait = min(_FIRST_WAIT * 2.0 ** min(self._failures, 10), _LONGEST_WAIT)
        self._failures += 1
        # Spread, so that the clients of a server that restarts do not come back as one.
        spread = wait * random.uniform(0.5, 1.0)  # noqa: S311 - keeps no secret
        return max(spread, error.retry_after or 0.0)

    def _is_enough(self) -> bool:
        # A job that has had no answer yet has nothing to lose but time.
        if not self.tally.rows:
            return self._failures >= min(self.policy.retries, _FIRST_RETRIES)
        if self.policy.retry_seconds is None:
            return self._failures >= self.policy.retries
        return time.monotonic() - self._broken_at >= self.policy.retry_seconds

    def _resumable(self, error: HousingError) -> bool:
        if (error.retry_after or 0.0) > _LONGEST_ASKED:
            return False
        if error.code is StatusCode.RESOURCE_EXHAUSTED:
            # The server has too much to do. A job that it has not served yet fails at once.
            return error.retry_after is not None and self.tally.rows > 0
        return error.code in _RESUMABLE_CODES or error.reason in _RESUMABLE_REASONS

    def _check_pin(self, version: str) -> None:
        self._pinned = self._pinned or version
        if self.policy.pin_model and version != self._pinned:
            raise ModelChangedError(
                f"the job is pinned to model {self._pinned}, but the server now answers with "
                f"{version}; {self.tally.rows} houses were scored",
                reason="MODEL_CHANGED",
            )

    def _count(self, scores: ChunkScores) -> None:
        self.tally.rows += len(scores.prices)
        self.tally.errors += len(scores.errors)
        self.tally.out_of_range_rows += scores.out_of_range_rows
        self.tally.imputed_rows += scores.imputed_rows
        self.tally.out_of_range = _added(self.tally.out_of_range, scores.out_of_range)
        self.tally.imputed = _added(self.tally.imputed, scores.imputed)
        if scores.model_version not in self.tally.model_versions:
            self.tally.model_versions.append(scores.model_version)


def _added(counts: dict[str, int] | None, marks: Marks | None) -> dict[str, int] | None:
    """Returns the counts with those of a chunk; once one is not known, the sum is not."""
    if counts is None or marks is None:
        return None
    found = Counter(counts) + Counter(chain.from_iterable(marks.values()))
    return {name: found[name] for name in FEATURES if name in found}
