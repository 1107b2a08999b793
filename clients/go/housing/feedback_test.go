package housing_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"housing-grpc/clients/go/housing"
	pb "housing-grpc/clients/go/housing/housingv1"
)

type fakeFeedback struct {
	pb.UnimplementedFeedbackServiceServer
	calls int
}

func (f *fakeFeedback) RecordOutcomes(
	_ context.Context, request *pb.RecordOutcomesRequest,
) (*pb.RecordOutcomesResponse, error) {
	if f.calls++; f.calls == 1 {
		return nil, status.Error(codes.Unavailable, "the store is away")
	}
	refused, err := status.New(codes.InvalidArgument, "items[1].receipt is empty").WithDetails(
		&errdetails.ErrorInfo{Reason: "RECEIPT_MALFORMED", Domain: "housing.v1"})
	if err != nil {
		return nil, err
	}
	if request.Items[0].GetActual() != 21.5 {
		return nil, status.Error(codes.Internal, "another price")
	}
	return &pb.RecordOutcomesResponse{Results: []*pb.OutcomeResult{
		{Outcome: &pb.OutcomeResult_Recorded{Recorded: pb.Recorded_RECORDED_NEW}},
		{Outcome: &pb.OutcomeResult_Error{Error: refused.Proto()}},
	}}, nil
}

func (f *fakeFeedback) GetQuality(
	context.Context, *pb.GetQualityRequest,
) (*pb.GetQualityResponse, error) {
	return &pb.GetQualityResponse{Models: []*pb.ModelQuality{{Live: true, Labels: 3}}}, nil
}

func serveFeedback(t *testing.T, service pb.FeedbackServiceServer) *housing.Client {
	t.Helper()
	listener, server := bufconn.Listen(1<<16), grpc.NewServer()
	if service != nil {
		pb.RegisterFeedbackServiceServer(server, service)
	}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	dial := func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }
	client, err := housing.New(
		"passthrough:///fake", housing.WithDialOptions(grpc.WithContextDialer(dial)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func TestOutcomesAreRecordedAndTriedAgain(t *testing.T) {
	client := serveFeedback(t, &fakeFeedback{})
	found, err := client.RecordOutcomes(t.Context(), []*housing.Outcome{
		{Receipt: "one", Actual: 21.5}, {},
	})
	if err != nil {
		t.Fatal(err)
	}
	if found.Results[0].GetRecorded() != pb.Recorded_RECORDED_NEW ||
		housing.RowError(found.Results[0]) != nil {
		t.Error(found)
	}
	refused := housing.RowError(found.Results[1])
	if refused.Reason != "RECEIPT_MALFORMED" || refused.Message != "receipt is empty" {
		t.Errorf("%+v", refused)
	}
	quality, err := client.Quality(t.Context())
	if err != nil || !quality.Models[0].Live || quality.Models[0].Labels != 3 {
		t.Error(quality, err)
	}
}

func TestAnOlderServerIsNamedAsThat(t *testing.T) {
	_, err := serveFeedback(t, nil).Quality(t.Context())
	refused, ok := errors.AsType[*housing.Error](err)
	if !ok || refused.Code != codes.Unimplemented ||
		!strings.Contains(refused.Message, "the server is of an older release") {
		t.Error(err)
	}
}
