// What went wrong, with the details that the server gives.
import { type Message, fromBinary } from "@bufbuild/protobuf";
import type { GenMessage } from "@bufbuild/protobuf/codegenv2";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { type Metadata, status } from "@grpc/grpc-js";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from "./gen/google/rpc/error_details_pb.js";
import { type Status, StatusSchema } from "./gen/google/rpc/status_pb.js";

/** A field at fault. */
export interface Violation {
  /** Its path in the request, such as "house.RM"; of a house of many, from that house. */
  readonly field: string;
  /** What is wrong with it. */
  readonly description: string;
}

interface Details {
  readonly reason?: string | undefined;
  readonly violations?: readonly Violation[];
  readonly retryAfterMs?: number | undefined;
  readonly requestId?: string | undefined;
  readonly cause?: unknown;
}

/** Why a call failed, or why a house of many was not scored. */
export class HousingError extends Error {
  override readonly name = "HousingError";
  /** gRPC status code, such as 3. */
  readonly code: status;
  /** Its name, such as "INVALID_ARGUMENT". */
  readonly status: string;
  /**
   * Stable, for programs; the contract lists those of each method. Undefined where the error
   * did not come from the server, such as when it cannot be reached, but for three of the
   * client's own about streams: NO_ANSWER, MODEL_CHANGED, ANSWER_MISMATCH.
   */
  readonly reason: string | undefined;
  /** The fields at fault. */
  readonly violations: readonly Violation[];
  /** When another try may help, if the server says so. */
  readonly retryAfterMs: number | undefined;
  /** Finds the call in the server's log; undefined for a house of many. */
  readonly requestId: string | undefined;

  constructor(code: status, message: string, details: Details = {}) {
    super(message, { cause: details.cause });
    this.code = code;
    this.status = status[code] ?? "UNKNOWN";
    this.reason = details.reason;
    this.violations = details.violations ?? [];
    this.retryAfterMs = details.retryAfterMs;
    this.requestId = details.requestId;
  }
}

const OLDER = "; the server is of an older release, or no such server";

/** Makes an error of what grpc-js rejects with. */
export function ofCall(cause: unknown): HousingError {
  if (cause instanceof HousingError) {
    return cause;
  }
  const { code, details, metadata } = cause as Partial<{
    code: status;
    details: string;
    metadata: Metadata;
  }>;
  if (typeof code !== "number") {
    return new HousingError(status.UNKNOWN, String(cause), { cause });
  }
  const packed = metadata?.get("grpc-status-details-bin")[0];
  const more = packed instanceof Buffer ? detailsOf(fromBinary(StatusSchema, packed)) : {};
  const requestId = metadata?.get("x-request-id")[0]?.toString();
  const older = code === status.UNIMPLEMENTED && more.reason === undefined ? OLDER : "";
  return new HousingError(code, `${details ?? ""}${older}`, { ...more, requestId, cause });
}

// Where a house stands in its message: among others than those of the whole job.
const PLACE_IN_TEXT = /(^|; )items\[\d+\](?:: |\.)/g;
const PLACE_IN_PATH = /^items\[\d+\]\.?/;

/** Makes an error of what the result of a row has; its texts leave out the place of the row. */
export function ofRow(error: Status): HousingError {
  const { code, message, reason, violations, retryAfterMs } = ofStatus(error);
  return new HousingError(code, message.replace(PLACE_IN_TEXT, "$1"), {
    reason,
    retryAfterMs,
    violations: violations.map(({ field, description }) => ({
      field: field.replace(PLACE_IN_PATH, "") || "house",
      description,
    })),
  });
}

/** Makes an error of what the result of a row has, as it is. */
export function ofStatus(error: Status): HousingError {
  return new HousingError(error.code, error.message, detailsOf(error));
}

function detailsOf({ details }: Status): Details {
  const find = <T extends Message>(schema: GenMessage<T>): T | undefined => {
    const packed = details.find(({ typeUrl }) => typeUrl.endsWith(`/${schema.typeName}`));
    return packed && anyUnpack(packed, schema);
  };
  const delay = find(RetryInfoSchema)?.retryDelay;
  return {
    reason: find(ErrorInfoSchema)?.reason,
    violations: (find(BadRequestSchema)?.fieldViolations ?? []).map(
      ({ field, description }) => ({ field, description }),
    ),
    retryAfterMs: delay && Number(delay.seconds) * 1000 + delay.nanos / 1e6,
  };
}
