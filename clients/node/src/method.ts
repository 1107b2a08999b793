// How grpc-js knows a method: by its path, and by what writes and reads messages.
import {
  type DescMessage,
  type DescMethod,
  type MessageShape,
  fromBinary,
  toBinary,
} from "@bufbuild/protobuf";

type Typed<I extends DescMessage, O extends DescMessage> = DescMethod & { input: I; output: O };

export interface Method<Request, Response> {
  readonly path: string;
  readonly serialize: (request: Request) => Buffer;
  readonly deserialize: (bytes: Buffer) => Response;
}

export function describe<I extends DescMessage, O extends DescMessage>(
  method: Typed<I, O>,
): Method<MessageShape<I>, MessageShape<O>> {
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    serialize: (request) => Buffer.from(toBinary(method.input, request)),
    deserialize: (bytes) => fromBinary(method.output, bytes),
  };
}
