// A server that does as a test tells it.
import assert from "node:assert/strict";
import { after } from "node:test";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { anyPack, durationFromMs } from "@bufbuild/protobuf/wkt";
import { Metadata, Server, ServerCredentials } from "@grpc/grpc-js";
import { HousingClient } from "housing-grpc-client";
import { ErrorInfoSchema, RetryInfoSchema } from "../dist/gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "../dist/gen/google/rpc/status_pb.js";
import { FeedbackService } from "../dist/gen/housing/v1/feedback_pb.js";
import {
  PredictStreamResponseSchema,
  PredictionService,
} from "../dist/gen/housing/v1/prediction_pb.js";

const closers = [];
after(() => closers.forEach((close) => close()));

function served({ name, parent, input, output }, streams) {
  return {
    path: `/${parent.typeName}/${name}`,
    requestStream: streams,
    responseStream: streams,
    requestSerialize: (message) => Buffer.from(toBinary(input, message)),
    requestDeserialize: (bytes) => fromBinary(input, bytes),
    responseSerialize: (message) => Buffer.from(toBinary(output, message)),
    responseDeserialize: (bytes) => fromBinary(output, bytes),
  };
}

const SERVICE = {
  predict: served(PredictionService.method.predict, false),
  predictStream: served(PredictionService.method.predictStream, true),
  recordOutcomes: served(FeedbackService.method.recordOutcomes, false),
  getQuality: served(FeedbackService.method.getQuality, false),
};

/** Starts a server, and gives a client of it. */
export async function serve(
  handlers,
  options = {},
  credentials = ServerCredentials.createInsecure(),
) {
  const server = new Server();
  server.addService(SERVICE, handlers);
  const port = await new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", credentials, (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  const client = connect(`127.0.0.1:${port}`, options);
  closers.push(() => server.forceShutdown());
  return client;
}

/** Makes a client that is closed after the tests. */
export function connect(target, options) {
  const client = new HousingClient(target, options);
  closers.push(() => client.close());
  return client;
}

/**
 * Streams: answers a house with its number of rooms, unless `before(stream, chunk)` throws, by
 * the model `version(stream)`.
 */
export async function stream(before, options, version = () => "") {
  const seen = { streams: 0, asked: [] };
  const predictStream = (call) => {
    const number = ++seen.streams;
    let chunk = 0;
    call.on("data", async (request) => {
      call.pause();
      try {
        const { explain, level, intervals, receipt, reference, routingKey } = request;
        const rm = reference?.rm;
        seen.asked.push({ first: ++chunk === 1, explain, level, intervals, receipt, rm, routingKey });
        await before(number, chunk);
        call.write(answerTo(request, version(number)));
        call.resume();
      } catch (error) {
        call.emit("error", error);
      }
    });
    call.on("end", () => {
      call.write(create(PredictStreamResponseSchema, { message: { case: "summary", value: {} } }));
      call.end();
    });
  };
  return { client: await serve({ predictStream }, options), seen };
}

function answerTo({ sequence, payload, receipt }, modelVersion) {
  const items = payload.value.items.map(({ rm }) => ({
    outcome: { case: "prediction", value: rm },
    ...(receipt && { receipt: "sealed" }),
  }));
  const value = { sequence, modelVersion, payload: { case: "rows", value: { items } } };
  return create(PredictStreamResponseSchema, { message: { case: "chunk", value } });
}

/** Makes what a handler fails with, with a reason and the wait that it asks for, if given. */
export function failure(code, reason, retryAfterMs) {
  const error = Object.assign(new Error("as asked"), { code });
  if (reason === undefined) {
    return error;
  }
  const details = [anyPack(ErrorInfoSchema, create(ErrorInfoSchema, { reason }))];
  if (retryAfterMs !== undefined) {
    const retryDelay = durationFromMs(retryAfterMs);
    details.push(anyPack(RetryInfoSchema, create(RetryInfoSchema, { retryDelay })));
  }
  const refusal = create(StatusSchema, { code, message: error.message, details });
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", Buffer.from(toBinary(StatusSchema, refusal)));
  return Object.assign(error, { details: error.message, metadata });
}

/** Makes houses whose prices tell which they are. */
export function* rooms(count) {
  for (let RM = 0; RM < count; RM++) {
    yield { RM };
  }
}

/** Counts results, and insists on their order. */
export async function count(results) {
  let rows = 0;
  for await (const { row, price } of results) {
    assert.equal(row, rows);
    assert.equal(price, rows++);
  }
  return rows;
}
