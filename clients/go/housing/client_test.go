package housing_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"housing-grpc/clients/go/housing"
	pb "housing-grpc/clients/go/housing/housingv1"
)

func (f *fake) Predict(ctx context.Context, r *pb.PredictRequest) (*pb.PredictResponse, error) {
	return f.predict(ctx, int(f.calls.Add(1)))
}

func TestKeyTravelsAndTheDeadlineIsSet(t *testing.T) {
	service := &fake{predict: func(ctx context.Context, _ int) (*pb.PredictResponse, error) {
		sent, _ := metadata.FromIncomingContext(ctx)
		if keys := sent.Get("x-api-key"); len(keys) != 1 || keys[0] != "secret" {
			t.Errorf("keys %v", keys)
		}
		if end, ok := ctx.Deadline(); !ok || time.Until(end) > 10*time.Second {
			t.Errorf("deadline %v", end)
		}
		return &pb.PredictResponse{Prediction: 24}, nil
	}}
	answer, err := serve(t, service, housing.WithAPIKey("secret")).
		Predict(t.Context(), &housing.House{Rm: new(6.5)})
	if err != nil || answer.Prediction != 24 {
		t.Fatal(answer, err)
	}
}

func TestOnlyUnavailableIsTriedAgain(t *testing.T) {
	for code, calls := range map[codes.Code]int32{codes.Unavailable: 3, codes.Internal: 1} {
		service := &fake{predict: func(_ context.Context, call int) (*pb.PredictResponse, error) {
			if call < 3 {
				return nil, status.Error(code, "as asked")
			}
			return &pb.PredictResponse{}, nil
		}}
		_, _ = serve(t, service).Predict(t.Context(), &housing.House{})
		if made := service.calls.Load(); made != calls {
			t.Errorf("%v: %d calls", code, made)
		}
	}
}

func TestErrorHasTheServersDetails(t *testing.T) {
	refusal, err := status.New(codes.InvalidArgument, "house.RM is inf").WithDetails(
		&errdetails.ErrorInfo{Reason: "FEATURE_NOT_FINITE", Domain: "housing.v1"},
		&errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{
			{Field: "house.RM", Description: "is inf"},
		}},
		&errdetails.RetryInfo{RetryDelay: durationpb.New(2 * time.Second)},
	)
	if err != nil {
		t.Fatal(err)
	}
	service := &fake{predict: func(ctx context.Context, _ int) (*pb.PredictResponse, error) {
		_ = grpc.SetTrailer(ctx, metadata.Pairs("x-request-id", "r-1"))
		return nil, refusal.Err()
	}}
	_, err = serve(t, service).Predict(t.Context(), &housing.House{})
	failure, ok := errors.AsType[*housing.Error](err)
	if !ok {
		t.Fatal(err)
	}
	if failure.Code != codes.InvalidArgument || failure.Reason != "FEATURE_NOT_FINITE" ||
		failure.Message != "house.RM is inf" || failure.RequestID != "r-1" ||
		failure.RetryAfter != 2*time.Second || len(failure.Violations) != 1 ||
		failure.Violations[0] != (housing.Violation{Field: "house.RM", Description: "is inf"}) {
		t.Errorf("%+v", failure)
	}
	if status.Code(err) != codes.InvalidArgument {
		t.Error("the status package does not understand the error")
	}
}
