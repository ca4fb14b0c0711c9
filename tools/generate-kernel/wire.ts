/** One field on the protobuf wire. */
export interface WireEntry {
  readonly tag: number;
  readonly wire: number;
  /** Varints and 64-bit words as bigint, everything else as bytes. */
  readonly value: bigint | Uint8Array;
}

/** Splits a message into its fields; undefined where the bytes are none. */
export function splitMessage(bytes: Uint8Array): WireEntry[] | undefined {
  const entries: WireEntry[] = [];
  let at = 0;
  const varint = (): bigint | undefined => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) return undefined;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return undefined;
  };
  while (at < bytes.length) {
    const key = varint();
    if (key === undefined) return undefined;
    const tag = Number(key >> 3n);
    const wire = Number(key & 7n);
    if (tag === 0 || tag > 10_000) return undefined;
    if (wire === 0) {
      const value = varint();
      if (value === undefined) return undefined;
      entries.push({ tag, wire, value });
    } else if (wire === 2 || wire === 1 || wire === 5) {
      const length = wire === 2 ? varint() : wire === 1 ? 8n : 4n;
      if (length === undefined || at + Number(length) > bytes.length) return undefined;
      entries.push({ tag, wire, value: bytes.subarray(at, at + Number(length)) });
      at += Number(length);
    } else return undefined;
  }
  return entries;
}

const MAGIC = [0x6b, 0x38, 0x73, 0];

/** The message inside the `k8s\0` envelope (runtime.Unknown.raw). */
export function openEnvelope(bytes: Uint8Array): Uint8Array {
  if (!MAGIC.every((byte, i) => bytes[i] === byte)) throw new Error('no k8s protobuf envelope');
  const raw = splitMessage(bytes.subarray(4))?.find(entry => entry.tag === 2)?.value;
  return raw instanceof Uint8Array ? raw : new Uint8Array();
}
