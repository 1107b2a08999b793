package housing_test

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"
	"time"

	rpcstatus "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"housing-grpc/clients/go/housing"
	pb "housing-grpc/clients/go/housing/housingv1"
)

var moment = time.Date(2026, 1, 2, 3, 4, 5, 600_000_000, time.UTC)

// same compares JSON, whose names may come in any order.
func same(t *testing.T, found []byte, err error, wanted string) {
	t.Helper()
	var one, other any
	if err != nil || json.Unmarshal(found, &one) != nil {
		t.Fatal(err, string(found))
	}
	if err := json.Unmarshal([]byte(wanted), &other); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(one, other) {
		t.Errorf("%s\nis not\n%s", found, wanted)
	}
}

var (
	interval = &housing.PriceInterval{Lower: 20, Upper: 23, Level: 0.9}
	known    = &housing.Applicability{PValue: 0.5, Distance: 1.5}
	why      = &housing.Explanation{
		Base:   20,
		Method: pb.ExplanationMethod_EXPLANATION_METHOD_LINEAR,
		Contributions: []*pb.Contribution{
			{Feature: "RM", Value: 6, Amount: 1.5, Imputed: true},
			{Feature: "B", Value: 4, Factor: new(1.0)},
		},
	}
)

func TestWhatAMatrixIsNotToldIsNull(t *testing.T) {
	result := housing.Result{
		Receipt:       "sealed",
		Interval:      interval,
		Applicability: &housing.Applicability{PValue: 0.5},
		Explanation: &housing.Explanation{
			Contributions: []*pb.Contribution{{Feature: "RM", Value: math.NaN(), Amount: 1}},
		},
	}
	found, err := json.Marshal(result)
	same(t, found, err, `{"row":0,"prediction":0,"model_version":"","timestamp":"0001-01-01T00:00:00Z",
		"warnings":null,"range_warnings":null,"imputed_features":null,
		"interval":{"lower":20,"upper":23,"level":0.9,"extrapolated":false},
		"applicability":{"p_value":0.5,"distance":null,"odd_features":null},
		"explanation":{"base":0,"method":null,"contributions":[
		{"feature":"RM","value":null,"amount":1,"imputed":false}]},"receipt":"sealed"}`)
}

func TestAnswersAsJSON(t *testing.T) {
	batch := &housing.Batch{
		ModelVersion: "7",
		Timestamp:    timestamppb.New(moment),
		Results: []*pb.RowResult{
			{Outcome: &pb.RowResult_Prediction{Prediction: 21.5}, ImputedFeatures: []string{"B"}},
			{Outcome: &pb.RowResult_Error{Error: &rpcstatus.Status{Code: 3, Message: "items[1]: no"}}},
		},
	}
	for wanted, answer := range map[string]proto.Message{
		`{"prediction":21.5,"model_version":"","warnings":[],"range_warnings":[],
		"imputed_features":[]}`: &housing.Prediction{Prediction: 21.5},
		`{"prediction":21.5,"model_version":"","warnings":[],"range_warnings":[],
		"imputed_features":[],"interval":{"lower":20,"upper":23,"level":0.9,"extrapolated":false},
		"applicability":{"p_value":0.5,"distance":1.5,"odd_features":[]},
		"explanation":{"base":20,"method":"EXPLANATION_METHOD_LINEAR","contributions":[
		{"feature":"RM","value":6,"amount":1.5,"imputed":true},
		{"feature":"B","value":4,"amount":0,"factor":1,"imputed":false}]}}`: //
		&housing.Prediction{Prediction: 21.5, Interval: interval, Applicability: known, Explanation: why},
		`{"name":"","version":"","model_type":"","preprocessing":"","features":[{"name":"RM","unit":"",
		"description":"","min":0,"max":0,"missing_count":20,"integer":false,"choices":[]}],
		"metrics":{"rmse":2.5},"bundle_digest":"","data_digest":"","library_versions":{"numpy":"2"},
		"source":"","stale":false,"generation":3,"run_id":"","server_version":"","evaluator":"","schema_digest":"",
		"rolled_back_from":""}`: //
		&housing.ModelInfo{
			Features:        []*pb.FeatureInfo{{Name: "RM", MissingCount: 20}},
			Metrics:         map[string]float64{"rmse": 2.5},
			LibraryVersions: map[string]string{"numpy": "2"},
			Generation:      3,
		},
		`{"previous_version":"","version":"","changed":false,"duration":"1.500s","bundle_digest":"",
		"generation":2}`: &housing.Reloaded{
			Generation: 2, Duration: durationpb.New(1500 * time.Millisecond),
		},
		`{"previous_version":"3","version":"2","duration":"0.500s","bundle_digest":"",
		"generation":4}`: &housing.RolledBack{
			PreviousVersion: "3", Version: "2", Generation: 4,
			Duration: durationpb.New(500 * time.Millisecond),
		},
		`{"results":[{"prediction":21.5,"warnings":[],"range_warnings":[],"imputed_features":["B"]},
		{"error":{"code":400,"message":"items[1]: no","status":"INVALID_ARGUMENT","details":[{"@type":
		"type.googleapis.com/google.rpc.ErrorInfo","reason":"","domain":"housing.v1"}]},"warnings":[],
		"range_warnings":[],"imputed_features":[]}],"model_version":"7",
		"timestamp":"2026-01-02T03:04:05.600Z"}`: batch,
	} {
		found, err := housing.JSON(answer)
		same(t, found, err, wanted)
	}
}

func TestResultsAsJSON(t *testing.T) {
	ranges := []*pb.RangeWarning{{Feature: "RM", Value: 60, Min: 3, Max: 9}}
	violations := []housing.Violation{{Field: "RM", Description: "is not finite"}}
	refused := &housing.Error{Code: codes.InvalidArgument, Reason: "A", Message: "b", Violations: violations}
	for wanted, result := range map[string]housing.Result{
		`{"row":4,"prediction":21.5,"model_version":"7","timestamp":"2026-01-02T03:04:05.6Z",
		"warnings":["w"],"range_warnings":[{"feature":"RM","value":60,"min":3,"max":9}],
		"imputed_features":[]}`: {
			Row: 4, Price: 21.5, ModelVersion: "7", Timestamp: moment,
			Warnings: []string{"w"}, RangeWarnings: ranges, ImputedFeatures: []string{},
		},
		`{"row":4,"prediction":21.5,"model_version":"7","timestamp":"2026-01-02T03:04:05.6Z",
		"warnings":null,"range_warnings":null,"imputed_features":null}`: {
			Row: 4, Price: 21.5, ModelVersion: "7", Timestamp: moment,
		},
		`{"row":5,"error":{"code":400,"message":"b","status":"INVALID_ARGUMENT","details":[{"@type":
		"type.googleapis.com/google.rpc.ErrorInfo","reason":"A","domain":"housing.v1"},{"@type":
		"type.googleapis.com/google.rpc.BadRequest","field_violations":[{"field":"RM","description":
		"is not finite"}]}]}}`: {Row: 5, Err: refused},
	} {
		found, err := json.Marshal(result)
		same(t, found, err, wanted)
	}
}
