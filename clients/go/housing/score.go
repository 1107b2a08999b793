package housing

import (
	"context"
	"iter"
	"time"

	pb "housing-grpc/clients/go/housing/housingv1"
)

const defaultChunkRows = 1000

// Result is what became of one house of many.
type Result struct {
	// Row is the house's place among all that were given, from 0.
	Row int
	// Price is in the target's unit, and NaN if there is an error.
	Price float64
	// Err says why the house was not scored; nil if it was.
	Err *Error
	// ModelVersion is that of the model that answered.
	ModelVersion string
	// Timestamp is when it answered.
	Timestamp time.Time
	// Warnings are texts for people, such as a value outside the training range. Score
	// tells them; from ScoreMatrix they are nil, which is not the same as empty.
	Warnings []string
	// RangeWarnings are the same for programs.
	RangeWarnings []*pb.RangeWarning
	// ImputedFeatures are those that were missing and filled in; from Score alone, too.
	ImputedFeatures []string
	// Interval says how sure the price is; nil if the model cannot tell. From ScoreMatrix, it is
	// there if it was asked for, as are the two that follow.
	Interval *PriceInterval
	// Applicability says how unusual the house is; nil if the model cannot tell. ScoreMatrix
	// tells the p-value alone.
	Applicability *Applicability
	// Explanation says what makes the price, if that was asked for. ScoreMatrix tells amounts
	// without values, which are NaN, and without the method.
	Explanation *Explanation
	// Receipt seals the house and its price, if it was asked for; empty if not.
	Receipt string
}

// ScoreOption changes how many houses are scored.
type ScoreOption func(*scoring)

type scoring struct {
	chunkRows int
	pin       bool
	asked     asked
}

// ChunkRows sends that many houses at a time; 1,000 by default. The server has a limit.
func ChunkRows(rows int) ScoreOption {
	return func(s *scoring) { s.chunkRows = max(rows, 1) }
}

// PinModel has all houses scored by the model that scores the first. If a server that was
// started anew has another, the loop ends with the error MODEL_CHANGED.
func PinModel() ScoreOption {
	return func(s *scoring) { s.pin = true }
}

// Score asks for the prices of any number of houses, and yields them in order as they come.
// A house that cannot be scored costs that house alone: its result has the error. An error
// beside the result ends the loop.
//
// Houses are taken from their sequence no faster than results are taken from the loop, but
// by a goroutine of its own, which a loop that ends early leaves at its next house.
func (c *Client) Score(
	ctx context.Context, houses iter.Seq[*House], options ...ScoreOption,
) iter.Seq2[Result, error] {
	chosen := choose(options)
	return func(yield func(Result, error) bool) {
		c.results(ctx, rowChunks(houses, chosen), chosen.asked.level, yield)
	}
}

// ScoreMatrix is Score at the speed of the model: each row holds the values of the named
// features in their order, NaN where one is missing, and travels as raw numbers.
func (c *Client) ScoreMatrix(
	ctx context.Context, features []string, rows iter.Seq[[]float64], options ...ScoreOption,
) iter.Seq2[Result, error] {
	chosen := choose(options)
	return func(yield func(Result, error) bool) {
		c.results(ctx, matrixChunks(features, rows, chosen), chosen.asked.level, yield)
	}
}

func choose(options []ScoreOption) scoring {
	chosen := scoring{chunkRows: defaultChunkRows}
	for _, option := range options {
		option(&chosen)
	}
	return chosen
}

func (c *Client) results(
	ctx context.Context,
	chunks iter.Seq2[*Chunk, error],
	level float64,
	yield func(Result, error) bool,
) {
	row := 0
	for answer, err := range c.stream(ctx, chunks) {
		if err != nil {
			yield(Result{}, err)
			return
		}
		results, err := resultsOf(answer, level)
		if err != nil {
			yield(Result{}, err)
			return
		}
		for _, result := range results {
			result.Row, result.Timestamp = row, answer.GetTimestamp().AsTime()
			row++
			if !yield(result, nil) {
				return
			}
		}
	}
}
