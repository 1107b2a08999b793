// Example asks a running server: about its model, for one price, for one that it refuses, for
// what makes a price, and for many.
//
//	go run ./cmd/example -target localhost:50051
//
// HOUSING_API_KEY is sent as x-api-key, if set. HOUSING_CA_FILE, HOUSING_CERT_FILE and
// HOUSING_KEY_FILE name files for TLS, as -tls does without them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"iter"
	"log"
	"math"
	"os"
	"slices"
	"strings"

	"housing-grpc/clients/go/housing"
)

func main() {
	log.SetFlags(0)
	target := flag.String("target", "localhost:50051", "server to ask")
	many := flag.Int("rows", 100_000, "rows to send as raw numbers")
	encrypt := flag.Bool("tls", false, "encrypt")
	flag.Parse()

	if err := show(*target, *encrypt, *many); err != nil {
		log.Fatalf("%s: %v", *target, err)
	}
}

// show ends with the first error.
func show(target string, encrypt bool, many int) error {
	client, err := housing.New(target, options(encrypt)...)
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	ctx := context.Background()
	for _, part := range []func(context.Context, *housing.Client) error{
		info, predict, refused, sure, score,
	} {
		if err := part(ctx, client); err != nil {
			return err
		}
	}
	return scoreMatrix(ctx, client, many)
}

func options(encrypt bool) []housing.Option {
	var chosen []housing.Option
	files := housing.TLSFiles{
		CA:          os.Getenv("HOUSING_CA_FILE"),
		Certificate: os.Getenv("HOUSING_CERT_FILE"),
		Key:         os.Getenv("HOUSING_KEY_FILE"),
	}
	if encrypt || files != (housing.TLSFiles{}) {
		chosen = append(chosen, housing.WithTLSFiles(files))
	}
	if key := os.Getenv("HOUSING_API_KEY"); key != "" {
		chosen = append(chosen, housing.WithAPIKey(key))
	}
	return chosen
}

func info(ctx context.Context, client *housing.Client) error {
	model, err := client.Info(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("info:     %s version %s (%s, %s), predicts %s in %s\n",
		model.Name, model.Version, model.ModelType, model.Preprocessing,
		model.Target.Name, model.Target.Unit)
	return nil
}

func predict(ctx context.Context, client *housing.Client) error {
	// A feature that is left out is filled in by the model.
	house := &housing.House{Crim: new(0.00632), Rm: new(6.575), Lstat: new(4.98), Tax: new(900.0)}
	answer, err := client.Predict(ctx, house)
	if err != nil {
		return err
	}
	fmt.Printf("predict:  %.2f by version %s\n", answer.Prediction, answer.ModelVersion)
	fmt.Printf("  filled in: %v\n", answer.ImputedFeatures)
	for _, warning := range answer.Warnings {
		fmt.Printf("  warning: %s\n", warning)
	}
	written, err := housing.JSON(answer)
	fmt.Printf("  as JSON: %s\n", written)
	return err
}

func refused(ctx context.Context, client *housing.Client) error {
	_, err := client.Predict(ctx, &housing.House{Rm: new(6.5), Chas: new(2.0), Rad: new(1.5)})
	failure, ok := errors.AsType[*housing.Error](err)
	if !ok {
		return fmt.Errorf("a house with CHAS 2 was not refused: %w", err)
	}
	fmt.Printf("refused:  %s, reason %s, request %s\n",
		failure.Code, failure.Reason, failure.RequestID)
	for _, violation := range failure.Violations {
		fmt.Printf("  %s: %s\n", violation.Field, violation.Description)
	}
	return nil
}

// score streams 2,500 houses, one of which is bad.
func score(ctx context.Context, client *housing.Client) error {
	var count, failed int
	var sum float64
	for result, err := range client.Score(ctx, houses(2500), housing.ChunkRows(500)) {
		switch {
		case err != nil:
			return err
		case result.Row != count:
			return fmt.Errorf("row %d came in the place of %d", result.Row, count)
		case result.Err != nil:
			failed++
			// People count from 1.
			fmt.Printf("  row %d: %v\n", result.Row+1, result.Err)
		default:
			sum += result.Price
		}
		count++
	}
	fmt.Printf("score:    %d houses in order, %d refused, mean price %.2f\n",
		count, failed, sum/float64(count-failed))
	return nil
}

func houses(count int) iter.Seq[*housing.House] {
	return func(yield func(*housing.House) bool) {
		for i := range count {
			house := &housing.House{Rm: new(4 + float64(i%50)/10), Lstat: new(float64(i % 30))}
			if i == 1234 {
				house.Nox = new(math.Inf(1))
			}
			if !yield(house) {
				return
			}
		}
	}
}

// scoreMatrix sends the same as raw numbers, in which NaN means missing.
func scoreMatrix(ctx context.Context, client *housing.Client, many int) error {
	rows := func(yield func([]float64) bool) {
		for i := range many {
			if !yield([]float64{4 + float64(i%50)/10, float64(i % 30), math.NaN()}) {
				return
			}
		}
	}
	var count int
	var sum float64
	var versions []string // more than one if another model goes live meanwhile
	for result, err := range client.ScoreMatrix(ctx, []string{"RM", "LSTAT", "NOX"}, rows) {
		if err != nil {
			return err
		}
		if result.Row != count {
			return fmt.Errorf("row %d came in the place of %d", result.Row, count)
		}
		count++
		sum += result.Price
		if !slices.Contains(versions, result.ModelVersion) {
			versions = append(versions, result.ModelVersion)
		}
	}
	fmt.Printf("matrix:   %d houses in order, mean price %.2f, versions %s\n",
		count, sum/float64(count), strings.Join(versions, " "))
	return nil
}
