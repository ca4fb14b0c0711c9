import { encodeHeader, type NewEntry, padding, tarEnd } from './tar-header.ts';

/** A member for tests: contents beside the header fields. */
export type FixtureEntry = Partial<NewEntry> & { readonly name: string; readonly content?: string | Buffer };

/** An archive in memory, hostile if told so: names are written as given. */
export function tarOf(entries: readonly FixtureEntry[]): Buffer {
  const parts: Buffer[] = [];
  for (const { content, ...entry } of entries) {
    const bytes = Buffer.from(content ?? '');
    parts.push(
      encodeHeader({
        type: entry.name.endsWith('/') ? 'folder' : 'file',
        mode: entry.name.endsWith('/') ? 0o755 : 0o644,
        size: bytes.length,
        ...entry,
      }),
      bytes,
      Buffer.alloc(padding(bytes.length)),
    );
  }
  return Buffer.concat([...parts, tarEnd()]);
}
