package housing

import (
	"encoding/json"
	"time"

	rpccode "google.golang.org/genproto/googleapis/rpc/code"
	rpcstatus "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// JSON writes an answer in the form that all clients and the REST proxy have: the contract's names,
// every field, moments as ISO 8601 has them, and numbers as numbers. Of a [Result], json.Marshal
// writes what the stream over HTTP has.
func JSON(answer proto.Message) ([]byte, error) {
	return json.Marshal(treeOf(answer.ProtoReflect()))
}

// MarshalJSON writes a line of the stream over HTTP; null is what was not asked for.
func (r Result) MarshalJSON() ([]byte, error) {
	if r.Err != nil {
		return json.Marshal(map[string]any{"row": r.Row, "error": treeOfError(r.Err)})
	}
	var ranges []any
	if r.RangeWarnings != nil {
		ranges = []any{}
	}
	for _, warning := range r.RangeWarnings {
		ranges = append(ranges, treeOf(warning.ProtoReflect()))
	}
	tree := map[string]any{
		"row":              r.Row,
		"prediction":       r.Price,
		"model_version":    r.ModelVersion,
		"timestamp":        r.Timestamp.UTC().Format(time.RFC3339Nano),
		"warnings":         r.Warnings,
		"range_warnings":   ranges,
		"imputed_features": r.ImputedFeatures,
	}
	if r.Interval != nil {
		tree["interval"] = treeOf(r.Interval.ProtoReflect())
	}
	// ScoreMatrix tells no warnings, and no more than the numbers of these.
	bare := r.Warnings == nil
	if r.Applicability != nil {
		tree["applicability"] = withNulls(r.Applicability, bare, "distance", "odd_features")
	}
	if r.Explanation != nil {
		explanation := withNulls(r.Explanation, bare, "method")
		var contributions []any
		for _, each := range r.Explanation.GetContributions() {
			contributions = append(contributions, withNulls(each, bare, "value"))
		}
		explanation["contributions"] = contributions
		tree["explanation"] = explanation
	}
	if r.Receipt != "" {
		tree["receipt"] = r.Receipt
	}
	return json.Marshal(tree)
}

// withNulls writes null for what was not asked for.
func withNulls(message proto.Message, bare bool, names ...string) map[string]any {
	tree, _ := treeOf(message.ProtoReflect()).(map[string]any)
	for _, name := range names {
		if bare {
			tree[name] = nil
		}
	}
	return tree
}

func treeOf(message protoreflect.Message) any {
	switch known := message.Interface().(type) {
	case *timestamppb.Timestamp, *durationpb.Duration:
		written, err := protojson.Marshal(known)
		if err != nil {
			return nil // It holds no moment.
		}
		return json.RawMessage(written)
	case *rpcstatus.Status:
		return treeOfError(errorOf(status.ErrorProto(known), nil))
	}
	tree := map[string]any{}
	fields := message.Descriptor().Fields()
	for i := range fields.Len() {
		if field := fields.Get(i); !field.HasPresence() || message.Has(field) {
			tree[string(field.Name())] = valueOf(field, message.Get(field))
		}
	}
	return tree
}

func valueOf(field protoreflect.FieldDescriptor, value protoreflect.Value) any {
	switch {
	case field.IsMap():
		tree := map[string]any{}
		value.Map().Range(func(key protoreflect.MapKey, each protoreflect.Value) bool {
			tree[key.String()] = each.Interface()
			return true
		})
		return tree
	case field.IsList():
		list := make([]any, value.List().Len())
		for i := range list {
			list[i] = oneOf(field, value.List().Get(i))
		}
		return list
	}
	return oneOf(field, value)
}

func oneOf(field protoreflect.FieldDescriptor, value protoreflect.Value) any {
	if field.Message() != nil {
		return treeOf(value.Message())
	}
	if field.Enum() != nil {
		if known := field.Enum().Values().ByNumber(value.Enum()); known != nil {
			return string(known.Name())
		}
		return value.Enum() // A later server may know of others.
	}
	return value.Interface()
}

func treeOfError(failure *Error) any {
	const types = "type.googleapis.com/google.rpc."
	details := []any{map[string]any{
		"@type": types + "ErrorInfo", "reason": failure.Reason, "domain": "housing.v1",
	}}
	if len(failure.Violations) > 0 {
		var violations []any
		for _, each := range failure.Violations {
			violations = append(violations, map[string]any{
				"field": each.Field, "description": each.Description,
			})
		}
		details = append(details, map[string]any{
			"@type": types + "BadRequest", "field_violations": violations,
		})
	}
	// Of the HTTP codes that google/rpc/code.proto gives, those of a row.
	http := 500
	if failure.Code == codes.InvalidArgument {
		http = 400
	}
	return map[string]any{
		"code":    http,
		"message": failure.Message,
		"status":  rpccode.Code(failure.Code).String(),
		"details": details,
	}
}
