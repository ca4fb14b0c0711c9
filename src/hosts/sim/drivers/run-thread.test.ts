import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FaultError, reportFault } from '../../../base/index.ts';
import { deploymentOf } from '../../../cluster/testhost.ts';
import { RunThread } from './run-thread.ts';

const program = new URL('../testing/bare-worker.ts', import.meta.url);
const DOCUMENT = JSON.stringify({
  apiVersion: 'tenon.dev/v1',
  kind: 'Scenario',
  metadata: { name: 'bare' },
  spec: { until: '1d', world: { nodes: [{ name: 'n', count: 2 }] }, steps: [] },
});
const open = (thread: RunThread) => thread.ask('open', { document: DOCUMENT, file: 'bare.yaml', record: true });
const messageOf = (error: unknown): string =>
  error instanceof FaultError ? reportFault(error.fault, 'en').message : String(error);

test('a run in a thread is opened, stepped, asked and finished; the same commands give the same hash', async () => {
  await using thread = new RunThread({ program });
  const hashes: string[] = [];
  for (let round = 0; round < 2; round++) {
    await open(thread);
    await thread.ask('steps', { steps: JSON.stringify([{ apply: deploymentOf('web', 3) }]) });
    await thread.ask('until', { expression: "deployments['default/web'].ready == 3", within_ms: 60_000 });
    assert.equal((await thread.ask('list', { kind: 'pods', namespace: 'default' })).length, 3);
    assert.equal((await thread.ask('get', { kind: 'deploy', name: 'web' }))?.kind, 'Deployment');
    assert.equal(await thread.ask('get', { kind: 'deploy', name: 'nobody' }), undefined);
    const { t_ms } = await thread.ask('advance', { ms: 60_000 });
    assert.ok(t_ms >= 60_000);
    assert.match(await thread.ask('report', { replay: 'again', revision: 'r' }), /default\/web/);
    const result = await thread.ask('finish', {});
    assert.equal(result.ok, true);
    hashes.push(result.hash);
  }
  assert.equal(hashes[0], hashes[1]);
  assert.ok(Date.now() > 0, 'the clock of this thread is open');
});

test('what is wrong with a question is a Fault, and the run goes on', async () => {
  await using thread = new RunThread({ program });
  await open(thread);
  const steps = (list: unknown): Promise<unknown> => thread.ask('steps', { steps: JSON.stringify(list) });
  await assert.rejects(steps([{ aply: [] }]), error => error instanceof FaultError);
  await assert.rejects(steps([{ apply: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } } }]), error =>
    /did not take apply Pod/.test(messageOf(error)),
  );
  await assert.rejects(thread.ask('until', { expression: 'pods.running == 5', within_ms: 1_000 }), error =>
    /pods.running=0/.test(messageOf(error)),
  );
  await assert.rejects(thread.ask('expect', { expression: 'pods.runing == 5' }), error =>
    /runing/.test(messageOf(error)),
  );
  await assert.rejects(thread.ask('list', { kind: 'podz' }), error =>
    /No kind is called "podz"/.test(messageOf(error)),
  );
  await thread.ask('expect', { expression: 'pods.running == 0' });
  await thread.ask('applyText', {
    text: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n',
  });
  assert.equal((await thread.ask('list', { kind: 'cm', namespace: 'default' })).length, 2 + 1);
});

test('a process that spins is named, and the run is ended', async () => {
  await using thread = new RunThread({ program, stuck_ms: 2_500 });
  await open(thread);
  const load = { name: 'spinner', to: 'default/web:80', rate: '1/s' };
  await assert.rejects(thread.ask('steps', { steps: JSON.stringify([{ send: load }]) }), error =>
    /did not get on for 2.5 s .* spinner was last active/.test(messageOf(error)),
  );
  assert.equal(thread.alive, false);
});
