package housing

import (
	"encoding/binary"
	"fmt"
	"iter"
	"math"

	"google.golang.org/grpc/codes"

	pb "housing-grpc/clients/go/housing/housingv1"
)

func rowChunks(houses iter.Seq[*House], chosen scoring) iter.Seq2[*Chunk, error] {
	return func(yield func(*Chunk, error) bool) {
		for items := range inParts(houses, chosen.chunkRows) {
			rows := &pb.PredictStreamRequest_Rows{Rows: &pb.HouseRows{Items: items}}
			if !yield(chosen.chunk(&Chunk{Payload: rows}), nil) {
				return
			}
		}
	}
}

func matrixChunks(
	features []string, rows iter.Seq[[]float64], chosen scoring,
) iter.Seq2[*Chunk, error] {
	return func(yield func(*Chunk, error) bool) {
		first := 0
		for part := range inParts(rows, chosen.chunkRows) {
			values, err := packed(part, len(features), first)
			first += len(part)
			matrix := &pb.HouseMatrix{Features: features, Values: values}
			payload := &pb.PredictStreamRequest_Matrix{Matrix: matrix}
			if !yield(chosen.chunk(&Chunk{Payload: payload}), err) {
				return
			}
		}
	}
}

// packed refuses a row that is not as wide as it was said to be: its neighbours would be
// read at the wrong places, and all be priced without a word.
func packed(rows [][]float64, width, first int) ([]byte, error) {
	values := make([]byte, 0, 8*width*len(rows))
	for i, row := range rows {
		if len(row) != width {
			// People count from 1.
			message := fmt.Sprintf("row %d has %d values for %d features", first+i+1, len(row), width)
			return nil, &Error{Code: codes.InvalidArgument, Message: message}
		}
		for _, value := range row {
			values = binary.LittleEndian.AppendUint64(values, math.Float64bits(value))
		}
	}
	return values, nil
}

// inParts gathers what comes into slices of the given size; the last may be shorter.
func inParts[T any](all iter.Seq[T], size int) iter.Seq[[]T] {
	return func(yield func([]T) bool) {
		part := make([]T, 0, size)
		for each := range all {
			if part = append(part, each); len(part) == size {
				if !yield(part) {
					return
				}
				// Not reused: the last part may have to be sent again.
				part = make([]T, 0, size)
			}
		}
		if len(part) > 0 {
			yield(part)
		}
	}
}

func resultsOf(answer *Answer, level float64) ([]Result, error) {
	if rows := answer.GetRows(); rows != nil {
		return ofRows(rows, answer.GetModelVersion()), nil
	}
	return ofPrices(answer.GetPrices(), answer.GetModelVersion(), level)
}

func ofRows(rows *pb.RowResults, version string) []Result {
	results := make([]Result, len(rows.GetItems()))
	for i, item := range rows.GetItems() {
		results[i] = Result{
			Price:           item.GetPrediction(),
			Err:             RowError(item),
			ModelVersion:    version,
			Warnings:        append([]string{}, item.GetWarnings()...),
			RangeWarnings:   append([]*pb.RangeWarning{}, item.GetRangeWarnings()...),
			ImputedFeatures: append([]string{}, item.GetImputedFeatures()...),
			Interval:        item.GetInterval(),
			Applicability:   item.GetApplicability(),
			Explanation:     item.GetExplanation(),
			Receipt:         item.GetReceipt(),
		}
		if results[i].Err != nil {
			results[i].Price = math.NaN()
		}
	}
	return results
}

func ofPrices(prices *pb.PriceVector, version string, level float64) ([]Result, error) {
	values := prices.GetValues()
	results := make([]Result, len(values)/8)
	for i := range results {
		bits := binary.LittleEndian.Uint64(values[8*i:])
		results[i] = Result{Price: math.Float64frombits(bits), ModelVersion: version}
	}
	for _, failed := range prices.GetErrors() {
		if failed.GetRow() >= uint64(len(results)) {
			return nil, &Error{Code: codes.DataLoss, Message: "an error is about no row"}
		}
		results[failed.GetRow()].Err = RowError(failed)
	}
	if err := remark(results, prices, level); err != nil {
		return nil, err
	}
	return results, nil
}
