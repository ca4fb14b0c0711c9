import { Codec } from '../protobuf/codec.ts';
import { SHIM_MESSAGES } from '../shim/messages.ts';
import { MESSAGES } from './generated/api.ts';

export type { Written } from '../protobuf/codec.ts';

const codec = new Codec(`${MESSAGES.trim()}\n${SHIM_MESSAGES.trim()}`);

/** Bytes of one of CRI's or a shim's messages. */
export const encodeMessage = (name: string, message: object): Buffer => codec.encode(name, message);
/** One of CRI's or a shim's messages; throws on malformed bytes. */
export const decodeMessage = (name: string, bytes: Buffer): object => codec.decode(name, bytes);
