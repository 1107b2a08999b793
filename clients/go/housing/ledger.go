package housing

import (
	"fmt"
	"math/rand/v2"
	"time"

	"google.golang.org/grpc/codes"
)

const (
	// Most new streams in a row that bring no answer.
	retries = 10
	// Until there is a first one: a job that was not served yet has nothing to lose but time.
	retriesAtFirst = 3

	firstPause   = 100 * time.Millisecond
	longestPause = 5 * time.Second
	// Longest wait that a server may ask for; more is the caller's to decide.
	longestAsked = time.Minute
)

// Reasons of the client itself.
const (
	reasonNoAnswer     = "NO_ANSWER"
	reasonMismatch     = "ANSWER_MISMATCH"
	reasonModelChanged = "MODEL_CHANGED"
)

// ledger knows how a job is going, and with that whether it is to go on when a stream breaks.
type ledger struct {
	served   bool   // Whether any chunk was answered.
	pinned   string // The model that answers for all pinned chunks; empty for none yet.
	failures int    // Streams in a row that brought no answer.
}

// answered takes note of an answer, unless it is by another model than the pinned one.
func (l *ledger) answered(chunk *Chunk, answer *Answer) *Error {
	if version := answer.GetModelVersion(); chunk.GetPinModel() {
		if l.pinned == "" {
			l.pinned = version
		}
		if version != l.pinned {
			return &Error{
				Code:   codes.FailedPrecondition,
				Reason: reasonModelChanged,
				Message: fmt.Sprintf("the job is pinned to model %s, but the server now answers with %s",
					l.pinned, version),
			}
		}
	}
	l.served, l.failures = true, 0
	return nil
}

// broken says how long to wait before a new stream, or that one is of no use.
func (l *ledger) broken(err *Error) (pause time.Duration, again bool) {
	most := retriesAtFirst
	if l.served {
		most = retries
	}
	if !l.resumable(err) || l.failures >= most || err.RetryAfter > longestAsked {
		return 0, false
	}
	pause = min(firstPause<<l.failures, longestPause)
	l.failures++
	// Spread, so that the clients of a server that restarts do not come back as one.
	spread := pause/2 + rand.N(pause/2)
	return max(spread, err.RetryAfter), true
}

// resumable tells a stream that broke from one that was refused.
func (l *ledger) resumable(err *Error) bool {
	switch err.Reason {
	case "STREAM_IDLE", "STREAM_TOO_OLD", "MODEL_RETIRED", reasonNoAnswer:
		return true
	}
	switch err.Code {
	case codes.Unavailable, codes.Canceled:
		return true
	case codes.ResourceExhausted:
		// The server has too much to do. A job that it has not served yet fails at once.
		return err.RetryAfter > 0 && l.served
	case codes.Internal:
		// A stream that is cut off in the middle of a message; the server's own has a reason.
		return err.Reason == ""
	}
	return false
}

func noAnswer(message string, cause error) *Error {
	return &Error{
		Code: codes.DeadlineExceeded, Reason: reasonNoAnswer, Message: message, cause: cause,
	}
}

func mismatch(chunk *Chunk) *Error {
	message := fmt.Sprintf("the server did not answer chunk %d in its turn", chunk.GetSequence())
	return &Error{Code: codes.Internal, Reason: reasonMismatch, Message: message}
}
