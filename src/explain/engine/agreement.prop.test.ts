import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Edit, seededRandom } from '../../base/index.ts';
import type { KubeObject } from '../../kernel/index.ts';
import { applyEdit, Decisions } from '../../network/index.ts';
import { NAMESPACES, PODS, randomPolicy } from '../../network/testing/policygenerator.ts';
import type { Documents, FlowQuestion } from '../model.ts';
import { plan } from './plan.ts';
import type { FlowGroup } from './plan-flows.ts';
import { prepare, type Prepared } from './prepared.ts';
import { whyFlow } from './why.ts';

const SEEDS = 12;
const PORTS = [80, 81, 85] as const;

const pods: KubeObject[] = NAMESPACES.flatMap(namespace => [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels: { ns: namespace } } },
  ...PODS.map(name => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { pod: name } },
    spec: {
      containers: [
        {
          name: 'c',
          ports: [
            { name: 'web', containerPort: 80 },
            { name: 'alt', containerPort: 81 },
          ],
        },
      ],
    },
  })),
]);
const names = NAMESPACES.flatMap(namespace => PODS.map(name => `${namespace}/${name}`));
const pairs = names.flatMap(source =>
  names.flatMap(destination => (source === destination ? [] : [[source, destination] as const])),
);
const documents = (policies: readonly KubeObject[]): Documents => ({
  objects: [...pods, ...policies],
  originOf: () => undefined,
});

/** The structure that is enforced, filled with what documents say. */
function enforced({
  snapshot,
}: Prepared): (source: string, destination: string, protocol: 'TCP' | 'UDP', port: number) => boolean {
  const decisions = new Decisions();
  const numbers = new Map(
    snapshot.workloads.map(({ namespace, name, identity }) => [
      `${namespace}/${name}`,
      decisions.setIdentity(`${namespace}/${name}`, identity),
    ]),
  );
  for (const [index, policy] of snapshot.policies.entries()) decisions.setPolicy(`${policy.name}/${index}`, policy);
  return (source, destination, protocol, port) =>
    decisions.decide(numbers.get(source)!, numbers.get(destination)!, protocol, port);
}

function questionOf(source: string, destination: string, protocol: 'TCP' | 'UDP', port: number): FlowQuestion {
  const place = (text: string) => {
    const [namespace = '', name = ''] = text.split('/');
    return { kind: 'named', namespace, name } as const;
  };
  return { source: place(source), destination: place(destination), protocol, port };
}

function edited(policies: readonly KubeObject[], edits: readonly Edit[]): KubeObject[] {
  return policies.map(object =>
    edits
      .filter(edit => edit.object.name === object.metadata.name)
      .reduce((current, edit) => applyEdit(current, edit)!, object),
  );
}

/** Members of a set as a plan tells it. */
function membersOf(terms: readonly string[]): Set<string> {
  const plain = (term: string): string => term.replace(/\[Pod\]$/, '');
  return new Set(
    terms.flatMap(term => {
      if (term === '*') return names;
      const without = /^\* ∖ \{(.*)\}$/.exec(term)?.[1];
      if (without !== undefined) {
        const left = membersOf(without === '' ? [] : without.split(', '));
        return names.filter(name => !left.has(name));
      }
      return term.endsWith('/*') ? names.filter(name => name.startsWith(term.slice(0, -1))) : [plain(term)];
    }),
  );
}

function covers(connections: string, protocol: string, port: number): boolean {
  if (connections === 'All Connections') return true;
  return [...connections.matchAll(/(TCP|UDP|SCTP) ([\d,-]+)/g)].some(
    ([, name, ports]) =>
      name === protocol &&
      ports!.split(',').some(range => {
        const [from, to = from] = range.split('-').map(Number) as [number, number?];
        return from <= port && port <= to!;
      }),
  );
}

const within = (
  groups: readonly FlowGroup[],
  source: string,
  destination: string,
  protocol: string,
  port: number,
): boolean =>
  groups.some(
    group =>
      membersOf(group.sources).has(source) &&
      membersOf(group.destinations).has(destination) &&
      covers(group.connections, protocol, port),
  );

test('why, what is enforced, and plan say the same of random worlds; edits told do flip', () => {
  let fixes = 0;
  let denied = 0;
  let changes = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = seededRandom(seed);
    const policies = Array.from({ length: 4 }, (_, index) => randomPolicy(random, index));
    const next = [...policies.slice(1), randomPolicy(random, 9)];
    const [prepared, after] = [prepare(documents(policies)), prepare(documents(next))];
    const [decide, decideAfter] = [enforced(prepared), enforced(after)];
    const planned = plan(documents(policies), documents(next));
    for (const [source, destination] of pairs)
      for (const protocol of ['TCP', 'UDP'] as const)
        for (const port of PORTS) {
          const told = `seed ${seed}: ${source} to ${destination}:${port}/${protocol}`;
          const [was, is] = [
            decide(source, destination, protocol, port),
            decideAfter(source, destination, protocol, port),
          ];
          assert.equal(within(planned.newlyAllowed, source, destination, protocol, port), !was && is, told);
          assert.equal(within(planned.newlyDenied, source, destination, protocol, port), was && !is, told);
          if (was !== is) changes++;
          if (port === 85 || protocol === 'UDP') continue;
          const journey = whyFlow(prepared, questionOf(source, destination, protocol, port));
          assert.equal(journey.outcome, was ? 'allow' : 'deny', told);
          if (was) continue;
          denied++;
          if (!journey.fix) continue;
          fixes++;
          const fixed = enforced(prepare(documents(edited(policies, journey.fix))));
          assert.ok(
            fixed(source, destination, protocol, port),
            `${told}: ${journey.fix.map(edit => edit.text.en).join('; ')}`,
          );
        }
  }
  assert.ok(changes > 100 && denied > 100, `${changes} changes, ${denied} denials`);
  assert.ok(fixes > denied * 0.9, `${fixes} of ${denied} denials had edits`);
});
