import { badRequest, type KubeObject, splitApiVersion } from '../../kernel/index.ts';
import {
  decodeProtobuf,
  encodeProtobuf,
  encodeWatchFrame,
  hasProtobuf,
  omitEmpty,
  ProtoError,
  protoSchemaOf,
} from '../../kernel/proto/index.ts';
import type { ProtobufCodec } from './services.ts';

/** Protobuf bodies by the generated tables of built-in kinds. */
export const builtinCodec: ProtobufCodec = {
  decode: bytes => {
    try {
      const object = decodeProtobuf(bytes);
      const { apiVersion, kind } = object as { apiVersion?: string; kind?: string };
      omitEmpty(protoSchemaOf({ ...splitApiVersion(apiVersion ?? ''), kind: kind ?? '' }), object);
      return object as unknown as KubeObject;
    } catch (error) {
      if (error instanceof ProtoError) throw badRequest(error.message);
      throw error;
    }
  },
  encode: object => encodeProtobuf(object),
  handles: kind => hasProtobuf(kind),
};

/** One frame of a protobuf watch (API concepts, "Protobuf encoding"). */
export function watchFrame(codec: ProtobufCodec, type: string, json: string): Uint8Array {
  return encodeWatchFrame(type, codec.encode(JSON.parse(json) as KubeObject) ?? Buffer.from(json));
}
