import type { KubeObject } from '../../kernel/index.ts';
import type { ProtobufCodec } from './services.ts';

const varint = (value: number): Buffer => {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
};

const field = (number: number, bytes: Uint8Array): Buffer =>
  Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);

/**
 * One frame of a protobuf watch: four length bytes, then meta/v1 WatchEvent { type = 1, object = 2 { raw = 1 } }, whose raw
 * bytes are an enveloped object (API concepts, "Protobuf encoding").
 */
export function watchFrame(codec: ProtobufCodec, type: string, json: string): Buffer {
  const raw = codec.encode(JSON.parse(json) as KubeObject) ?? Buffer.from(json);
  const event = Buffer.concat([field(1, Buffer.from(type)), field(2, field(1, raw))]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(event.length);
  return Buffer.concat([length, event]);
}
