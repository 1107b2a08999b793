// Single calls: what travels with them, what is tried again, what an error tells.
import assert from "node:assert/strict";
import { test } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { Metadata, status } from "@grpc/grpc-js";
import { FEATURES, HousingError } from "housing-grpc-client";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from "../dist/gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "../dist/gen/google/rpc/status_pb.js";
import { PredictResponseSchema } from "../dist/gen/housing/v1/prediction_pb.js";
import { failure, serve } from "./fake.js";

test("features have the dataset's names", () => {
  const names = "CRIM ZN INDUS CHAS NOX RM AGE DIS RAD TAX PTRATIO B LSTAT";
  assert.equal(FEATURES.join(" "), names);
});

test("key, request id, deadline and house travel", async () => {
  let seen;
  const predict = (call, answer) => {
    seen = call;
    answer(null, create(PredictResponseSchema, { prediction: 24 }));
  };
  const client = await serve({ predict }, { apiKey: "secret" });
  const answer = await client.predict({ RM: 6.5, ZN: 0, AGE: null }, { requestId: "r-1" });
  assert.equal(answer.prediction, 24);
  assert.deepEqual(seen.metadata.get("x-api-key"), ["secret"]);
  assert.deepEqual(seen.metadata.get("x-request-id"), ["r-1"]);
  const left = seen.getDeadline() - Date.now();
  assert.ok(left > 0 && left <= 10_000);
  const { rm, zn, age } = seen.request.house;
  assert.deepEqual([rm, zn, age], [6.5, 0, undefined]);
});

test("a proxy in the environment is not for this machine", async () => {
  process.env.http_proxy = "http://127.0.0.1:9";
  try {
    const predict = (_, answer) => answer(null, create(PredictResponseSchema, { prediction: 24 }));
    const client = await serve({ predict });
    assert.equal((await client.predict({ RM: 6.5 })).prediction, 24);
  } finally {
    delete process.env.http_proxy;
  }
});

for (const [name, calls] of [["UNAVAILABLE", 3], ["INTERNAL", 1]]) {
  test(`${name} takes ${calls} calls`, async () => {
    let made = 0;
    const predict = (_, answer) =>
      ++made < 3 ? answer(failure(status[name])) : answer(null, create(PredictResponseSchema));
    const client = await serve({ predict });
    await client.predict({ RM: 6 }).catch((error) => assert.equal(error.status, name));
    assert.equal(made, calls);
  });
}

test("an error has the server's details", async () => {
  const details = [
    [ErrorInfoSchema, { reason: "FEATURE_NOT_FINITE", domain: "housing.v1" }],
    [BadRequestSchema, { fieldViolations: [{ field: "house.RM", description: "is inf" }] }],
    [RetryInfoSchema, { retryDelay: { seconds: 1n, nanos: 5e8 } }],
  ].map(([schema, value]) => anyPack(schema, create(schema, value)));
  const refusal = create(StatusSchema, { code: status.INVALID_ARGUMENT, message: "no", details });
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", Buffer.from(toBinary(StatusSchema, refusal)));
  metadata.set("x-request-id", "r-2");
  const predict = (_, answer) =>
    answer({ code: status.INVALID_ARGUMENT, details: "no", metadata });
  const client = await serve({ predict });
  await assert.rejects(client.predict({ RM: Infinity }), (error) => {
    assert.ok(error instanceof HousingError);
    const { code, reason, message, violations, retryAfterMs, requestId } = error;
    assert.deepEqual(
      { code, reason, message, violations, retryAfterMs, requestId },
      {
        code: status.INVALID_ARGUMENT,
        reason: "FEATURE_NOT_FINITE",
        message: "no",
        violations: [{ field: "house.RM", description: "is inf" }],
        retryAfterMs: 1500,
        requestId: "r-2",
      },
    );
    return true;
  });
});

test("a call ends when it is late or aborted", async () => {
  const client = await serve({ predict: () => {} }, { timeoutMs: 50 });
  await assert.rejects(client.predict({ RM: 6 }), { status: "DEADLINE_EXCEEDED" });
  const signal = AbortSignal.abort();
  const aborted = client.predict({ RM: 6 }, { signal, timeoutMs: 60_000 });
  await assert.rejects(aborted, { status: "CANCELLED" });
});
