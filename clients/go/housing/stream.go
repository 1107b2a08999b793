package housing

import (
	"context"
	"iter"
	"time"

	pb "housing-grpc/clients/go/housing/housingv1"
)

type (
	// Chunk is some houses, as rows or as a matrix.
	Chunk = pb.PredictStreamRequest
	// Answer is what became of the houses of one chunk.
	Answer = pb.ChunkResult
)

// Stream sends chunks and yields their answers, in order. It is what Score is made of, for
// those who want whole chunks. Sequences are set here: 0, 1, 2 and so on.
//
// When the server stops, restarts or wants no longer stream, the chunks that were not
// answered are sent again in a new one, and each answer is yielded once. Chunks with PinModel
// are all to be answered by one model: the stream ends with MODEL_CHANGED if that is gone.
// What is asked for beside prices is read from the first chunk, and counts for all.
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
		var so ledger
		var begin opening
		for {
			leg := c.open(ctx, &begin, unanswered, work)
			ended, err := leg.run(func(chunk *Chunk, answer *Answer) (bool, *Error) {
				if changed := so.answered(chunk, answer); changed != nil {
					return false, changed
				}
				return yield(answer, nil), nil
			})
			unanswered = leg.close()
			if ended {
				return
			}
			pause, again := so.broken(err)
			if !again || c.closed() || !wait(ctx, pause) {
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

func wait(ctx context.Context, pause time.Duration) bool {
	select {
	case <-time.After(pause):
		return true
	case <-ctx.Done():
		return false
	}
}
