/** One entry of an initial file system. */
export interface ArchiveEntry {
  readonly path: string;
  /** Type and permissions as stat(2) has them. */
  readonly mode: number;
  readonly content: Uint8Array;
  /** Major and minor number of a device node. */
  readonly device?: readonly [major: number, minor: number];
}

const encoder = new TextEncoder();
const hex = (value: number): string => value.toString(16).padStart(8, '0').toUpperCase();
const padding = (length: number): Uint8Array => new Uint8Array((4 - (length % 4)) % 4);

function record(index: number, entry: ArchiveEntry): Uint8Array[] {
  const name = encoder.encode(`${entry.path}\0`);
  const [major, minor] = entry.device ?? [0, 0];
  const fields = [index, entry.mode, 0, 0, 1, 0, entry.content.length, 0, 0, major, minor, name.length, 0];
  const head = encoder.encode(`070701${fields.map(hex).join('')}`);
  return [head, name, padding(head.length + name.length), entry.content, padding(entry.content.length)];
}

/** A `newc` cpio archive, as the kernel unpacks it (Documentation/driver-api/early-userspace/buffer-format.rst). */
export function encodeArchive(entries: readonly ArchiveEntry[]): Uint8Array {
  const trailer: ArchiveEntry = { path: 'TRAILER!!!', mode: 0, content: new Uint8Array(0) };
  const pieces = [...entries.flatMap((entry, index) => record(index + 1, entry)), ...record(0, trailer)];
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** Names of the modules that a module needs, from the `depends=` entry of its .modinfo section. */
export function moduleNeeds(content: Uint8Array): readonly string[] {
  const text = new TextDecoder('latin1').decode(content);
  const found = /(?:^|\0)depends=([\w,-]*)\0/.exec(text)?.[1] ?? '';
  return found.split(',').filter(Boolean);
}

/** `virtio-rng` and `virtio_rng` are one module. */
export const moduleName = (name: string): string => name.replaceAll('-', '_');

/** Modules to load for the names wanted, each after those it needs; `needs` is undefined for what is no module. */
export function moduleOrder(
  wanted: readonly string[],
  needs: (name: string) => readonly string[] | undefined,
): readonly string[] {
  const order: string[] = [];
  const seen = new Set<string>();
  const visit = (name: string): void => {
    if (seen.has(name)) return;
    seen.add(name);
    const others = needs(name);
    for (const other of others ?? []) visit(moduleName(other));
    if (others) order.push(name);
  };
  for (const name of wanted) visit(moduleName(name));
  return order;
}
