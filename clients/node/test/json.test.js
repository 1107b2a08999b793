// One form of an answer, in every client.
import assert from "node:assert/strict";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { HousingError, toJson } from "housing-grpc-client";
import {
  ModelInfoResponseSchema,
  ReloadModelResponseSchema,
  RollbackModelResponseSchema,
} from "../dist/gen/housing/v1/model_pb.js";
import {
  PredictBatchResponseSchema,
  PredictResponseSchema,
} from "../dist/gen/housing/v1/prediction_pb.js";

const said = { warnings: [], range_warnings: [], imputed_features: [] };
const info = (reason) => ({
  "@type": "type.googleapis.com/google.rpc.ErrorInfo",
  reason,
  domain: "housing.v1",
});

test("answers have the contract's names, every field, and numbers as numbers", () => {
  assert.deepEqual(toJson(create(PredictResponseSchema, { prediction: 21.5 })), {
    prediction: 21.5,
    model_version: "",
    ...said,
  });
  const model = {
    features: [{ name: "RM", missingCount: 20n }],
    metrics: { rmse: 2.5 },
    libraryVersions: { numpy: "2" },
    generation: 3n,
  };
  const found = toJson(create(ModelInfoResponseSchema, model));
  assert.equal(found.features[0].missing_count, 20);
  assert.deepEqual(
    [found.generation, found.metrics, found.library_versions, found.stale],
    [3, { rmse: 2.5 }, { numpy: "2" }, false],
  );
  const reloaded = { generation: 2n, duration: { seconds: 1n, nanos: 500_000_000 } };
  assert.deepEqual(toJson(create(ReloadModelResponseSchema, reloaded)), {
    previous_version: "",
    version: "",
    changed: false,
    duration: "1.500s",
    bundle_digest: "",
    generation: 2,
  });
  const back = { previousVersion: "3", version: "2", generation: 4n };
  assert.deepEqual(toJson(create(RollbackModelResponseSchema, back)), {
    previous_version: "3",
    version: "2",
    bundle_digest: "",
    generation: 4,
  });
});

test("a house of a batch has its error in the place of its price", () => {
  const results = [
    { outcome: { case: "error", value: { code: 3, message: "items[0]: no" } } },
    { outcome: { case: "prediction", value: 21.5 }, imputedFeatures: ["B"] },
  ];
  const timestamp = { seconds: 1_767_323_045n, nanos: 600_000_000 };
  const answer = create(PredictBatchResponseSchema, { results, modelVersion: "7", timestamp });
  const error = {
    code: 400,
    message: "items[0]: no",
    status: "INVALID_ARGUMENT",
    details: [info("")],
  };
  assert.deepEqual(toJson(answer), {
    results: [
      { error, ...said },
      { prediction: 21.5, ...said, imputed_features: ["B"] },
    ],
    model_version: "7",
    timestamp: "2026-01-02T03:04:05.600Z",
  });
});

test("a result of many is a line of the stream over HTTP", () => {
  const warning = { feature: "RM", value: 60, min: 3, max: 9 };
  const result = { row: 4, price: 21.5, modelVersion: "7", timestamp: "2026-01-02T03:04:05.600Z" };
  const line = {
    row: 4,
    prediction: 21.5,
    model_version: "7",
    timestamp: "2026-01-02T03:04:05.600Z",
  };
  const odd = { warnings: ["w"], rangeWarnings: [warning], imputedFeatures: [] };
  assert.deepEqual(toJson({ ...result, ...odd }), {
    ...line,
    warnings: ["w"],
    range_warnings: [warning],
    imputed_features: [],
  });
  const unknown = { warnings: null, range_warnings: null, imputed_features: null };
  assert.deepEqual(toJson(result), { ...line, ...unknown });
  const violations = [{ field: "RM", description: "is not finite" }];
  const error = new HousingError(3, "b", { reason: "A", violations });
  assert.deepEqual(toJson({ row: 5, price: NaN, modelVersion: "7", error }), {
    row: 5,
    error: {
      code: 400,
      message: "b",
      status: "INVALID_ARGUMENT",
      details: [
        info("A"),
        { "@type": "type.googleapis.com/google.rpc.BadRequest", field_violations: violations },
      ],
    },
  });
});

test("a result says how sure, how unusual and why; null is what a matrix does not tell", () => {
  const interval = { lower: 20, upper: 23, level: 0.9, extrapolated: false };
  const known = { pValue: 0.5, distance: 1.5, oddFeatures: [] };
  const contributions = [{ feature: "RM", value: 6, amount: 1.5, imputed: true, factor: 1.1 }];
  const explanation = { base: 20, contributions, method: 1 };
  const result = { row: 0, price: 21.5, modelVersion: "7", interval, explanation };
  const found = toJson({ ...result, applicability: known });
  assert.deepEqual(found.interval, interval);
  assert.deepEqual(found.applicability, { p_value: 0.5, distance: 1.5, odd_features: [] });
  assert.deepEqual(found.explanation, { base: 20, contributions, method: "EXPLANATION_METHOD_LINEAR" });
  const bare = { base: 20, contributions: [{ feature: "RM", amount: 1.5, imputed: false }] };
  const numbers = toJson({ ...result, applicability: { pValue: 0.5 }, explanation: bare });
  assert.deepEqual(numbers.applicability, { p_value: 0.5, distance: null, odd_features: null });
  assert.deepEqual(numbers.explanation, {
    base: 20,
    contributions: [{ feature: "RM", value: null, amount: 1.5, imputed: false }],
    method: null,
  });
});
