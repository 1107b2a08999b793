package housing

import (
	"encoding/binary"
	"math"
	"slices"

	"google.golang.org/grpc/codes"

	pb "housing-grpc/clients/go/housing/housingv1"
)

// What an answer says beside a price, under the names that a caller meets.
type (
	// PriceInterval says how sure a price is.
	PriceInterval = pb.PriceInterval
	// Applicability says how unusual a house is.
	Applicability = pb.Applicability
	// Explanation says what makes a price: base and amounts add up to it.
	Explanation = pb.Explanation
)

const (
	defaultLevel = 0.9
	// Below it, a house is unlike any that the model knows; the contract says so.
	unlike = 0.01
)

// Asking is what may be asked for beside prices, of each call alike.
type Asking func(*asked)

type asked struct {
	explain   bool
	reference *House
	level     float64
	intervals bool
	receipt   bool
	routing   string
}

// Explain has each answer say what makes its price. A server explains so many prices a call or
// chunk: MaxRows in the Explanation that [Client.Info] gives.
func Explain() Asking { return func(a *asked) { a.explain = true } }

// Reference explains prices against those of a house; no Explain is needed beside it.
func Reference(house *House) Asking { return func(a *asked) { a.reference = house } }

// Level is the share of prices that intervals are to hold, from 0.5 to 0.99; 0.9 by default.
// ScoreMatrix is asked for intervals by it, too.
func Level(share float64) Asking {
	return func(a *asked) { a.level, a.intervals = share, true }
}

// Intervals asks ScoreMatrix for intervals and p-values; all others have them anyway.
func Intervals() Asking { return func(a *asked) { a.intervals = true } }

// Receipt has each price come with its receipt, with which the price that the house sells for can be
// sent back later. ScoreMatrix takes none.
func Receipt() Asking { return func(a *asked) { a.receipt = true } }

// RoutingKey decides which of two models that a server compares answers: the same key always gets the
// same one. Without it, the houses decide.
func RoutingKey(key string) Asking { return func(a *asked) { a.routing = key } }

// Ask makes of what is asked for an option of Score and ScoreMatrix.
func Ask(options ...Asking) ScoreOption {
	return func(s *scoring) { s.asked = gather(options) }
}

func gather(options []Asking) asked {
	var found asked
	for _, option := range options {
		option(&found)
	}
	return found
}

// chunk adds what is asked for; the first message of each stream says it.
func (s scoring) chunk(chunk *Chunk) *Chunk {
	chunk.PinModel = s.pin
	chunk.Explain, chunk.Reference = s.asked.explain, s.asked.reference
	chunk.Level, chunk.Intervals = s.asked.level, s.asked.intervals
	chunk.Receipt, chunk.RoutingKey = s.asked.receipt, s.asked.routing
	return chunk
}

// remark adds what a matrix was answered beside prices to their results.
func remark(results []Result, prices *pb.PriceVector, level float64) error {
	if level == 0 {
		level = defaultLevel
	}
	width := len(features)
	ends, pValues := doubles(prices.GetIntervals()), doubles(prices.GetApplicability())
	amounts := doubles(prices.GetContributions())
	for _, each := range []struct{ found, wanted int }{
		{len(ends), 2}, {len(pValues), 1}, {len(amounts), width},
	} {
		if each.found != 0 && each.found != each.wanted*len(results) {
			return &Error{Code: codes.DataLoss, Message: "numbers beside prices are not one a house"}
		}
	}
	for i := range results {
		result := &results[i]
		if math.IsNaN(result.Price) {
			continue
		}
		if len(pValues) > 0 {
			result.Applicability = &Applicability{PValue: pValues[i]}
		}
		if len(ends) > 0 && !math.IsNaN(ends[2*i]) {
			result.Interval = &PriceInterval{
				Lower: ends[2*i], Upper: ends[2*i+1], Level: level,
				Extrapolated: result.Applicability != nil && result.Applicability.GetPValue() < unlike,
			}
		}
		if len(amounts) > 0 {
			result.Explanation = explained(prices, amounts[width*i:width*(i+1)], i)
		}
	}
	return nil
}

func explained(prices *pb.PriceVector, amounts []float64, row int) *Explanation {
	var marks uint16
	if imputed := prices.GetImputed(); len(imputed) >= 2*(row+1) {
		marks = binary.LittleEndian.Uint16(imputed[2*row:])
	}
	found := &Explanation{Base: prices.GetBase()}
	for i, amount := range amounts {
		found.Contributions = append(found.Contributions, &pb.Contribution{
			Feature: features[i], Amount: amount, Imputed: marks>>i&1 == 1,
			Value: math.NaN(), // It does not come with raw numbers.
		})
	}
	return found
}

func doubles(data []byte) []float64 {
	var found []float64
	for each := range slices.Chunk(data, 8) {
		if len(each) == 8 {
			found = append(found, math.Float64frombits(binary.LittleEndian.Uint64(each)))
		}
	}
	return found
}

// features are the names of all, in the order of House.
var features = func() []string {
	var names []string
	fields := (&House{}).ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		names = append(names, fields.Get(i).JSONName())
	}
	return names
}()
