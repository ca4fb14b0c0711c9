import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { seededRandom } from '../../base/index.ts';
import { FlowLog, type ObservedFlow } from '../../network/index.ts';
import { serveControl } from './control.ts';
import { askKeptFlows, followFlows, type ToldFlow } from './control-flows.ts';

const folder = mkdtempSync(join(tmpdir(), 'tenon-control-'));
const socket = join(folder, 'control.sock');
const log = new FlowLog(seededRandom(1));
let control: AsyncDisposable;
let isThere = true;

const BY = { kind: 'NetworkPolicy', namespace: 'a', name: 'p', rule: '#1' };
const flow = (port: number, more: Partial<ObservedFlow> = {}): Omit<ObservedFlow, 'uuid'> => ({
  time_ns: 1n,
  direction: 'ingress',
  verdict: 'forwarded',
  dropReason: 0,
  protocol: 'TCP',
  source: { kind: 'pod', address: '10.1.0.1', port, identity: 1, namespace: 'a', pod: 'one', labels: new Map() },
  destination: { kind: 'pod', address: '10.1.0.2', port: 80, identity: 2, namespace: 'a', pod: 'two' },
  by: BY,
  node: 'here',
  ...more,
});

before(async () => {
  const source = { log, observe: (deliver: (flow: ObservedFlow) => void) => log.follow({ flow: deliver }) };
  control = await serveControl(
    socket,
    () => Promise.reject(new Error('unused')),
    undefined,
    () => (isThere ? source : undefined),
  );
});
after(async () => {
  await control[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

test('the flows that are kept are handed out whole, the oldest first; older ones are counted', async () => {
  log.nodes.set('far', false).set('near', true);
  const { capacity } = log;
  for (let port = 1; port <= capacity + 5; port++) log.add(flow(port));
  const kept = await askKeptFlows(socket);
  assert.equal(kept!.flows.length, capacity);
  assert.equal(kept!.seen, capacity + 5);
  assert.deepEqual(kept!.silent, ['far']);
  const [first] = kept!.flows;
  assert.deepEqual([first!.source.port, first!.by, first!.node], [6, BY, 'here']);
});

test('who goes away in the middle leaves the others served', async () => {
  await new Promise<void>(resolve => {
    const asked = request({ socketPath: socket, path: '/flows/kept' }, reply =>
      reply.once('data', () => reply.destroy()),
    );
    asked.on('close', resolve).on('error', () => resolve());
    asked.end();
  });
  assert.equal((await askKeptFlows(socket))!.flows.length, log.capacity);
});

test('each connection to come is told once, with its side and rule', async () => {
  const stop = new AbortController();
  const told: ToldFlow[] = [];
  const take = (one: ToldFlow): void => {
    told.push(one);
    if (one.verdict === 'dropped') stop.abort();
  };
  const ended = followFlows(socket, take, stop.signal);
  // The answer begins only when the socket was read: flows are told from then on.
  while (told.length === 0) {
    log.add(flow(7, { direction: 'egress' }));
    log.add(flow(7));
    await new Promise(resolve => setTimeout(resolve, 10));
  }
  log.add(flow(8, { verdict: 'dropped', by: 'default' }));
  await ended;
  assert.ok(told.every(({ direction }) => direction === 'ingress'));
  assert.deepEqual([told.at(-1)!.source.port, told.at(-1)!.by], [8, 'default']);
  assert.deepEqual(told[0], {
    source: { address: '10.1.0.1', port: 7 },
    destination: { address: '10.1.0.2', port: 80 },
    protocol: 'TCP',
    verdict: 'forwarded',
    direction: 'ingress',
    by: BY,
  });
});

test('where no network runs, or nobody at all, there are none', async () => {
  isThere = false;
  assert.equal(await askKeptFlows(socket), undefined);
  assert.equal(await askKeptFlows(join(folder, 'nobody.sock')), undefined);
  isThere = true;
});
