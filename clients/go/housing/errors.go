package housing

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	rpcstatus "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// Error says why a call failed, or why a house of many was not scored. Read it with
// [errors.AsType] or [errors.As]:
//
//	if refused, ok := errors.AsType[*housing.Error](err); ok && refused.Reason == "FEATURE_DOMAIN" {
type Error struct {
	// Code is the gRPC status code.
	Code codes.Code
	// Reason is stable, for programs; the contract lists those of each method. It is empty
	// where the error did not come from the server, such as when it cannot be reached, but for
	// three of the client's own about streams: NO_ANSWER, MODEL_CHANGED, ANSWER_MISMATCH.
	Reason string
	// Message is one line for people.
	Message string
	// Violations are the fields at fault.
	Violations []Violation
	// RetryAfter is when another try may help; zero if the server did not say.
	RetryAfter time.Duration
	// RequestID finds the call in the server's log. It is what was sent as x-request-id, or
	// chosen by the server, and empty for a house of many.
	RequestID string

	cause error
}

// Violation is a field at fault.
type Violation struct {
	// Field is its path in the request, such as "house.RM"; of a house of many, from that house.
	Field string
	// Description says what is wrong with it.
	Description string
}

func (e *Error) Error() string {
	if e.Reason == "" {
		return fmt.Sprintf("housing: %s: %s", e.Code, e.Message)
	}
	return fmt.Sprintf("housing: %s (%s): %s", e.Code, e.Reason, e.Message)
}

// Unwrap gives gRPC's own error, so that the status package understands this one.
func (e *Error) Unwrap() error { return e.cause }

// RowError says why a house of a batch was not scored, or returns nil if it was. Its texts leave
// out the place of the house, which the result's own place tells.
func RowError(result interface{ GetError() *rpcstatus.Status }) *Error {
	failure := result.GetError()
	if failure == nil {
		return nil
	}
	alone := errorOf(status.ErrorProto(failure), nil)
	alone.Message = placeInText.ReplaceAllString(alone.Message, "$1")
	for i, each := range alone.Violations {
		field := placeInPath.ReplaceAllString(each.Field, "")
		alone.Violations[i].Field = cmp.Or(field, "house")
	}
	return alone
}

// Where a house stands in its message: among others than those of the whole job.
var (
	placeInText = regexp.MustCompile(`(^|; )items\[\d+\](?:: |\.)`)
	placeInPath = regexp.MustCompile(`^items\[\d+\]\.?`)
)

func errorOf(err error, trailer metadata.MD) *Error {
	if already, ok := errors.AsType[*Error](err); ok {
		return already
	}
	converted := status.Convert(err)
	result := &Error{Code: converted.Code(), Message: converted.Message(), cause: err}
	for _, detail := range converted.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			result.Reason = detail.GetReason()
		case *errdetails.RetryInfo:
			result.RetryAfter = detail.GetRetryDelay().AsDuration()
		case *errdetails.BadRequest:
			for _, each := range detail.GetFieldViolations() {
				violation := Violation{Field: each.GetField(), Description: each.GetDescription()}
				result.Violations = append(result.Violations, violation)
			}
		}
	}
	if result.Code == codes.Unimplemented && result.Reason == "" {
		result.Message += "; the server is of an older release, or no such server"
	}
	if ids := trailer.Get("x-request-id"); len(ids) > 0 {
		result.RequestID = ids[0]
	}
	return result
}
