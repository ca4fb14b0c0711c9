/** What a kernel's compressed part is packed with. */
export type Packing = 'gzip' | 'xz' | 'zstd' | 'lz4';

const MAGIC: readonly (readonly [Packing, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['lz4', [0x02, 0x21, 0x4c, 0x18]],
];

/** How bytes are packed, by how they begin. */
export const packingOf = (bytes: Uint8Array): Packing | undefined =>
  MAGIC.find(([, magic]) => magic.every((value, index) => bytes[index] === value))?.[0];

/**
 * The packed kernel inside a bzImage (Documentation/arch/x86/boot.rst: setup_sects, payload_offset, payload_length). A
 * machine without firmware enters the unpacked one directly, which saves unpacking it under emulation at each start.
 */
export function payloadOf(image: Uint8Array): Uint8Array | undefined {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  // "HdrS" and protocol 2.08, the first that says where the payload is.
  if (image.length < 0x260 || view.getUint32(0x202, true) !== 0x5372_6448 || view.getUint16(0x206, true) < 0x208)
    return undefined;
  const setup = ((view.getUint8(0x1f1) || 4) + 1) * 512;
  const start = setup + view.getUint32(0x248, true);
  const end = start + view.getUint32(0x24c, true);
  return end <= image.length ? image.subarray(start, end) : undefined;
}
