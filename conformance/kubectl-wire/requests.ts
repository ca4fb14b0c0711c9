import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One recorded request: everything of it but its body. */
export interface Recorded {
  readonly id: string;
  readonly client: string;
  readonly method: string;
  readonly url: string;
  readonly accept: string;
  readonly contentType: string;
  /** `websocket` or `SPDY/3.1`, with the protocols it offers. */
  readonly upgrade?: { readonly to: string; readonly protocols: readonly string[] };
}

interface Line {
  readonly m: string;
  readonly u: string;
  readonly a?: string;
  readonly ct?: string;
  readonly client?: string;
  readonly up?: string;
  readonly ws?: string;
  readonly xs?: string;
}

/** Reads every `.jsonl` file of a folder, one request a line. */
export function readRequests(folder: string): Recorded[] {
  const requests: Recorded[] = [];
  for (const file of readdirSync(folder)
    .filter(name => name.endsWith('.jsonl'))
    .sort()) {
    const lines = readFileSync(join(folder, file), 'utf8')
      .split('\n')
      .filter(line => line.trim() !== '');
    for (const [number, text] of lines.entries()) {
      const line = JSON.parse(text) as Line;
      const offered = line.ws ?? line.xs ?? '';
      requests.push({
        id: `${number + 1} ${line.m} ${line.u.slice(0, 80)}`,
        client: line.client ?? '',
        method: line.m,
        url: line.u,
        accept: line.a ?? '',
        contentType: line.ct ?? '',
        ...(line.up ? { upgrade: { to: line.up, protocols: offered.split(',').map(one => one.trim()) } } : {}),
      });
    }
  }
  return requests;
}
