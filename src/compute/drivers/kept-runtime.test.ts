import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { realClock } from '../agent/testhost.ts';
import { NO_CGROUP } from './cgroup.ts';
import type { Keeper } from './keeper-client.ts';
import type { KeptContainer } from './keeper-protocol.ts';
import { KeptRuntime, type KeptRuntimeOptions } from './kept-runtime.ts';

const kept: KeptContainer = { id: 's-1', pid: 4711, ticks: 1, startedAt_ms: 0 };
const exited: KeptContainer = { ...kept, exit: { exitCode: 0, at_ms: 1 } };

/** What a restarted runtime says of a sandbox of its folder, by what the keeper knows. */
const rows: readonly (readonly [
  what: string,
  saved: Readonly<Record<string, unknown>>,
  keeper: readonly KeptContainer[],
  state: 'ready' | 'notready',
])[] = [
  ['its process runs', { held: true }, [kept], 'ready'],
  ['its process ended', { held: true }, [exited], 'notready'],
  ['the keeper was killed while it started the process', { held: true }, [], 'notready'],
  ['it needs no process', { held: false }, [], 'ready'],
  ['it was written by an earlier version', {}, [], 'ready'],
];

describe('sandboxes after a restart', () => {
  for (const [what, saved, known, state] of rows)
    it(`${what}: ${state}`, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'tenon-kept-'));
      try {
        mkdirSync(join(folder, 'sandboxes/1'), { recursive: true });
        writeFileSync(join(folder, 'sandboxes/1/record.json'), JSON.stringify({ spec: { id: '1' }, ...saved }));
        const keeper = { list: () => Promise.resolve(known), onExit: () => ({ close: () => {} }) };
        const options = {
          keeper: keeper as unknown as Keeper,
          cgroups: { plan: () => NO_CGROUP },
          clock: realClock,
          folder,
          launcher: { handler: 'process' },
        } as unknown as KeptRuntimeOptions;
        const runtime = await KeptRuntime.open(options);
        assert.deepEqual(
          (await runtime.listSandboxes()).map(sandbox => sandbox.state),
          [state],
        );
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
});
