// The connection: to which servers, how safely, and what is tried again.
import { type ChannelOptions, Client, credentials } from "@grpc/grpc-js";
import { checkTarget } from "./target.js";
import type { Tls } from "./tls.js";

/** How a client behaves. */
export interface ClientOptions {
  /** Sent as x-api-key with every call. Without TLS anyone on the way can read it. */
  readonly apiKey?: string;
  /** Encrypts the connection; true trusts whom Node trusts. */
  readonly tls?: boolean | Tls;
  /** Longest time for a call, and for each answer of a stream; 10,000 by default. */
  readonly timeoutMs?: number;
  /** Options of grpc-js itself. */
  readonly channel?: ChannelOptions;
}

const PREDICTION = "housing.v1.PredictionService";

// Calls go to all addresses of a name in turn. Those that change nothing are tried again when
// the server could not be reached; a stream goes on by itself, after its last answer.
const SERVICE_CONFIG = {
  loadBalancingConfig: [{ round_robin: {} }],
  methodConfig: [
    {
      name: [
        { service: PREDICTION, method: "Predict" },
        { service: PREDICTION, method: "PredictBatch" },
        { service: "housing.v1.ModelService", method: "ModelInfo" },
        // An outcome counts once, however often it is sent.
        { service: "housing.v1.FeedbackService", method: "RecordOutcomes" },
        { service: "housing.v1.FeedbackService", method: "GetQuality" },
      ],
      retryPolicy: {
        maxAttempts: 4,
        initialBackoff: "0.1s",
        maxBackoff: "2s",
        backoffMultiplier: 2,
        // A server that stops resets what has just been sent to it, as CANCELLED.
        retryableStatusCodes: ["UNAVAILABLE", "CANCELLED"],
      },
    },
  ],
};

const CHANNEL: ChannelOptions = {
  "grpc.service_config": JSON.stringify(SERVICE_CONFIG),
  "grpc.primary_user_agent": "housing-node",
  // Pings only while a call is open. Servers take one as abuse if it comes much more often.
  "grpc.keepalive_time_ms": 60_000,
  "grpc.keepalive_timeout_ms": 20_000,
  // Warnings make answers larger than the 4 MiB that gRPC takes by default.
  "grpc.max_receive_message_length": 64 * 1024 * 1024,
};

// A proxy in the environment is for the way out; it would look for the server on itself.
const LOOPBACK = /^(dns:(\/\/\/)?)?(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/i;

export function connect(target: string, { tls, channel }: ClientOptions): Client {
  checkTarget(target);
  const options: ChannelOptions = {
    ...CHANNEL,
    ...(LOOPBACK.test(target) && { "grpc.enable_http_proxy": 0 }),
    ...channel,
  };
  if (!tls) {
    return new Client(target, credentials.createInsecure(), options);
  }
  const { rootCertificates, privateKey, certificateChain, serverName }: Tls =
    tls === true ? {} : tls;
  const named = serverName && { "grpc.ssl_target_name_override": serverName };
  return new Client(
    target,
    credentials.createSsl(rootCertificates, privateKey, certificateChain),
    { ...named, ...options },
  );
}
