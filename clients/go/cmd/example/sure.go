package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"housing-grpc/clients/go/housing"
)

const level = 0.8

// sure asks how sure a price is, how unusual the house is and what makes the price, twice: as a
// message and as raw numbers. A model may be unable to tell.
func sure(ctx context.Context, client *housing.Client) error {
	house := &housing.House{Crim: new(0.00632), Rm: new(6.575), Lstat: new(4.98)}
	answer, err := client.Predict(ctx, house, housing.Explain(), housing.Level(level))
	if failure, ok := errors.AsType[*housing.Error](err); ok && failure.Reason == "NOT_IN_BUNDLE" {
		fmt.Printf("sure:     %s\n", failure.Message)
		return nil
	}
	if err != nil {
		return err
	}
	tell("sure:    ", answer.Prediction, answer.Interval, answer.Applicability, answer.Explanation)
	features, rows := []string{"CRIM", "RM", "LSTAT"}, [][]float64{{0.00632, 6.575, 4.98}}
	asked := housing.Ask(housing.Explain(), housing.Level(level))
	for found, err := range client.ScoreMatrix(ctx, features, slices.Values(rows), asked) {
		if err != nil {
			return err
		}
		tell("  matrix:", found.Price, found.Interval, found.Applicability, found.Explanation)
	}
	return nil
}

func tell(
	title string, price float64, interval *housing.PriceInterval,
	unusual *housing.Applicability, why *housing.Explanation,
) {
	fmt.Printf("%s %.4f, in %.2f of cases %.4f to %.4f, p-value %.4f, %.4f", title, price,
		interval.GetLevel(), interval.GetLower(), interval.GetUpper(), unusual.GetPValue(),
		why.GetBase())
	for _, part := range why.GetContributions() {
		fmt.Printf(" %+.4f %s", part.GetAmount(), part.GetFeature())
		if part.GetImputed() {
			fmt.Print("*")
		}
	}
	fmt.Println()
}
