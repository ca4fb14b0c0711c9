import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { CriClient } from '../src/compute/index.ts';
import { makeImages, noImages } from '../src/compute/cri/testing/images.ts';
import { inside } from '../src/compute/cri/testing/inside.ts';
import { lifecycle } from '../src/compute/cri/testing/lifecycle.ts';
import { streams } from '../src/compute/cri/testing/streams.ts';
import { type Behaviour, World } from '../src/compute/cri/testing/world.ts';
import { type CriHost, startCriHost } from '../src/hosts/node/cri-host.ts';
import { openState, type StateFolder } from '../src/hosts/node/state.ts';

/** What our own runtimes cannot do that the API allows to be absent, by handler. */
const DIFFERENT: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  process: {
    'security: a seccomp profile of one’s own': 'only the default profile, others are refused',
  },
};

const skip = process.getuid?.() === 0 ? (noImages() ?? false) : 'needs root';

describe('CRI behaviour', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tenon-cri-'));
  const socket = join(folder, 'c.sock');
  let state: StateFolder;
  let host: CriHost;
  let client: CriClient;

  before(async () => {
    await makeImages(join(folder, 'build'), join(folder, 'state/images'));
    state = openState(join(folder, 'state'));
    const quiet = (): void => {};
    host = await startCriHost({ state, socket, version: '0', drain: true, report: quiet, log: quiet });
    client = new CriClient(`unix://${socket}`);
  });

  after(async () => {
    client?.[Symbol.dispose]();
    await host?.[Symbol.asyncDispose]();
    await state?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const handler of ['runc', 'process', 'crun']) {
    const cases: readonly Behaviour[] = handler === 'runc' ? [...lifecycle, ...inside, ...streams] : inside;
    for (const { name, run } of cases)
      it(`${handler}: ${name}`, { skip: DIFFERENT[handler]?.[name] ?? false }, async test => {
        if (!host.handlers.includes(handler)) return test.skip(`${handler} is not installed`);
        await using world = new World(
          client,
          join(folder, 'worlds', handler),
          handler,
          `${handler}-${cases.length}-${name.length}-${Math.floor(performance.now())}`,
        );
        await run(world);
        assert.ok(true);
      });
  }
});
