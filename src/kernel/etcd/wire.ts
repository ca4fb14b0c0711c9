import { BYTES, VARINT, WireReader, WireWriter } from '../proto/wire.ts';

/** One key as etcd holds it (mvccpb.KeyValue). */
export interface EtcdPair {
  readonly key: string;
  readonly value: Uint8Array;
  readonly modRevision: number;
  /** Writes since the key was made. */
  readonly version: number;
}

export interface RangeAnswer {
  readonly revision: number;
  readonly pairs: readonly EtcdPair[];
  readonly more: boolean;
}

export interface TxnAnswer {
  readonly revision: number;
  readonly succeeded: boolean;
}

export interface EtcdEvent {
  readonly removed: boolean;
  readonly pair: EtcdPair;
}

export interface WatchAnswer {
  readonly revision: number;
  readonly watchId: number;
  readonly created: boolean;
  readonly canceled: boolean;
  /** Above 0 when the watch was asked to start before what etcd still keeps. */
  readonly compactRevision: number;
  readonly cancelReason: string;
  readonly events: readonly EtcdEvent[];
}

/** A put or a removal that happens only while the key still has `expected` as its mod revision (0: does not exist). */
export interface GuardedWrite {
  readonly key: string;
  readonly expected: number;
  readonly value: Uint8Array | null;
  readonly lease?: bigint;
}

const encoder = new TextEncoder();
/** mvccpb.Event.EventType DELETE. */
const DELETE = 1n;
/** Compare.CompareTarget. */
const TARGET_VERSION = 0;
const TARGET_MOD = 2;

/** The first key after every key with this prefix. */
export function endOfPrefix(prefix: string): Uint8Array {
  const bytes = encoder.encode(prefix);
  bytes[bytes.length - 1]! += 1;
  return bytes;
}

/** RangeRequest over [from, end). */
export function rangeRequest(
  from: Uint8Array,
  end: Uint8Array | undefined,
  options: { limit?: number; revision?: number; countOnly?: boolean } = {},
): Uint8Array {
  const writer = new WireWriter();
  writer.bytes(1, from);
  if (end) writer.bytes(2, end);
  if (options.limit) writer.integer(3, options.limit);
  if (options.revision) writer.integer(4, options.revision);
  if (options.countOnly) writer.integer(9, 1);
  return writer.finish();
}

/** TxnRequest of one guarded write. */
export function txnRequest({ key, expected, value, lease }: GuardedWrite): Uint8Array {
  const name = encoder.encode(key);
  const compare = new WireWriter();
  compare.integer(2, TARGET_MOD);
  compare.bytes(3, name);
  compare.integer(6, expected);
  const operation = new WireWriter();
  operation.bytes(1, name);
  const request = new WireWriter();
  if (value === null) request.bytes(3, operation.finish());
  else {
    operation.bytes(2, value);
    if (lease !== undefined) operation.integer(3, lease);
    request.bytes(2, operation.finish());
  }
  const writer = new WireWriter();
  writer.bytes(1, compare.finish());
  writer.bytes(2, request.finish());
  return writer.finish();
}

/** TxnRequest that puts `value` while the key has been written exactly `version` times; answers what is there otherwise. */
export function versionedPut(key: string, version: number, value: string): Uint8Array {
  const name = encoder.encode(key);
  const compare = new WireWriter();
  compare.integer(2, TARGET_VERSION);
  compare.bytes(3, name);
  compare.integer(4, version);
  const put = new WireWriter();
  put.bytes(1, name);
  put.text(2, value);
  const request = new WireWriter();
  request.bytes(2, put.finish());
  const writer = new WireWriter();
  writer.bytes(1, compare.finish());
  writer.bytes(2, request.finish());
  return writer.finish();
}

/** CompactionRequest. */
export function compactRequest(revision: number): Uint8Array {
  const writer = new WireWriter();
  writer.integer(1, revision);
  return writer.finish();
}

/** WatchRequest that follows a prefix from a revision (inclusive). */
export function watchRequest(prefix: string, from: number): Uint8Array {
  const create = new WireWriter();
  create.bytes(1, encoder.encode(prefix));
  create.bytes(2, endOfPrefix(prefix));
  create.integer(3, from);
  create.integer(4, 1);
  const writer = new WireWriter();
  writer.bytes(1, create.finish());
  return writer.finish();
}

/** WatchRequest that asks how far all watches of the stream are. */
export function progressRequest(): Uint8Array {
  const writer = new WireWriter();
  writer.bytes(3, new Uint8Array());
  return writer.finish();
}

/** LeaseGrantRequest. */
export function leaseRequest(ttl_s: number): Uint8Array {
  const writer = new WireWriter();
  writer.integer(1, ttl_s);
  return writer.finish();
}

type Field = (tag: number, value: bigint, block: WireReader | undefined) => void;

function read(reader: WireReader, field: Field): void {
  while (!reader.done) {
    const { tag, wire } = reader.key();
    if (wire === VARINT) field(tag, reader.varint(), undefined);
    else if (wire === BYTES) field(tag, 0n, reader.block());
    else reader.skip(wire);
  }
}

function headerRevision(block: WireReader): number {
  let revision = 0;
  read(block, (tag, value) => {
    if (tag === 3) revision = Number(value);
  });
  return revision;
}

function pairOf(block: WireReader): EtcdPair {
  const pair = { key: '', value: new Uint8Array(), modRevision: 0, version: 0 };
  read(block, (tag, value, inner) => {
    if (tag === 1 && inner) pair.key = inner.text();
    else if (tag === 3) pair.modRevision = Number(value);
    else if (tag === 4) pair.version = Number(value);
    else if (tag === 5 && inner) pair.value = new Uint8Array(inner.take());
  });
  return pair;
}

function eventOf(block: WireReader): EtcdEvent {
  let removed = false;
  let pair: EtcdPair = { key: '', value: new Uint8Array(), modRevision: 0, version: 0 };
  read(block, (tag, value, inner) => {
    if (tag === 1) removed = value === DELETE;
    else if (tag === 2 && inner) pair = pairOf(inner);
  });
  return { removed, pair };
}

/** Reads a RangeResponse. */
export function rangeAnswer(bytes: Uint8Array): RangeAnswer {
  const pairs: EtcdPair[] = [];
  let revision = 0;
  let more = false;
  read(new WireReader(bytes), (tag, value, block) => {
    if (tag === 1 && block) revision = headerRevision(block);
    else if (tag === 2 && block) pairs.push(pairOf(block));
    else if (tag === 3) more = value !== 0n;
  });
  return { revision, pairs, more };
}

/** Reads a TxnResponse. */
export function txnAnswer(bytes: Uint8Array): TxnAnswer {
  let revision = 0;
  let succeeded = false;
  read(new WireReader(bytes), (tag, value, block) => {
    if (tag === 1 && block) revision = headerRevision(block);
    else if (tag === 2) succeeded = value !== 0n;
  });
  return { revision, succeeded };
}

/** Reads a WatchResponse. */
export function watchAnswer(bytes: Uint8Array): WatchAnswer {
  const events: EtcdEvent[] = [];
  const answer = {
    revision: 0,
    watchId: 0,
    created: false,
    canceled: false,
    compactRevision: 0,
    cancelReason: '',
    events,
  };
  read(new WireReader(bytes), (tag, value, block) => {
    if (tag === 1 && block) answer.revision = headerRevision(block);
    else if (tag === 2) answer.watchId = Number(BigInt.asIntN(64, value));
    else if (tag === 3) answer.created = value !== 0n;
    else if (tag === 4) answer.canceled = value !== 0n;
    else if (tag === 5) answer.compactRevision = Number(value);
    else if (tag === 6 && block) answer.cancelReason = block.text();
    else if (tag === 11 && block) events.push(eventOf(block));
  });
  return answer;
}

/** Reads the id out of a LeaseGrantResponse. */
export function leaseId(bytes: Uint8Array): bigint {
  let id = 0n;
  read(new WireReader(bytes), (tag, value) => {
    if (tag === 2) id = value;
  });
  return id;
}
