// Addresses: what is one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { HousingClient } from "housing-grpc-client";

const WRONG = {
  "http://localhost:50051/": "write localhost:50051",
  "HTTPS://prices.example": "write prices.example:50051, and for encryption set tls: true",
  "grpc://[::1]:1": "write [::1]:1",
  localhost: 'the target "localhost" has no port; write localhost:50051',
  "localhost:": "has no port; write localhost:50051",
  "::1": "has no port; write [::1]:50051",
  "dns:///prices.example": "has no port; write prices.example:50051",
  "ipv4:127.0.0.1:1,127.0.0.1": "has no port; write 127.0.0.1:50051",
  "": "has no port; write HOST:50051",
};

for (const [target, text] of Object.entries(WRONG)) {
  test(`"${target}" is no address`, () => {
    assert.throws(
      () => new HousingClient(target),
      (error) => error instanceof TypeError && error.message.includes(text),
    );
  });
}

test("addresses of gRPC are taken", () => {
  for (const target of [
    "localhost:1", "[::1]:1", "dns:localhost:1", "dns:///localhost:1",
    "dns://127.0.0.1:53/localhost:1", "ipv4:127.0.0.1:1,127.0.0.1:2", "ipv6:[::1]:1",
    "unix:/run/a.sock", "unix:///run/a.sock",
  ]) {
    new HousingClient(target).close();
  }
});
