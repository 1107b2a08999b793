export type { Asked } from "./asked.js";
export { HousingClient, type CallOptions, type PredictOptions } from "./client.js";
export type { ClientOptions } from "./channel.js";
export { HousingError, type Violation } from "./errors.js";
export { FEATURES, type Feature, type House } from "./house.js";
export { toJson } from "./json.js";
export { rowError } from "./score.js";
export type { Result, ScoreOptions } from "./score.js";
export type { Answer, Chunk } from "./leg.js";
export { Recorded } from "./gen/housing/v1/feedback_pb.js";
export type {
  GetQualityResponse,
  ModelQuality,
  Outcome,
  OutcomeResult,
  RecordOutcomesResponse,
} from "./gen/housing/v1/feedback_pb.js";
export type {
  ModelInfoResponse,
  ReloadModelResponse,
  RollbackModelResponse,
} from "./gen/housing/v1/model_pb.js";
export type {
  PredictBatchResponse,
  PredictResponse,
  RangeWarning,
  RowResult,
} from "./gen/housing/v1/prediction_pb.js";
export type { Amount, Interval, Remarks, Unusual, Why } from "./remarks.js";
export { tlsFiles, type Tls, type TlsFiles } from "./tls.js";
