package housing

import (
	"context"
	"iter"
	"time"

	"google.golang.org/grpc/codes"

	pb "housing-grpc/clients/go/housing/housingv1"
)

type (
	// Chunk is some houses, as rows or as a matrix.
	Chunk = pb.PredictStreamRequest
	// Answer is what became of the houses of one chunk.
	Answer = pb.ChunkResult
)

const (
	// A server that does not answer at first is most likely at another address.
	patienceAtFirst = 2 * time.Second
	// A server that has answered may be starting anew.
	patience = time.Minute

	shortestPause = 100 * time.Millisecond
	longestPause  = 2 * time.Second
)

// Stream sends chunks and yields their answers, in order. It is what Score is made of, for
// those who want whole chunks. Sequences are set here: 0, 1, 2 and so on.
//
// When the server stops, restarts or wants no longer stream, the chunks that were not
// answered are sent again in a new one, and each answer is yielded once. PinModel forbids that.
func (c *Client) Stream(ctx context.Context, chunks iter.Seq[*Chunk]) iter.Seq2[*Answer, error] {
	return c.stream(ctx, func(yield func(*Chunk, error) bool) {
		for chunk := range chunks {
			if !yield(chunk, nil) {
				return
			}
		}
	})
}

func (c *Client) stream(
	ctx context.Context, chunks iter.Seq2[*Chunk, error],
) iter.Seq2[*Answer, error] {
	return func(yield func(*Answer, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		work := feed(ctx, chunks)
		var unanswered []*Chunk
		retry := backoff{patience: patienceAtFirst}
		for {
			leg := c.open(ctx, unanswered, work)
			ended, err := leg.run(func(answer *Answer) bool {
				retry.reset()
				return yield(answer, nil)
			})
			unanswered = leg.close()
			if ended {
				return
			}
			if leg.pinned || !resumable(err) || !retry.wait(ctx, err.RetryAfter) {
				yield(nil, err)
				return
			}
		}
	}
}

type item struct {
	chunk *Chunk
	err   error
}

// feed takes chunks one ahead of need, until there are no more or the context ends. Only the
// former closes the channel: an abandoned stream must not look like a complete one.
func feed(ctx context.Context, chunks iter.Seq2[*Chunk, error]) <-chan item {
	work := make(chan item)
	go func() {
		sequence := uint64(0)
		for chunk, err := range chunks {
			chunk.Sequence = sequence
			sequence++
			select {
			case work <- item{chunk, err}:
			case <-ctx.Done():
				return
			}
		}
		close(work)
	}()
	return work
}

// resumable tells a stream that broke from one that was refused.
func resumable(err *Error) bool {
	switch err.Reason {
	case "STREAM_IDLE", "STREAM_TOO_OLD":
		return true
	case "":
		// A server that waited too long for an answer to be taken cuts the stream off, which
		// comes out as Canceled, or as Internal in the middle of a message.
		return err.Code == codes.Unavailable || err.Code == codes.Canceled ||
			err.Code == codes.Internal
	default:
		return err.Code == codes.Unavailable
	}
}

// backoff waits between tries, longer each time, until patience is at its end.
type backoff struct {
	patience time.Duration
	since    time.Time // the first of the failures in a row
	pause    time.Duration
}

func (b *backoff) reset() {
	*b = backoff{patience: patience}
}

func (b *backoff) wait(ctx context.Context, atLeast time.Duration) bool {
	if b.since.IsZero() {
		b.since = time.Now()
	}
	b.pause = min(max(2*b.pause, shortestPause), longestPause)
	pause := max(b.pause, atLeast)
	if time.Since(b.since)+pause > b.patience {
		return false
	}
	select {
	case <-time.After(pause):
		return true
	case <-ctx.Done():
		return false
	}
}
