package housing_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	"housing-grpc/clients/go/housing"
	pb "housing-grpc/clients/go/housing/housingv1"
)

// failure makes what the server fails with; a delay of zero is left out.
func failure(t *testing.T, code codes.Code, reason string, delay time.Duration) error {
	t.Helper()
	details := []protoadapt.MessageV1{
		&errdetails.ErrorInfo{Reason: reason, Domain: "housing.v1"},
	}
	if delay > 0 {
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(delay)})
	}
	failed, err := status.New(code, "as asked").WithDetails(details...)
	if err != nil {
		t.Fatal(err)
	}
	return failed.Err()
}

// breaking fails once, at the third chunk of the first stream.
func breaking(err error) func(int, int) error {
	return func(stream, chunk int) error {
		if stream == 1 && chunk == 3 {
			return err
		}
		return nil
	}
}

func TestWhatAJobThatWasServedGoesOnAfter(t *testing.T) {
	for name, failed := range map[string]error{
		"too old":          failure(t, codes.DeadlineExceeded, "STREAM_TOO_OLD", 0),
		"model retired":    failure(t, codes.Aborted, "MODEL_RETIRED", 0),
		"stopping":         failure(t, codes.Unavailable, "SERVER_STOPPING", time.Millisecond),
		"too many streams": failure(t, codes.ResourceExhausted, "TOO_MANY_STREAMS", time.Millisecond),
		"too many calls":   failure(t, codes.ResourceExhausted, "RATE_LIMITED", time.Millisecond),
	} {
		service := &fake{before: breaking(failed)}
		count, err := prices(t, serve(t, service).Score(t.Context(), rooms(100), housing.ChunkRows(10)))
		if count != 100 || err != nil || service.streams.Load() != 2 {
			t.Errorf("%s: %d prices, then %v, %d streams", name, count, err, service.streams.Load())
		}
	}
}

func TestWhatAJobGivesUpAfter(t *testing.T) {
	for name, failed := range map[string]error{
		"refused":              failure(t, codes.InvalidArgument, "BATCH_TOO_LARGE", 0),
		"another reload":       failure(t, codes.Aborted, "RELOAD_IN_PROGRESS", 0),
		"unknown key":          failure(t, codes.Unauthenticated, "UNAUTHENTICATED", 0),
		"its own fault":        failure(t, codes.Internal, "INTERNAL", 0),
		"never enough room":    failure(t, codes.ResourceExhausted, "MESSAGE_TOO_LARGE", 0),
		"far too long to wait": failure(t, codes.Unavailable, "SERVER_STOPPING", time.Hour),
	} {
		service := &fake{before: breaking(failed)}
		count, err := prices(t, serve(t, service).Score(t.Context(), rooms(100), housing.ChunkRows(10)))
		failed, ok := errors.AsType[*housing.Error](err)
		if count != 20 || !ok || failed.Reason == "" || service.streams.Load() != 1 {
			t.Errorf("%s: %d prices, then %v, %d streams", name, count, err, service.streams.Load())
		}
	}
}

func TestNewJobIsToldAtOnceThatThereIsNoRoom(t *testing.T) {
	noRoom := failure(t, codes.ResourceExhausted, "TOO_MANY_STREAMS", time.Millisecond)
	service := &fake{before: func(int, int) error { return noRoom }}
	_, err := prices(t, serve(t, service).Score(t.Context(), rooms(10)))
	failed, ok := errors.AsType[*housing.Error](err)
	if !ok || failed.RetryAfter != time.Millisecond || service.streams.Load() != 1 {
		t.Fatal(err, service.streams.Load())
	}
}

func TestAnswerThatDoesNotComeIsAskedForAgain(t *testing.T) {
	released := make(chan struct{})
	// On a slow machine the first stream may be given up before its third chunk.
	var silent atomic.Bool
	service := &fake{before: func(_, chunk int) error {
		if chunk == 3 && silent.CompareAndSwap(false, true) {
			<-released
		}
		return nil
	}}
	client := serve(t, service, housing.WithTimeout(500*time.Millisecond))
	t.Cleanup(func() { close(released) })
	count, err := prices(t, client.Score(t.Context(), rooms(100), housing.ChunkRows(10)))
	if count != 100 || err != nil || !silent.Load() || service.streams.Load() < 2 {
		t.Fatalf("%d prices, then %v, %d streams", count, err, service.streams.Load())
	}
}

func TestServerThatHangsIsGivenUp(t *testing.T) {
	released := make(chan struct{})
	service := &fake{before: func(int, int) error { <-released; return nil }}
	// The server may not see a stream that is given up so soon.
	opened := 0
	counted := func(
		ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, method string,
		open grpc.Streamer, options ...grpc.CallOption,
	) (grpc.ClientStream, error) {
		opened++
		return open(ctx, desc, conn, method, options...)
	}
	client := serve(t, service, housing.WithTimeout(20*time.Millisecond),
		housing.WithDialOptions(grpc.WithStreamInterceptor(counted)))
	t.Cleanup(func() { close(released) })
	_, err := prices(t, client.Score(t.Context(), rooms(100)))
	failed, ok := errors.AsType[*housing.Error](err)
	if !ok || failed.Code != codes.DeadlineExceeded || failed.Reason != "NO_ANSWER" {
		t.Fatal(err)
	}
	if opened != 4 {
		t.Errorf("%d streams", opened)
	}
}

func TestPinnedJobGoesOnWithTheSameModel(t *testing.T) {
	gone := status.Error(codes.Unavailable, "gone")
	service := &fake{before: breaking(gone), version: func(int) string { return "1" }}
	results := serve(t, service).Score(
		t.Context(), rooms(100), housing.ChunkRows(10), housing.PinModel())
	count, err := prices(t, results)
	if count != 100 || err != nil || service.streams.Load() != 2 {
		t.Fatalf("%d prices, then %v, %d streams", count, err, service.streams.Load())
	}
}

func TestPinnedJobRefusesAnotherModel(t *testing.T) {
	gone := status.Error(codes.Unavailable, "gone")
	version := func(stream int) string { return []string{"1", "2"}[stream-1] }
	service := &fake{before: breaking(gone), version: version}
	results := serve(t, service).Score(
		t.Context(), rooms(100), housing.ChunkRows(10), housing.PinModel())
	count, err := prices(t, results)
	failed, ok := errors.AsType[*housing.Error](err)
	if count != 20 || !ok || failed.Reason != "MODEL_CHANGED" ||
		failed.Code != codes.FailedPrecondition || !strings.Contains(failed.Message, "model 1") {
		t.Fatalf("%d prices, then %v", count, err)
	}
}

func TestClosedClientIsNotTriedAgain(t *testing.T) {
	service := &fake{before: func(int, int) error { return nil }}
	client := serve(t, service)
	var err error
	for _, err = range client.Score(t.Context(), rooms(100), housing.ChunkRows(1)) {
		_ = client.Close()
	}
	if status.Code(err) != codes.Canceled || service.streams.Load() != 1 {
		t.Fatal(err, service.streams.Load())
	}
}

func TestFirstMessageOfEachStreamSaysWhatIsAskedFor(t *testing.T) {
	var mutex sync.Mutex
	openings := 0
	received := func(chunk int, request *pb.PredictStreamRequest) {
		mutex.Lock()
		defer mutex.Unlock()
		first := chunk == 1
		if first {
			openings++
		}
		if request.GetExplain() != first || request.GetIntervals() != first ||
			request.GetReceipt() != first || (request.GetRoutingKey() == "me") != first ||
			(request.GetLevel() == 0.8) != first || (request.GetReference().GetRm() == 6) != first {
			t.Errorf("message %d of a stream asks for %v", chunk, request)
		}
	}
	gone := status.Error(codes.Unavailable, "gone")
	service := &fake{before: breaking(gone), received: received}
	asked := housing.Ask(housing.Explain(), housing.Level(0.8), housing.Receipt(),
		housing.RoutingKey("me"),
		housing.Reference(&housing.House{Rm: new(6.0)}))
	results := serve(t, service).Score(t.Context(), rooms(100), housing.ChunkRows(10), asked)
	count, err := prices(t, results)
	mutex.Lock()
	defer mutex.Unlock()
	if count != 100 || err != nil || openings != 2 {
		t.Fatalf("%d prices, then %v, %d streams", count, err, openings)
	}
}
