package housing_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"net"
	"slices"
	"sync/atomic"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"housing-grpc/clients/go/housing"
	pb "housing-grpc/clients/go/housing/housingv1"
)

type stream = grpc.BidiStreamingServer[pb.PredictStreamRequest, pb.PredictStreamResponse]

// fake answers a house with its number of rooms, until a test has it do something else.
type fake struct {
	pb.UnimplementedPredictionServiceServer
	streams, calls atomic.Int32
	// before is called with the number of the stream and of the chunk in it, from 1.
	before func(stream, chunk int) error
	// version names the model that answers in a stream, from 1; nil for none.
	version func(stream int) string
	// predict is called with the number of the call, from 1.
	predict func(ctx context.Context, call int) (*pb.PredictResponse, error)
	// received is called with each message and its number in its stream, from 1.
	received func(chunk int, request *pb.PredictStreamRequest)
}

func (f *fake) PredictStream(s stream) error {
	number := int(f.streams.Add(1))
	for chunk := 1; ; chunk++ {
		request, err := s.Recv()
		if errors.Is(err, io.EOF) {
			summary := &pb.PredictStreamResponse_Summary{Summary: &pb.StreamSummary{}}
			return s.Send(&pb.PredictStreamResponse{Message: summary})
		}
		if err != nil {
			return err
		}
		if f.received != nil {
			f.received(chunk, request)
		}
		if err := f.before(number, chunk); err != nil {
			return err
		}
		answered := answer(request)
		if f.version != nil {
			answered.GetChunk().ModelVersion = f.version(number)
		}
		if err := s.Send(answered); err != nil {
			return err
		}
	}
}

func answer(request *pb.PredictStreamRequest) *pb.PredictStreamResponse {
	rows := &pb.RowResults{}
	for _, house := range request.GetRows().GetItems() {
		price := &pb.RowResult_Prediction{Prediction: house.GetRm()}
		item := &pb.RowResult{Outcome: price}
		if request.GetReceipt() {
			item.Receipt = new("sealed")
		}
		rows.Items = append(rows.Items, item)
	}
	chunk := &pb.ChunkResult{
		Sequence: request.Sequence, Payload: &pb.ChunkResult_Rows{Rows: rows},
	}
	message := &pb.PredictStreamResponse_Chunk{Chunk: chunk}
	return &pb.PredictStreamResponse{Message: message}
}

func serve(t *testing.T, service *fake, options ...housing.Option) *housing.Client {
	t.Helper()
	listener := bufconn.Listen(1 << 16)
	server := grpc.NewServer()
	pb.RegisterPredictionServiceServer(server, service)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	dial := func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }
	options = append(options, housing.WithDialOptions(grpc.WithContextDialer(dial)))
	client, err := housing.New("passthrough:///fake", options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func rooms(count int) iter.Seq[*housing.House] {
	return func(yield func(*housing.House) bool) {
		for i := range count {
			if !yield(&housing.House{Rm: new(float64(i))}) {
				return
			}
		}
	}
}

// prices gathers results, and insists on their order.
func prices(t *testing.T, results iter.Seq2[housing.Result, error]) (int, error) {
	t.Helper()
	count := 0
	for result, err := range results {
		if err != nil {
			return count, err
		}
		if result.Row != count || result.Price != float64(count) {
			t.Fatalf("result %d is of row %d, price %v", count, result.Row, result.Price)
		}
		count++
	}
	return count, nil
}

func TestBrokenStreamIsResumedWithoutLossOrDoubling(t *testing.T) {
	service := &fake{before: func(stream, chunk int) error {
		switch {
		case stream == 1 && chunk == 3:
			return status.Error(codes.Unavailable, "stopping")
		case stream == 2 && chunk == 1:
			return status.Error(codes.Unavailable, "starting")
		case stream == 3 && chunk == 5:
			return failure(t, codes.DeadlineExceeded, "STREAM_IDLE", 0)
		case stream == 4 && chunk == 7:
			return status.Error(codes.Canceled, "cut off")
		}
		return nil
	}}
	client := serve(t, service)
	count, err := prices(t, client.Score(t.Context(), rooms(995), housing.ChunkRows(10)))
	if err != nil || count != 995 {
		t.Fatalf("%d prices, then %v", count, err)
	}
	if streams := service.streams.Load(); streams != 5 {
		t.Errorf("%d streams", streams)
	}
}

func TestServerThatIsNotThereIsToldSoon(t *testing.T) {
	// A port that nobody is given, as others may be meanwhile.
	client, err := housing.New("127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	_, err = prices(t, client.Score(t.Context(), rooms(1)))
	failure, ok := errors.AsType[*housing.Error](err)
	if !ok || failure.Code != codes.Unavailable || failure.Reason != "" {
		t.Fatal(err)
	}
}

func TestInputIsTakenNoFasterThanResults(t *testing.T) {
	client := serve(t, &fake{before: func(int, int) error { return nil }})
	var given atomic.Int32
	endless := func(yield func(*housing.House) bool) {
		for yield(&housing.House{Rm: new(float64(given.Add(1) - 1))}) {
		}
	}
	taken := 0
	for _, err := range client.Score(t.Context(), endless, housing.ChunkRows(1)) {
		if err != nil {
			t.Fatal(err)
		}
		if ahead := int(given.Load()) - taken; ahead > 10 {
			t.Fatalf("%d houses were taken ahead", ahead)
		}
		if taken++; taken == 200 {
			break
		}
	}
}

func TestCancelledContextEndsAStreamThatWaitsForInput(t *testing.T) {
	client := serve(t, &fake{before: func(int, int) error { return nil }})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	blocked := func(yield func(*housing.House) bool) {
		yield(&housing.House{Rm: new(0.0)})
		<-t.Context().Done()
	}
	var err error
	for _, err = range client.Score(ctx, blocked, housing.ChunkRows(1)) {
		cancel()
	}
	if status.Code(err) != codes.Canceled {
		t.Fatal(err)
	}
}

func TestRowOfTheWrongWidthIsNotSent(t *testing.T) {
	client := serve(t, &fake{before: func(int, int) error { return nil }})
	rows := slices.Values([][]float64{{6, 12}, {6, 12}, {6}})
	features := []string{"RM", "LSTAT"}
	_, err := prices(t, client.ScoreMatrix(t.Context(), features, rows, housing.ChunkRows(2)))
	failure, ok := errors.AsType[*housing.Error](err)
	if !ok || failure.Code != codes.InvalidArgument ||
		failure.Message != "row 3 has 1 values for 2 features" {
		t.Fatal(err)
	}
}

func TestTextsOfARowLeaveOutItsPlaceInTheMessage(t *testing.T) {
	refused := func(message string, fields ...string) *housing.Error {
		bad := &errdetails.BadRequest{}
		for _, field := range fields {
			violation := &errdetails.BadRequest_FieldViolation{Field: field}
			bad.FieldViolations = append(bad.FieldViolations, violation)
		}
		withDetails, err := status.New(codes.InvalidArgument, message).WithDetails(bad)
		if err != nil {
			t.Fatal(err)
		}
		return housing.RowError(&pb.RowError{Error: withDetails.Proto()})
	}
	two := refused("items[12].CHAS is 3; items[12].RAD is 1.5", "items[12].CHAS", "items[12].RAD")
	if two.Message != "CHAS is 3; RAD is 1.5" || two.Violations[0].Field != "CHAS" {
		t.Error(two)
	}
	whole := refused("items[0]: has no feature", "items[0]")
	if whole.Message != "has no feature" || whole.Violations[0].Field != "house" {
		t.Error(whole)
	}
}

func TestNothingToScore(t *testing.T) {
	client := serve(t, &fake{before: func(int, int) error { return nil }})
	if count, err := prices(t, client.Score(t.Context(), rooms(0))); count != 0 || err != nil {
		t.Fatal(count, err)
	}
}

func TestReceiptsComeOnRequest(t *testing.T) {
	client := serve(t, &fake{before: func(int, int) error { return nil }})
	for _, asked := range [][]housing.Asking{nil, {housing.Receipt()}} {
		wanted := ""
		if asked != nil {
			wanted = "sealed"
		}
		for result, err := range client.Score(t.Context(), rooms(3), housing.Ask(asked...)) {
			if err != nil || result.Receipt != wanted {
				t.Fatal(result, err)
			}
		}
	}
}
