/** Reads 100 MB of JSON as data of Rego and prints what the heap holds of it, after the text itself is let go. */
import { rego } from '../src/policy/index.ts';

const TEXT_BYTES = 100 * 1024 * 1024;

function heap_bytes(): number {
  for (let i = 0; i < 3; i++) globalThis.gc!();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Users with a role, a team, addresses and tags: text of about the given size. */
function text(): string {
  const parts: string[] = [];
  for (let size = 0, i = 0; size < TEXT_BYTES; i++) {
    const user = {
      id: i,
      name: `user-${i}`,
      role: i % 7 === 0 ? 'admin' : 'member',
      team: `team-${i % 100}`,
      addresses: [`10.${i % 200}.${(i >> 8) % 256}.${i % 256}`],
      limits: { cpu: i % 16, memory: `${i % 64}Gi` },
      active: i % 3 !== 0,
    };
    const part = `"u${i}":${JSON.stringify(user)}`;
    parts.push(part);
    size += part.length + 1;
  }
  return `{${parts.join(',')}}`;
}

const before = heap_bytes();
const read = (): { data: unknown; size: number } => {
  const json = text();
  return { data: rego.fromJsonText(json), size: json.length };
};
const kept = read();
const held = heap_bytes() - before;
console.log(JSON.stringify({ heap_bytes: held, text_bytes: kept.size, kept: kept.data === undefined ? 0 : 1 }));
