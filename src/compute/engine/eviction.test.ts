import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { kinds } from '../../kernel/index.ts';
import { crossed, evictionMessage, evictionOrder, oversized, parseThresholds, type Threshold } from './eviction.ts';

const MiB = 1024 * 1024;

const use = (name: string, memory_MiB: number, request: string | undefined, priority = 0) => ({
  pod: {
    metadata: { name, uid: name },
    spec: {
      priority,
      containers: [{ name: 'c', ...(request ? { resources: { requests: { memory: request } } } : {}) }],
    },
  } as unknown as kinds.Pod,
  memory_bytes: memory_MiB * MiB,
  disk_bytes: 0,
  pids: 1,
});

describe('eviction', () => {
  it('reads thresholds, and tells the part it cannot read', () => {
    for (const [text, expected] of [
      ['memory.available<100Mi', [100 * MiB, undefined]],
      ['nodefs.available<10%', [0, 0.1]],
      ['pid.available<1000', [1000, undefined]],
    ] as const) {
      const [threshold] = parseThresholds(text) as Threshold[];
      assert.deepEqual([threshold!.amount, threshold!.share], expected, text);
    }
    for (const text of ['memory<1', 'memory.available<', 'memory.available<x', 'memory.available>1Gi'])
      assert.deepEqual(parseThresholds(text), { unreadable: text });
  });

  it('finds what is crossed, by amount and by share', () => {
    const thresholds = parseThresholds('memory.available<100Mi,nodefs.available<10%') as Threshold[];
    const seen = (memory: number, disk: number) => ({
      'memory.available': { available: memory * MiB, capacity: 1000 * MiB },
      'nodefs.available': { available: disk, capacity: 100 },
    });
    const names = (memory: number, disk: number) =>
      crossed(thresholds, seen(memory, disk)).map(({ threshold }) => threshold.signal);
    assert.deepEqual(names(100, 10), []);
    assert.deepEqual(names(99, 10), ['memory.available']);
    assert.deepEqual(names(500, 9), ['nodefs.available']);
  });

  it('ends those above their requests first, then the less important, then the greediest', () => {
    const pods = [
      use('within', 50, '100Mi'),
      use('little-above', 110, '100Mi'),
      use('far-above', 300, undefined),
      use('important', 900, undefined, 1000),
      use('critical', 5000, undefined, 2_000_000_001),
    ];
    assert.deepEqual(
      evictionOrder('memory.available', pods).map(({ pod }) => pod.metadata.name),
      ['far-above', 'little-above', 'important', 'within'],
    );
  });

  it('says why', () => {
    const [threshold] = parseThresholds('memory.available<100Mi') as Threshold[];
    const observation = { available: 50 * MiB, capacity: 1000 * MiB };
    assert.equal(
      evictionMessage({ threshold: threshold!, observation }, use('p', 200, '64Mi')),
      'The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. Container c was using 200Mi, request is 64Mi, has larger consumption of memory. ',
    );
  });

  it('finds an empty folder that holds too much', () => {
    const pod = { spec: { volumes: [{ name: 'v', emptyDir: { sizeLimit: '1Mi' } }] } } as unknown as kinds.Pod;
    assert.equal(oversized(pod, new Map([['v', MiB]])), undefined);
    assert.match(oversized(pod, new Map([['v', MiB + 1]])) ?? '', /EmptyDir volume "v" exceeds the limit "1Mi"/);
  });
});
