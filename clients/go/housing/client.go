// Package housing asks a housing-grpc server for the prices of houses.
//
// A [Client] is made once, is safe for concurrent use, and is closed at the end. Messages
// are those of the contract (proto/housing/v1); errors are of type [*Error] and say, beside
// the status code, the reason and the fields at fault.
package housing

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/metadata"

	pb "housing-grpc/clients/go/housing/housingv1"
)

// The messages of the contract, under the names that a caller meets.
type (
	// House has 13 optional features; one that is nil is filled in by the model.
	House = pb.House
	// Prediction is a price, with the warnings that go with it.
	Prediction = pb.PredictResponse
	// Batch holds one result a house, in order, all by one model.
	Batch = pb.PredictBatchResponse
	// ModelInfo tells all about the model that is live.
	ModelInfo = pb.ModelInfoResponse
	// Reloaded tells what a reload did.
	Reloaded = pb.ReloadModelResponse
	// RolledBack tells what a rollback did.
	RolledBack = pb.RollbackModelResponse
	// Outcome says what one house sold for, by the receipt of its price.
	Outcome = pb.Outcome
	// Outcomes holds one result an outcome, in order; [RowError] reads why one was not taken.
	Outcomes = pb.RecordOutcomesResponse
	// Quality tells how good prices were, model by model.
	Quality = pb.GetQualityResponse
)

// A reload fetches and tries a model before it makes it live.
const reloadTimeout = 2 * time.Minute

// The previous model is in memory, but a worker process may just be restarted.
const rollbackTimeout = 30 * time.Second

// Client calls one server, or all those that a DNS name stands for.
type Client struct {
	conn        *grpc.ClientConn
	predictions pb.PredictionServiceClient
	models      pb.ModelServiceClient
	feedback    pb.FeedbackServiceClient
	timeout     time.Duration
}

// New makes a client of a target such as "localhost:50051" or "dns:///housing:50051".
// It connects with the first call.
func New(target string, options ...Option) (*Client, error) {
	if err := checkTarget(target); err != nil {
		return nil, fmt.Errorf("housing: %w", err)
	}
	chosen := defaults()
	for _, option := range options {
		option(&chosen)
	}
	if chosen.fault != nil {
		return nil, fmt.Errorf("housing: %w", chosen.fault)
	}
	conn, err := grpc.NewClient(target, chosen.dialOptions()...)
	if err != nil {
		return nil, fmt.Errorf("housing: %w", err)
	}
	return &Client{
		conn:        conn,
		predictions: pb.NewPredictionServiceClient(conn),
		models:      pb.NewModelServiceClient(conn),
		feedback:    pb.NewFeedbackServiceClient(conn),
		timeout:     chosen.timeout,
	}, nil
}

// Close ends the connections, and the calls that are under way.
func (c *Client) Close() error {
	return c.conn.Close()
}

func (c *Client) closed() bool {
	return c.conn.GetState() == connectivity.Shutdown
}

// Predict asks for the price of one house.
func (c *Client) Predict(ctx context.Context, house *House, options ...Asking) (*Prediction, error) {
	asked := gather(options)
	request := &pb.PredictRequest{
		House: house, Explain: asked.explain, Reference: asked.reference, Level: asked.level,
		Receipt: asked.receipt, RoutingKey: asked.routing,
	}
	return call(ctx, c.timeout, c.predictions.Predict, request)
}

// PredictBatch asks for the prices of many houses at once. A house that could not be scored
// has its own error in the answer; [RowError] reads it.
func (c *Client) PredictBatch(
	ctx context.Context, houses []*House, options ...Asking,
) (*Batch, error) {
	asked := gather(options)
	request := &pb.PredictBatchRequest{
		Items: houses, Explain: asked.explain, Reference: asked.reference, Level: asked.level,
		Receipt: asked.receipt, RoutingKey: asked.routing,
	}
	return call(ctx, c.timeout, c.predictions.PredictBatch, request)
}

// Info asks about the model that is live.
func (c *Client) Info(ctx context.Context) (*ModelInfo, error) {
	return call(ctx, c.timeout, c.models.ModelInfo, &pb.ModelInfoRequest{})
}

// Reload makes the version live that the server's own alias names now.
func (c *Client) Reload(ctx context.Context) (*Reloaded, error) {
	return call(ctx, reloadTimeout, c.models.ReloadModel, &pb.ReloadModelRequest{})
}

// ReloadVersion makes a registered version live, such as "2".
func (c *Client) ReloadVersion(ctx context.Context, version string) (*Reloaded, error) {
	target := &pb.ReloadModelRequest_Version{Version: version}
	return call(ctx, reloadTimeout, c.models.ReloadModel, &pb.ReloadModelRequest{Target: target})
}

// ReloadAlias makes the version live that an alias names, such as "staging".
func (c *Client) ReloadAlias(ctx context.Context, alias string) (*Reloaded, error) {
	target := &pb.ReloadModelRequest_Alias{Alias: alias}
	return call(ctx, reloadTimeout, c.models.ReloadModel, &pb.ReloadModelRequest{Target: target})
}

// Rollback makes the previous model live again, which the server has in memory for some time.
func (c *Client) Rollback(ctx context.Context) (*RolledBack, error) {
	return call(ctx, rollbackTimeout, c.models.RollbackModel, &pb.RollbackModelRequest{})
}

// RecordOutcomes says what houses sold for. What was recorded is on the server's disk; it may be
// sent again, as each receipt counts once.
func (c *Client) RecordOutcomes(ctx context.Context, outcomes []*Outcome) (*Outcomes, error) {
	request := &pb.RecordOutcomesRequest{Items: outcomes}
	return call(ctx, c.timeout, c.feedback.RecordOutcomes, request)
}

// Quality asks how good prices were, by the outcomes so far; the live model comes first.
func (c *Client) Quality(ctx context.Context) (*Quality, error) {
	return call(ctx, c.timeout, c.feedback.GetQuality, &pb.GetQualityRequest{})
}

// call makes a unary call with a deadline, the caller's own or ours.
func call[Request, Response any](
	ctx context.Context,
	timeout time.Duration,
	method func(context.Context, *Request, ...grpc.CallOption) (*Response, error),
	request *Request,
) (*Response, error) {
	if _, set := ctx.Deadline(); !set {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	var trailer metadata.MD
	response, err := method(ctx, request, grpc.Trailer(&trailer))
	if err != nil {
		return nil, errorOf(err, trailer)
	}
	return response, nil
}
