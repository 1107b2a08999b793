import { type MessageInitShape, create } from "@bufbuild/protobuf";
import { type Client, Metadata } from "@grpc/grpc-js";
import { type Asked, beside } from "./asked.js";
import { type ClientOptions, connect } from "./channel.js";
import { ofCall } from "./errors.js";
import {
  FeedbackService,
  type GetQualityResponse,
  GetQualityRequestSchema,
  OutcomeSchema,
  RecordOutcomesRequestSchema,
  type RecordOutcomesResponse,
} from "./gen/housing/v1/feedback_pb.js";
import {
  type ModelInfoResponse,
  ModelInfoRequestSchema,
  ModelService,
  ReloadModelRequestSchema,
  type ReloadModelResponse,
  RollbackModelRequestSchema,
  type RollbackModelResponse,
} from "./gen/housing/v1/model_pb.js";
import {
  type PredictBatchResponse,
  PredictBatchRequestSchema,
  PredictRequestSchema,
  type PredictResponse,
  PredictionService,
} from "./gen/housing/v1/prediction_pb.js";
import { type Feature, type House, toMessage } from "./house.js";
import type { Answer, Call, Chunk } from "./leg.js";
import { type Method, describe } from "./method.js";
import { type Many, type Result, type ScoreOptions, matrixChunks, results, rowChunks } from "./score.js";
import { converse } from "./stream.js";

/** How one call is made. */
export interface CallOptions {
  /** Longest time for the call. */
  readonly timeoutMs?: number;
  /** Ends the call when it is aborted. */
  readonly signal?: AbortSignal;
  /** Sent as x-request-id, to find the call in the server's log. */
  readonly requestId?: string;
}

/** How prices are asked for. */
export interface PredictOptions extends CallOptions, Asked {}

const TIMEOUT_MS = 10_000;
// A reload fetches and tries a model before it makes it live.
const RELOAD_TIMEOUT_MS = 120_000;
// The previous model is in memory, but a worker process may just be restarted.
const ROLLBACK_TIMEOUT_MS = 30_000;

const PREDICT = describe(PredictionService.method.predict);
const PREDICT_BATCH = describe(PredictionService.method.predictBatch);
const PREDICT_STREAM = describe(PredictionService.method.predictStream);
const RECORD_OUTCOMES = describe(FeedbackService.method.recordOutcomes);
const GET_QUALITY = describe(FeedbackService.method.getQuality);
const MODEL_INFO = describe(ModelService.method.modelInfo);
const RELOAD_MODEL = describe(ModelService.method.reloadModel);
const ROLLBACK_MODEL = describe(ModelService.method.rollbackModel);

/** Calls one server, or all those that a DNS name stands for. Connects with the first call. */
export class HousingClient {
  readonly #client: Client;
  readonly #timeoutMs: number;
  readonly #apiKey: string | undefined;

  /** The target is such as "localhost:50051" or "dns:///housing:50051". */
  constructor(target: string, options: ClientOptions = {}) {
    this.#client = connect(target, options);
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    this.#apiKey = options.apiKey;
  }

  /** Asks for the price of one house. */
  async predict(house: House, options?: PredictOptions): Promise<PredictResponse> {
    const request = create(PredictRequestSchema, { house: toMessage(house), ...beside(options) });
    return this.#unary(PREDICT, request, options);
  }

  /** Asks for the prices of many houses at once; one that could not be scored has its error. */
  async predictBatch(
    houses: Iterable<House>,
    options?: PredictOptions,
  ): Promise<PredictBatchResponse> {
    const items = Array.from(houses, inPlace);
    const request = create(PredictBatchRequestSchema, { items, ...beside(options) });
    return this.#unary(PREDICT_BATCH, request, options);
  }

  /** Asks about the model that is live. */
  async info(options?: CallOptions): Promise<ModelInfoResponse> {
    return this.#unary(MODEL_INFO, create(ModelInfoRequestSchema), options);
  }

  /** Makes a version or what an alias names live; without either, what the server's own does. */
  async reload(
    target: { readonly version?: string; readonly alias?: string } = {},
    options?: CallOptions,
  ): Promise<ReloadModelResponse> {
    const request = create(ReloadModelRequestSchema, reloadTarget(target));
    return this.#unary(RELOAD_MODEL, request, { timeoutMs: RELOAD_TIMEOUT_MS, ...options });
  }

  /** Makes the previous model live again, which the server has in memory for some time. */
  async rollback(options?: CallOptions): Promise<RollbackModelResponse> {
    const request = create(RollbackModelRequestSchema);
    return this.#unary(ROLLBACK_MODEL, request, { timeoutMs: ROLLBACK_TIMEOUT_MS, ...options });
  }

  /**
   * Says what houses sold for. What was recorded is on the server's disk; it may be sent again, as
   * each receipt counts once. `rowError` reads why one was not taken.
   */
  async recordOutcomes(
    outcomes: Iterable<MessageInitShape<typeof OutcomeSchema>>,
    options?: CallOptions,
  ): Promise<RecordOutcomesResponse> {
    const request = create(RecordOutcomesRequestSchema, { items: [...outcomes] });
    return this.#unary(RECORD_OUTCOMES, request, options);
  }

  /** Asks how good prices were, by the outcomes so far; the live model comes first. */
  async quality(options?: CallOptions): Promise<GetQualityResponse> {
    return this.#unary(GET_QUALITY, create(GetQualityRequestSchema), options);
  }

  /**
   * Asks for the prices of any number of houses, and yields them in order as they come. A
   * house that cannot be scored costs that house alone: its result has the error. Houses are
   * taken no faster than results are, but for a few chunks.
   */
  score(houses: Many<House>, options: ScoreOptions = {}): AsyncGenerator<Result> {
    return results(this.stream(rowChunks(houses, options), options), options);
  }

  /**
   * Is `score` with less to carry: each row holds the values of the named features in their
   * order, NaN where one is missing, and travels as raw numbers.
   */
  scoreMatrix(
    features: readonly Feature[],
    rows: Many<ArrayLike<number>>,
    options: ScoreOptions = {},
  ): AsyncGenerator<Result> {
    return results(this.stream(matrixChunks(features, rows, options), options), options);
  }

  /** Is what `score` is made of, for those who want whole chunks. Sets their sequences. */
  stream(chunks: AsyncIterable<Chunk>, { signal }: ScoreOptions = {}): AsyncGenerator<Answer> {
    return converse(() => this.#open(), chunks, { timeoutMs: this.#timeoutMs, signal });
  }

  /** Ends the connections. */
  close(): void {
    this.#client.close();
  }

  #open(): Call {
    const { path, serialize, deserialize } = PREDICT_STREAM;
    return this.#client.makeBidiStreamRequest(path, serialize, deserialize, this.#metadata());
  }

  #unary<Request, Response>(
    { path, serialize, deserialize }: Method<Request, Response>,
    request: Request,
    { timeoutMs = this.#timeoutMs, signal, requestId }: CallOptions = {},
  ): Promise<Response> {
    const metadata = this.#metadata();
    if (requestId !== undefined) {
      metadata.set("x-request-id", requestId);
    }
    return new Promise((resolve, reject) => {
      const deadline = Date.now() + timeoutMs;
      const call = this.#client.makeUnaryRequest(
        path, serialize, deserialize, request, metadata, { deadline },
        (error, response) => {
          signal?.removeEventListener("abort", abort);
          if (response !== undefined) {
            resolve(response);
          } else {
            reject(ofCall(error));
          }
        },
      );
      const abort = () => call.cancel();
      signal?.addEventListener("abort", abort);
      if (signal?.aborted) {
        abort();
      }
    });
  }

  #metadata(): Metadata {
    const metadata = new Metadata();
    if (this.#apiKey !== undefined) {
      metadata.set("x-api-key", this.#apiKey);
    }
    return metadata;
  }
}

function inPlace(house: House, place: number) {
  // People count from 1.
  return toMessage(house, `row ${place + 1}: `);
}

function reloadTarget({
  version,
  alias,
}: {
  readonly version?: string;
  readonly alias?: string;
}): MessageInitShape<typeof ReloadModelRequestSchema> {
  if (version !== undefined && alias !== undefined) {
    throw new TypeError("name a version or an alias, not both");
  }
  if (version !== undefined) {
    return { target: { case: "version", value: version } };
  }
  return alias === undefined ? {} : { target: { case: "alias", value: alias } };
}
