import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatFlowLine, parseFlowLine } from './flowlines.ts';
import { FlowLog, sidesOf } from './flowlog.ts';
import { countsConnection, type FlowRecord, type ObservedEnd, type ObservedFlow } from './flows.ts';

const random = { next: () => 0.5, bytes: (count: number) => new Uint8Array(count) };
const end = (address: string, kind: ObservedEnd['kind'] = 'pod'): ObservedEnd => ({
  kind,
  address,
  port: 80,
  identity: 7,
  namespace: 'shop',
  pod: `pod-${address}`,
  labels: new Map([['app', 'web']]),
  workload: { kind: 'Deployment', name: 'web' },
});
const flow: ObservedFlow = {
  uuid: 'f1',
  time_ns: 1_700_000_000_000_000_001n,
  direction: 'ingress',
  verdict: 'dropped',
  dropReason: 133,
  protocol: 'TCP',
  source: end('10.0.0.1'),
  destination: end('10.0.0.2'),
  by: { kind: 'NetworkPolicy', namespace: 'shop', name: 'guard', rule: '#1' },
  http: { method: 'GET', url: 'http://web/', status: 403 },
  node: 'second',
};

test('a flow is read as it was told; the node is who was asked, not who it says it is', () => {
  assert.deepEqual(parseFlowLine(formatFlowLine(flow), 'second'), flow);
  assert.deepEqual(parseFlowLine(formatFlowLine({ ...flow, by: 'default' }), 'third'), {
    ...flow,
    by: 'default',
    node: 'third',
  });
});

const told = JSON.parse(formatFlowLine(flow)) as Record<string, unknown>;
for (const [what, line] of [
  ['half a line', '{"uuid":'],
  ['no object', '7'],
  ['null', 'null'],
  ['an unknown verdict', JSON.stringify({ ...told, verdict: 'maybe' })],
  ['a port that is none', JSON.stringify({ ...told, source: { ...end('a'), labels: {}, port: 70_000 } })],
  ['labels that are no text', JSON.stringify({ ...told, source: { ...end('a'), labels: { app: 1 } } })],
  ['a time that is no number', JSON.stringify({ ...told, time_ns: 'soon' })],
  ['a name without end', JSON.stringify({ ...told, uuid: 'x'.repeat(5000) })],
] as const) {
  test(`a line that is no flow is refused: ${what}`, () => assert.equal(parseFlowLine(line, 'n'), undefined));
}

const record: FlowRecord = {
  time_ns: 0n,
  verdict: 'forwarded',
  dropReason: 0,
  direction: 'ingress',
  protocol: 'TCP',
  source: { address: '10.0.0.1', port: 1, identity: 1 },
  destination: { address: '10.0.1.1', port: 2, identity: 2 },
  by: 'default',
  sides: { egress: 'default', ingress: 'default' },
};

test('the side of a pod elsewhere is told by its node, a refusal by who refused; each connection counts once', () => {
  const sides = (flow: FlowRecord, here: string): Omit<ObservedFlow, 'uuid' | 'time_ns' | 'node'>[] =>
    sidesOf(
      flow,
      ({ address }) => end(address),
      ({ address }) => address === here,
    );
  const egress = sides(record, '10.0.0.1');
  const ingress = sides(record, '10.0.1.1');
  assert.deepEqual(
    [...egress, ...ingress].map(each => each.direction),
    ['egress', 'ingress'],
  );
  const whole = [...egress, ...ingress].map(each => ({ ...each, uuid: 'u', time_ns: 0n, node: 'n' }));
  assert.equal(whole.filter(countsConnection).length, 1);
  const refused = sides({ ...record, verdict: 'dropped', dropReason: 133 }, '10.0.0.1');
  assert.deepEqual(
    refused.map(each => [each.direction, each.verdict]),
    [
      ['egress', 'forwarded'],
      ['ingress', 'dropped'],
    ],
  );
});

test('places in a log are counted from its start; what is forgotten is not there', () => {
  const log = new FlowLog(random);
  const lost: [number, string][] = [];
  const stop = log.follow({ flow: () => undefined, lost: (count, node) => lost.push([count, node]) });
  for (let at = 0; at < log.capacity + 3; at++) log.keep({ ...flow, uuid: String(at) });
  assert.equal(log.at(2), undefined);
  assert.equal(log.at(3)!.uuid, '3');
  assert.equal(log.at(log.seen - 1)!.uuid, String(log.capacity + 2));
  assert.equal(log.at(log.seen), undefined);
  log.lose(4, 'second', 'log');
  stop();
  log.lose(5, 'second', 'log');
  assert.deepEqual(lost, [[4, 'second']]);
});
