// The form that all clients and the REST proxy have for one thing.
import {
  type DescMessage,
  type JsonObject,
  type JsonValue,
  ScalarType,
  enumToJson,
  toJson as write,
} from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import { type HousingError, ofStatus } from "./errors.js";
import {
  type ModelInfoResponse,
  ModelInfoResponseSchema,
  type ReloadModelResponse,
  ReloadModelResponseSchema,
  type RollbackModelResponse,
  RollbackModelResponseSchema,
} from "./gen/housing/v1/model_pb.js";
import {
  ExplanationMethodSchema,
  type PredictBatchResponse,
  PredictBatchResponseSchema,
  type PredictResponse,
  PredictResponseSchema,
  type RangeWarning,
} from "./gen/housing/v1/prediction_pb.js";
import type { Result } from "./score.js";

type Answered =
  | PredictResponse
  | PredictBatchResponse
  | ModelInfoResponse
  | ReloadModelResponse
  | RollbackModelResponse;

const OPTIONS = { useProtoFieldName: true, alwaysEmitImplicit: true };
const TYPES = "type.googleapis.com/google.rpc";
const LARGE: readonly ScalarType[] = [ScalarType.INT64, ScalarType.UINT64];

/**
 * Makes JSON of an answer: with the contract's names, every field, moments as ISO 8601 has them, and
 * numbers as numbers. A result of many is as a line of the stream over HTTP; null is what was not
 * asked for.
 */
export function toJson(answer: Answered | Result): JsonObject {
  if (!("$typeName" in answer)) {
    return ofResult(answer);
  }
  switch (answer.$typeName) {
    case "housing.v1.PredictResponse":
      return write(PredictResponseSchema, answer, OPTIONS) as JsonObject;
    case "housing.v1.PredictBatchResponse":
      return ofBatch(answer);
    case "housing.v1.ModelInfoResponse":
      return withNumbers(ModelInfoResponseSchema, write(ModelInfoResponseSchema, answer, OPTIONS));
    case "housing.v1.ReloadModelResponse":
      return withNumbers(
        ReloadModelResponseSchema,
        write(ReloadModelResponseSchema, answer, OPTIONS),
      );
    case "housing.v1.RollbackModelResponse":
      return withNumbers(
        RollbackModelResponseSchema,
        write(RollbackModelResponseSchema, answer, OPTIONS),
      );
  }
}

function ofResult(result: Result): JsonObject {
  const { row, error } = result;
  if (error !== undefined) {
    return { row, error: ofError(error) };
  }
  return {
    row,
    prediction: result.price,
    model_version: result.modelVersion,
    timestamp: result.timestamp ?? null,
    warnings: listed(result.warnings),
    range_warnings: result.rangeWarnings?.map(ofRange) ?? null,
    imputed_features: listed(result.imputedFeatures),
    ...besideOf(result),
  };
}

/** Writes what is said beside a price: as over HTTP, without what there is none of. */
function besideOf({ interval, applicability, explanation, receipt }: Result): JsonObject {
  const found: JsonObject = {};
  if (interval) {
    const { lower, upper, level, extrapolated } = interval;
    found.interval = { lower, upper, level, extrapolated };
  }
  if (applicability) {
    const { pValue, distance = null, oddFeatures } = applicability;
    found.applicability = { p_value: pValue, distance, odd_features: listed(oddFeatures) };
  }
  if (explanation) {
    const { base, contributions, method } = explanation;
    found.explanation = {
      base,
      contributions: contributions.map(({ feature, value = null, amount, factor, imputed }) => ({
        feature,
        value,
        amount,
        ...(factor !== undefined && { factor }),
        imputed,
      })),
      method: method === undefined ? null : enumToJson(ExplanationMethodSchema, method),
    };
  }
  return { ...found, ...(receipt !== undefined && { receipt }) };
}

function ofRange({ feature, value, min, max }: RangeWarning): JsonObject {
  return { feature, value, min, max };
}

function ofBatch(answer: PredictBatchResponse): JsonObject {
  const priced = answer.results.filter(({ outcome }) => outcome.case === "prediction");
  const tree = write(PredictBatchResponseSchema, { ...answer, results: priced }, OPTIONS);
  const prices = (tree as { results: JsonValue[] }).results.values();
  const results = answer.results.map(({ outcome, warnings, imputedFeatures }) =>
    outcome.case === "error"
      ? {
          error: ofError(ofStatus(outcome.value)),
          warnings,
          range_warnings: [],
          imputed_features: imputedFeatures,
        }
      : (prices.next().value as JsonValue),
  );
  return { ...(tree as JsonObject), results };
}

function ofError({ code, message, status: name, reason, violations }: HousingError): JsonObject {
  const info = { "@type": `${TYPES}.ErrorInfo`, reason: reason ?? "", domain: "housing.v1" };
  const fields = violations.map(({ field, description }) => ({ field, description }));
  const bad = { "@type": `${TYPES}.BadRequest`, field_violations: fields };
  return {
    // Of the HTTP codes that google/rpc/code.proto gives, those of a row.
    code: code === status.INVALID_ARGUMENT ? 400 : 500,
    message,
    status: name,
    details: fields.length > 0 ? [info, bad] : [info],
  };
}

/** Makes numbers of those of 64 bits, which protobuf writes as texts. */
function withNumbers(schema: DescMessage, tree: JsonValue): JsonObject {
  const found = { ...(tree as JsonObject) };
  for (const field of schema.fields) {
    const value = found[field.name];
    if (field.fieldKind === "scalar" && LARGE.includes(field.scalar)) {
      found[field.name] = Number(value);
    } else if (field.fieldKind === "list" && field.listKind === "message") {
      found[field.name] = (value as JsonValue[]).map((each) => withNumbers(field.message, each));
    }
  }
  return found;
}

function listed(values: readonly string[] | undefined): string[] | null {
  return values === undefined ? null : [...values];
}
