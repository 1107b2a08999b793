// Encryption: whom the client trusts, who it says it is, and what it says of unusable files.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { ServerCredentials } from "@grpc/grpc-js";
import { tlsFiles } from "housing-grpc-client";
import { PredictResponseSchema } from "../dist/gen/housing/v1/prediction_pb.js";
import { serve } from "./fake.js";

const skip = spawnSync("openssl", ["version"]).status === 0 ? false : "openssl is not installed";
const folder = mkdtempSync(join(tmpdir(), "housing-"));
after(() => rmSync(folder, { recursive: true }));

/** Makes a certificate that signs itself. */
function issue(name) {
  const certFile = join(folder, `${name}.pem`);
  const keyFile = join(folder, `${name}.key`);
  execFileSync("openssl", [
    ..."req -x509 -nodes -days 2 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1".split(" "),
    ..."-subj /CN=localhost -addext subjectAltName=DNS:localhost".split(" "),
    "-keyout", keyFile, "-out", certFile,
  ], { stdio: "ignore" });
  return { certFile, keyFile };
}

test("a server and a client that show who they are", { skip }, async () => {
  const [server, own, other] = ["server", "client", "other"].map(issue);
  const [rootCerts, cert_chain, private_key] =
    [own.certFile, server.certFile, server.keyFile].map((file) => readFileSync(file));
  const credentials = ServerCredentials.createSsl(rootCerts, [{ cert_chain, private_key }], true);
  const predict = (_, answer) => answer(null, create(PredictResponseSchema, { prediction: 24 }));
  const connected = (tls) => serve({ predict }, { tls, timeoutMs: 60_000 }, credentials);

  const caFile = server.certFile;
  const serverName = "localhost";
  const client = await connected(tlsFiles({ caFile, ...own, serverName }));
  assert.equal((await client.predict({ RM: 6 })).prediction, 24);
  for (const wrong of [
    tlsFiles({ caFile, ...other, serverName }),
    tlsFiles({ caFile, serverName }),
    tlsFiles({ caFile: other.certFile, ...own, serverName }),
    true,
    false,
  ]) {
    const stranger = await connected(wrong);
    await assert.rejects(stranger.predict({ RM: 6 }), { status: "UNAVAILABLE" });
  }
});

test("files that cannot be used are named", { skip }, () => {
  const [own, other] = ["own", "another"].map(issue);
  const junk = join(folder, "junk.pem");
  writeFileSync(junk, "no certificate");
  assert.throws(() => tlsFiles({ caFile: join(folder, "none.pem") }), /none\.pem/);
  assert.throws(() => tlsFiles({ caFile: junk }), /junk\.pem: holds no certificate/);
  assert.throws(() => tlsFiles({ certFile: own.certFile }), /needs its key/);
  assert.throws(() => tlsFiles({ ...own, keyFile: other.keyFile }), /no certificate and its key/);
});
