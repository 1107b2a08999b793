// A server that does as a test tells it.
import { after } from "node:test";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { HousingClient } from "housing-grpc-client";
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
};

/** Starts a server, and gives a client of it. */
export async function serve(handlers, options = {}) {
  const server = new Server();
  server.addService(SERVICE, handlers);
  const port = await new Promise((resolve, reject) => {
    const credentials = ServerCredentials.createInsecure();
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

/** Streams: answers a house with its number of rooms, unless `before(stream, chunk)` throws. */
export async function stream(before, options) {
  const seen = { streams: 0 };
  const predictStream = (call) => {
    const number = ++seen.streams;
    let chunk = 0;
    call.on("data", async (request) => {
      call.pause();
      try {
        await before(number, ++chunk);
        call.write(answerTo(request));
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

function answerTo({ sequence, payload }) {
  const items = payload.value.items.map(({ rm }) => ({
    outcome: { case: "prediction", value: rm },
  }));
  const value = { sequence, payload: { case: "rows", value: { items } } };
  return create(PredictStreamResponseSchema, { message: { case: "chunk", value } });
}

/** Makes what a handler fails with. */
export function failure(code) {
  return Object.assign(new Error("told to fail"), { code });
}
