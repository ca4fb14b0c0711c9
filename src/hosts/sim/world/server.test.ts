import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../../base/index.ts';
import type { Behaviour } from './models.ts';
import { PodServer, type Sample } from './server.ts';

const fixed = (value: number) => ({ kind: 'fixed', value }) as const;
const LIMITS = { cores: 1, slowness: 1 };
const queue = (concurrency: number, service_ms: number, room?: number): Behaviour => ({
  latency: { kind: 'queue', concurrency, service: fixed(service_ms), ...(room === undefined ? {} : { queue: room }) },
});
const total = (samples: readonly Sample[], outcome: string): number =>
  samples.reduce((sum, sample) => (sample.outcome === outcome ? sum + sample.count : sum), 0);

/** Offers a rate for some seconds, a stretch a second; the last stretch's samples. */
function offer(server: PodServer, behaviour: Behaviour, rate: number, seconds: number, from_s = 0): Sample[] {
  const random = seededRandom(1);
  let samples: Sample[] = [];
  for (let second = 1; second <= seconds; second++)
    samples = server.serve(rate, (from_s + second) * 1000, 1000, behaviour, LIMITS, random);
  return samples;
}

test('below capacity nothing waits for long; every request is told once', () => {
  const server = new PodServer();
  const samples = offer(server, queue(4, 20), 100, 60);
  assert.equal(total(samples, 'ok'), 100);
  assert.equal(server.backlog, 0);
  assert.ok(samples.every(({ latency_ms }) => latency_ms >= 20 && latency_ms < 100));
});

test('above capacity the backlog grows by the difference, and drains at the same pace', () => {
  const server = new PodServer();
  offer(server, queue(4, 20), 250, 60);
  // 200 a second can be served; the first second finds a whole stretch in store.
  assert.ok(Math.abs(server.backlog - 60 * 50) <= 200, String(server.backlog));
  const [sample] = offer(server, queue(4, 20), 100, 10, 60);
  assert.ok(Math.abs(server.backlog - (3000 - 10 * 100)) <= 200, String(server.backlog));
  assert.ok(sample!.latency_ms > 8_000 && sample!.latency_ms < 14_000, String(sample!.latency_ms));
  offer(server, queue(4, 20), 100, 30, 70);
  assert.equal(server.backlog, 0);
});

test('a bounded queue refuses what has no room', () => {
  const server = new PodServer();
  const samples = offer(server, queue(4, 20, 10), 300, 60);
  assert.ok(Math.abs(total(samples, 'refused') - 100) <= 1);
  assert.ok(server.backlog <= 10);
});

test('CPU is held down by the limit and bounds what is served', () => {
  const server = new PodServer();
  const behaviour: Behaviour = { cpu: { idle: fixed(0), perRequest: fixed(0.02) } };
  offer(server, behaviour, 30, 60);
  assert.ok(Math.abs(server.cores - 0.6) < 1e-9);
  assert.equal(server.backlog, 0);
  offer(server, behaviour, 80, 60, 60);
  assert.equal(server.cores, 1);
  assert.ok(server.backlog > 1_500);
});
