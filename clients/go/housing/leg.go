package housing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	pb "housing-grpc/clients/go/housing/housingv1"
)

// Chunks that may wait for their answers: enough to keep the server busy while answers
// travel, few enough to be kept until then.
const window = 4

var errStalled = errors.New("no answer came in time")

// leg is one stream of the server: a goroutine sends, the caller's own receives. A stream
// that is written and read by the same goroutine would hang when both directions are full.
type leg struct {
	ctx     context.Context
	cancel  context.CancelCauseFunc
	timeout time.Duration
	opening *opening // of the job
	stream  grpc.BidiStreamingClient[pb.PredictStreamRequest, pb.PredictStreamResponse]

	sent  chan *Chunk // in flight; closed when no more are sent
	taken *Chunk      // from sent, and not answered yet
	lost  error       // why there is no stream

	// The sender's own until sent is closed.
	left  []*Chunk // not sent
	fault error    // of the caller's input
}

// open starts a stream that sends what was not answered by the one before, then new work.
func (c *Client) open(
	ctx context.Context, opening *opening, unanswered []*Chunk, work <-chan item,
) *leg {
	l := &leg{timeout: c.timeout, opening: opening, sent: make(chan *Chunk, window), left: unanswered}
	l.ctx, l.cancel = context.WithCancelCause(ctx)
	if l.stream, l.lost = c.predictions.PredictStream(l.ctx); l.lost != nil {
		close(l.sent)
		return l
	}
	go l.send(work)
	return l
}

// close ends the leg and returns the chunks that it leaves unanswered, in order.
func (l *leg) close() []*Chunk {
	l.cancel(nil)
	var unanswered []*Chunk
	if l.taken != nil {
		unanswered = append(unanswered, l.taken)
	}
	for chunk := range l.sent {
		unanswered = append(unanswered, chunk)
	}
	return append(unanswered, l.left...)
}

func (l *leg) send(work <-chan item) {
	defer close(l.sent)
	for first := true; l.fetch(work); first = false {
		select {
		case l.sent <- l.left[0]:
		case <-l.ctx.Done():
			return
		}
		chunk := l.left[0]
		l.left = l.left[1:]
		if l.stream.Send(l.opening.message(chunk, first)) != nil {
			return // Recv tells why.
		}
	}
}

// fetch sees to it that there is something to send; else it says so to the server.
func (l *leg) fetch(work <-chan item) bool {
	if len(l.left) > 0 {
		return true
	}
	select {
	case <-l.ctx.Done():
		return false
	case next, more := <-work:
		if l.fault = next.err; l.fault != nil {
			return false
		}
		if !more {
			// An error would show in Recv, too.
			_ = l.stream.CloseSend()
			return false
		}
		l.left = append(l.left, next.chunk)
		return true
	}
}

// run gives answers away until all are there or no more are wanted, which it reports as the
// end, or until something fails.
func (l *leg) run(take func(*Chunk, *Answer) (more bool, failure *Error)) (ended bool, failure *Error) {
	for l.taken = range l.sent {
		answer, err := l.receive()
		if err != nil {
			return false, l.explain(err)
		}
		chunk := answer.GetChunk()
		if chunk == nil || chunk.GetSequence() != l.taken.GetSequence() {
			return false, mismatch(l.taken)
		}
		more, failure := take(l.taken, chunk)
		if failure != nil {
			return false, failure
		}
		l.taken = nil
		if !more {
			return true, nil
		}
	}
	switch {
	case l.lost != nil:
		return false, l.explain(l.lost)
	case l.fault != nil:
		return false, errorOf(l.fault, nil)
	case l.ctx.Err() != nil:
		return false, l.explain(l.ctx.Err())
	}
	l.finish()
	return true, nil
}

// finish lets the server end the stream; every house has its answer, whatever comes now.
func (l *leg) finish() {
	for {
		if _, err := l.receive(); err != nil {
			return
		}
	}
}

// receive waits for the next message, but not forever.
func (l *leg) receive() (*pb.PredictStreamResponse, error) {
	timer := time.AfterFunc(l.timeout, func() { l.cancel(errStalled) })
	defer timer.Stop()
	return l.stream.Recv()
}

func (l *leg) explain(err error) *Error {
	if errors.Is(context.Cause(l.ctx), errStalled) {
		return noAnswer(fmt.Sprintf("%v: %v", errStalled, l.timeout), errStalled)
	}
	if errors.Is(err, io.EOF) {
		// With chunks under way this is no end, but a server that went without a word.
		return noAnswer("the stream ended too early", err)
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return errorOf(status.FromContextError(err).Err(), nil)
	}
	if l.stream == nil {
		return errorOf(err, nil)
	}
	return errorOf(err, l.stream.Trailer())
}
