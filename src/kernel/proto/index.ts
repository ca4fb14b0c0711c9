export {
  decodeProtobuf,
  decodeWatchEvent,
  type Envelope,
  encodeProtobuf,
  encodeWatchFrame,
  hasProtobuf,
  openEnvelope,
  PROTOBUF,
  protoSchemaOf,
  sealEnvelope,
} from './envelope.ts';
export { omitEmpty } from './omitEmpty.ts';
export { ProtoError } from './wire.ts';
