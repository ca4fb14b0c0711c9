import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { noContainerd } from '../src/compute/cri/testing/containerd.ts';
import { BUSYBOX, noImages } from '../src/compute/cri/testing/images.ts';
import { differences } from './matrix/differences.ts';
import { MatrixNode } from './matrix/node.ts';
import { scenarios, waitsFor } from './matrix/scenarios.ts';

const TIMEOUT_MS = 20_000;
const FIRST_MS_MAX = 120_000;
const AT_ONCE = Number(process.env.TENON_MATRIX_AT_ONCE ?? 4);
const EVERY = ['process', 'runc', 'crun', 'youki', 'gvisor', 'microvm', 'cri'];
const asked = process.env.TENON_MATRIX ?? 'process,cri';
/** TENON_MATRIX names handlers, or `all`; else the two that differ most. */
const wanted = asked === 'all' ? EVERY : asked.split(',');
const skip = process.getuid?.() === 0 ? (noImages() ?? false) : 'needs root';

describe('the same pods on every runtime', { skip, concurrency: AT_ONCE }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tenon-matrix-'));
  const absent = noContainerd();
  let node: MatrixNode;

  before(async () => {
    node = await MatrixNode.start(folder, wanted.includes('cri') && absent === undefined);
    // The first pod of a runtime may have to make what the others use: a snapshot, for one.
    for (const handler of wanted.filter(name => node.handlers.includes(name))) {
      const name = `m-${handler}-first`;
      await node.create(name, handler, { containers: [{ name: 'c', image: BUSYBOX, command: ['true'] }] });
      await node.until(name, ({ status }) => status?.phase === 'Succeeded', FIRST_MS_MAX);
      await node.delete(name);
    }
  });

  after(async () => {
    await node?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const handler of wanted)
    for (const [index, scenario] of scenarios.entries()) {
      const different = differences[handler]?.[scenario.name];
      it(`${handler}: ${scenario.name}`, { skip: different ?? false }, async test => {
        if (!node.handlers.includes(handler))
          return test.skip(handler === 'cri' ? absent : `${handler} is not installed`);
        const name = `m-${handler}-${index}`;
        await node.create(name, handler, scenario.pod(node, name));
        try {
          const pod = await node.until(name, waitsFor(scenario), TIMEOUT_MS);
          await scenario.check(pod, node);
          assert.ok(pod);
        } finally {
          await node.delete(name);
        }
      });
    }
});
