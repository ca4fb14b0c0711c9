export {
  decodeProtobuf,
  decodeWatchEvent,
  type Envelope,
  encodeProtobuf,
  encodeWatchFrame,
  hasProtobuf,
  type ListPieces,
  openEnvelope,
  PROTOBUF,
  protobufList,
  protoSchemaOf,
  sealEnvelope,
} from './envelope.ts';
export { omitEmpty } from './omitEmpty.ts';
export { ProtoError } from './wire.ts';
