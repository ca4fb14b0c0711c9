import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { kinds } from '../../kernel/index.ts';
import { type Alignment, assignCpus, formatCpus, parseCpus, type Processor } from './cpus.ts';
import { align, type Hints, hintsOf, maskOf, TOPOLOGY_POLICIES, type TopologyPolicy } from './topology.ts';

/** `nodes` NUMA nodes of `each` processors, one a core, a socket a node. */
const machine = (nodes: number, each: number): Processor[] =>
  Array.from({ length: nodes * each }, (_, cpu) => {
    const node = Math.floor(cpu / each);
    return { cpu, core: cpu, socket: node, node };
  });

/** `01+ 0+ 1-`: sets of nodes, preferred or not; `*+` any node; `none` nothing fits; `any` does not mind. */
function hints(text: string): Hints {
  if (text === 'any') return undefined;
  if (text === 'none') return [];
  return text.split(' ').map(word => {
    const preferred = word.endsWith('+');
    return word.startsWith('*') ? { preferred } : { mask: maskOf(Array.from(word.slice(0, -1), Number)), preferred };
  });
}

const told = (found: readonly { readonly mask?: number; readonly preferred: boolean }[]): string =>
  found
    .map(({ mask = 0, preferred }) => {
      const nodes = [0, 1, 2, 3].filter(node => (mask & (1 << node)) !== 0);
      return `${nodes.join('')}${preferred ? '+' : '-'}`;
    })
    .sort()
    .join(' ');

const places = (text: string): { nodes: number[] }[] => [...text].map(node => ({ nodes: [Number(node)] }));

const offered: readonly (readonly [
  what: string,
  count: number,
  all: string,
  free: string,
  reuse: string,
  wanted: string,
])[] = [
  ['one of two nodes', 1, '0011', '0011', '', '0+ 01- 1+'],
  ['a node that is full', 2, '0011', '011', '', '01- 1+'],
  ['more than a node has', 3, '0011', '0011', '', '01+'],
  ['no node whole any more: none is preferred', 2, '0011', '01', '', '01-'],
  ['too few', 3, '0011', '01', '', ''],
  ['what was given before is taken again', 2, '0011', '01', '1', '01- 1+'],
  ['before it was on both', 2, '0011', '01', '01', '01-'],
];

/** Of two nodes, what each policy makes of what two kinds of resource say: the nodes, or `refused`. */
const merged: readonly (readonly [
  what: string,
  kinds: readonly string[],
  best: string,
  restricted: string,
  single: string,
])[] = [
  ['nobody minds', ['any', 'any'], '01', '01', 'any'],
  ['one kind that fits a node', ['0+ 1+ 01-'], '0', '0', '0'],
  ['one kind, the first node full', ['1+ 01-'], '1', '1', '1'],
  ['two kinds on one node', ['0+ 1+ 01-', '1+ 01-'], '1', '1', '1'],
  ['two kinds on different nodes', ['0+ 01-', '1+ 01-'], '0', 'refused', 'refused'],
  ['one needs both nodes', ['01+'], '01', '01', 'refused'],
  ['one needs both, one a single node', ['01+', '0+ 1+ 01-'], '01', 'refused', 'refused'],
  ['one is scattered', ['01-'], '01', 'refused', 'refused'],
  ['one has nothing', ['none', '0+'], '0', 'refused', 'refused'],
  ['one does not mind', ['any', '1+'], '1', '1', '1'],
  ['a preferred pair beats a narrow one', ['0- 01+', '1- 01+'], '01', '01', 'refused'],
];

const outcome = (policy: TopologyPolicy, kinds: readonly string[]): string => {
  const { mask, admit } = align(policy, [0, 1], kinds.map(hints));
  if (!admit) return 'refused';
  return mask === undefined ? 'any' : told([{ mask, preferred: true }]).slice(0, -1);
};

const whole = (name: string, cpu: string, more: object = {}): kinds.Container =>
  ({
    name,
    resources: { requests: { cpu, memory: '1Mi' }, limits: { cpu, memory: '1Mi' } },
    ...more,
  }) as kinds.Container;
const podOf = (containers: kinds.Container[], initContainers: kinds.Container[] = []): kinds.Pod =>
  ({ metadata: {}, spec: { containers, initContainers }, status: { qosClass: 'Guaranteed' } }) as unknown as kinds.Pod;

function given(pod: kinds.Pod, all: readonly Processor[], free: string, alignment: Alignment): string {
  const found = assignCpus(pod, all, new Set(parseCpus(free)), alignment);
  return typeof found === 'string' ? found : [...found].map(([name, cpus]) => `${name}=${formatCpus(cpus)}`).join(' ');
}

describe('NUMA alignment', () => {
  for (const [what, count, all, free, reuse, wanted] of offered)
    it(`offers ${what}`, () => {
      assert.equal(told(hintsOf([0, 1], count, places(all), places(free), places(reuse))), wanted);
    });

  it('counts things without a place nowhere', () => {
    assert.deepEqual(hintsOf([0, 1], 1, [{ nodes: [] }], [{ nodes: [] }]), []);
    assert.equal(told(hintsOf([0, 1], 1, [{ nodes: [0, 1] }], [{ nodes: [0, 1] }])), '0+ 01- 1+');
  });

  for (const [what, kinds, best, restricted, single] of merged)
    it(`decides: ${what}`, () => {
      assert.deepEqual(
        TOPOLOGY_POLICIES.map(policy => outcome(policy, kinds)),
        ['any', best, restricted, single],
      );
    });

  it('takes as many nodes as the most demanding kind needs, where nothing is preferred', () => {
    const nodes = [0, 1, 2, 3];
    const { mask } = align('best-effort', nodes, [hints('01- 012- 0123-'), hints('012- 0123-')]);
    assert.equal(told([{ mask: mask!, preferred: true }]), '012+');
  });

  const [two, four] = [machine(2, 4), machine(4, 2)];
  const rows: readonly (readonly [
    what: string,
    pod: kinds.Pod,
    all: Processor[],
    free: string,
    results: readonly [none: string, best: string, restricted: string, single: string],
    scope?: 'pod',
  ])[] = [
    ['the node with room', podOf([whole('c', '3')]), two, '2-7', ['c=2-4', 'c=4-6', 'c=4-6', 'c=4-6']],
    [
      'no node with room',
      podOf([whole('c', '3')]),
      two,
      '2-3,6-7',
      ['c=2-3,6', 'c=2-3,6', 'not-aligned', 'not-aligned'],
    ],
    ['more than a node has', podOf([whole('c', '6')]), two, '0-7', ['c=0-5', 'c=0-5', 'c=0-5', 'not-aligned']],
    [
      'two containers, each on its node',
      podOf([whole('a', '3'), whole('b', '3')]),
      two,
      '0-7',
      ['a=0-2 b=3-5', 'a=0-2 b=4-6', 'a=0-2 b=4-6', 'a=0-2 b=4-6'],
    ],
    [
      'two containers that fit one node each but not together',
      podOf([whole('a', '3'), whole('b', '3')]),
      two,
      '0-7',
      ['a=0-2 b=3-5', 'a=0-2 b=3-5', 'a=0-2 b=3-5', 'not-aligned'],
      'pod',
    ],
    [
      'a whole pod on one node',
      podOf([whole('a', '2'), whole('b', '2')]),
      two,
      '1-7',
      ['a=1-2 b=3-4', 'a=4-5 b=6-7', 'a=4-5 b=6-7', 'a=4-5 b=6-7'],
      'pod',
    ],
    [
      'an init container as large as all',
      podOf([whole('b', '1')], [whole('i', '4')]),
      two,
      '1-7',
      ['i=4-7 b=4', 'i=4-7 b=4', 'i=4-7 b=4', 'i=4-7 b=4'],
      'pod',
    ],
    [
      'what init containers had',
      podOf([whole('b', '2')], [whole('i', '2')]),
      two,
      '1-7',
      ['i=1-2 b=1-2', 'i=1-2 b=1-2', 'i=1-2 b=1-2', 'i=1-2 b=1-2'],
    ],
    ['parts of processors', podOf([whole('c', '1500m')]), two, '0-7', ['', '', '', '']],
    [
      'of four nodes the two that are free',
      podOf([whole('c', '4')]),
      four,
      '0,2-3,6-7',
      ['c=2-3,6-7', 'c=2-3,6-7', 'c=2-3,6-7', 'not-aligned'],
    ],
    ['too many', podOf([whole('c', '9')]), two, '0-7', ['too-few', 'too-few', 'not-aligned', 'not-aligned']],
  ];
  for (const [what, pod, all, free, results, scope = 'container'] of rows)
    it(`gives ${what} (${scope})`, () => {
      assert.deepEqual(
        TOPOLOGY_POLICIES.map(policy => given(pod, all, free, { policy, scope })),
        results,
      );
    });
});
