import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { kinds } from '../../kernel/index.ts';
import { assignCpus, exclusiveCpus, formatCpus, parseCpus, type Processor, sharedCpus, takeCpus } from './cpus.ts';

/** Two sockets of two cores of two threads, numbered as machines do: threads of a core are 4 apart. */
const MACHINE: readonly Processor[] = [0, 1, 2, 3, 4, 5, 6, 7].map(cpu => ({
  cpu,
  core: cpu % 4,
  socket: cpu % 4 < 2 ? 0 : 1,
  node: cpu % 4 < 2 ? 0 : 1,
}));

const lists: readonly (readonly [text: string, cpus: readonly number[] | undefined, again?: string])[] = [
  ['', []],
  ['0', [0]],
  ['0-2,5', [0, 1, 2, 5]],
  ['5,0-1,1', [0, 1, 5], '0-1,5'],
  ['3-1', undefined],
  ['a', undefined],
  ['0-99999', undefined],
  ['1,,2', undefined],
  ['-1', undefined],
];

const taken: readonly (readonly [what: string, free: string, count: number, wanted: string | undefined])[] = [
  ['a whole socket', '0-7', 4, '0-1,4-5'],
  ['a whole core', '0-7', 2, '0,4'],
  ['a socket and a core', '0-7', 6, '0-2,4-6'],
  ['one thread', '0-7', 1, '0'],
  ['a core and one thread beside it', '0-7', 3, '0-1,4'],
  ['the core that is whole', '1-3,5-7', 2, '1,5'],
  ['single threads where no core is whole', '0-3', 2, '0-1'],
  ['a thread of a core that is broken already', '1-7', 1, '4'],
  ['more than there is', '0-1', 3, undefined],
  ['nothing', '0-7', 0, ''],
];

const container = (name: string, cpu: string, more: object = {}): kinds.Container =>
  ({ name, resources: { requests: { cpu }, limits: { cpu } }, ...more }) as kinds.Container;
const podOf = (containers: kinds.Container[], initContainers: kinds.Container[] = [], qosClass = 'Guaranteed') =>
  ({ metadata: {}, spec: { containers, initContainers }, status: { qosClass } }) as unknown as kinds.Pod;

describe('processors', () => {
  for (const [text, cpus, again = text] of lists)
    it(`reads "${text}"`, () => {
      assert.deepEqual(parseCpus(text), cpus);
      if (cpus) assert.equal(formatCpus(cpus), again);
    });

  for (const [what, free, count, wanted] of taken)
    it(`takes ${what} of ${free}`, () => {
      const found = takeCpus(MACHINE, new Set(parseCpus(free)), count);
      assert.equal(found && formatCpus(found), wanted);
    });

  it('gives only whole processors, to Guaranteed pods', () => {
    for (const [cpu, qos, wanted] of [
      ['2', 'Guaranteed', 2],
      ['2000m', 'Guaranteed', 2],
      ['1500m', 'Guaranteed', 0],
      ['2', 'Burstable', 0],
    ] as const)
      assert.equal(exclusiveCpus(podOf([], [], qos), container('c', cpu)), wanted, `${cpu} ${qos}`);
  });

  it('lets containers have what init containers had, and sidecars keep theirs', () => {
    const pod = podOf(
      [container('a', '2'), container('b', '1')],
      [container('first', '4'), container('side', '1', { restartPolicy: 'Always' })],
    );
    const given = assignCpus(pod, MACHINE, new Set([1, 2, 3, 5, 6, 7]));
    assert.ok(typeof given !== 'string');
    const first = given.get('first')!;
    assert.equal(first.length, 4);
    const lasting = ['side', 'a', 'b'].flatMap(name => given.get(name)!);
    assert.equal(new Set(lasting).size, 4);
    for (const cpu of lasting) assert.ok(first.includes(cpu), `${cpu} of ${first.join()}`);
    assert.equal(assignCpus(podOf([container('a', '7')]), MACHINE, new Set([1, 2, 3])), 'too-few');
  });

  it('shares what nobody has alone', () => {
    const assigned = new Map([['uid', new Map([['c', [0, 4]]])]]);
    assert.equal(formatCpus(sharedCpus(MACHINE, assigned)), '1-3,5-7');
  });
});
