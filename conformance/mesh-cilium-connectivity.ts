/**
 * Connectivity scenarios: the flows each kind of scenario tries between the pods of the usual set-up, under the scenario's
 * policies, must end as the results it lists say: which verdicts occur, on which side, by a rule or by default.
 */
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { Answer } from '../src/base/index.ts';
import type { KubeObject } from '../src/kernel/index.ts';
import { explain, type PartyReference, readSnapshot, type Snapshot } from '../src/network/index.ts';
import type { CaseResult, SuiteRunner } from './runner.ts';

interface Entry {
  readonly files?: readonly string[];
  readonly results?: readonly string[];
  readonly scenarios?: readonly string[];
}

const NAMESPACE = 'cilium-test';
const NODE = '172.18.0.2';
const ECHO_PORT = 8080;
/** Of ICMP the type of an echo request plus one. */
const ECHO_REQUEST = 9;

const pod = (kind: string, name: string, more: object): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: NAMESPACE, labels: { kind, name, ...more } },
  spec: {
    serviceAccountName: name,
    containers: [{ name: 'main', image: 'none', ports: [{ name: 'http-8080', containerPort: ECHO_PORT }] }],
  },
});

/** Two clients that differ by a label, and a server beside and away from them ("cilium connectivity test" documentation). */
const SETUP: readonly KubeObject[] = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
  {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'node' },
    status: { addresses: [{ type: 'InternalIP', address: NODE }] },
  },
  pod('client', 'client', {}),
  pod('client', 'client2', { other: 'client' }),
  pod('echo', 'echo-same-node', { other: 'echo' }),
  pod('echo', 'echo-other-node', { first: 'echo' }),
];

interface Flow {
  readonly source: PartyReference;
  readonly destination: PartyReference;
  readonly protocol: 'TCP' | 'ICMP';
  readonly port: number;
}

const workload = (name: string): PartyReference => ({ kind: 'workload', namespace: NAMESPACE, name });
const address = (text: string, ...names: string[]): PartyReference => ({
  kind: 'address',
  address: text,
  ...(names.length > 0 ? { names } : {}),
});
const CLIENTS = ['client', 'client2'].map(workload);
const ECHOES = ['echo-same-node', 'echo-other-node'].map(workload);
const WORLD = address('203.0.113.7', 'one.one.one.one');
const product = (
  sources: readonly PartyReference[],
  destinations: readonly PartyReference[],
  protocol: Flow['protocol'],
  port: number,
): Flow[] =>
  sources.flatMap(source =>
    destinations
      .filter(destination => destination !== source)
      .map(destination => ({ source, destination, protocol, port })),
  );

/** What each kind of scenario tries; kinds that are not here need more than policy can tell. */
const SCENARIOS: Readonly<Record<string, () => readonly Flow[]>> = {
  PodToPod: () => product(CLIENTS, ECHOES, 'TCP', ECHO_PORT),
  PodToPodWithEndpoints: () => product(CLIENTS, ECHOES, 'TCP', ECHO_PORT),
  PodToService: () => product(CLIENTS, ECHOES, 'TCP', ECHO_PORT),
  ClientToClient: () => product(CLIENTS, CLIENTS, 'ICMP', ECHO_REQUEST),
  PodToHost: () => product(CLIENTS, [address(NODE)], 'ICMP', ECHO_REQUEST),
  // Every node of the set-up is one here, that of the control plane too.
  PodToControlPlaneHost: () => product(CLIENTS, [address(NODE)], 'ICMP', ECHO_REQUEST),
  // A node port leads a client of the world to a pod behind it, and keeps its address at a node that has one.
  OutsideToNodePort: () => product([WORLD], ECHOES, 'TCP', ECHO_PORT),
  HostToPod: () => product([address(NODE)], [...CLIENTS, ...ECHOES], 'TCP', ECHO_PORT),
  PodToWorld: () => [...product(CLIENTS, [WORLD], 'TCP', 80), ...product(CLIENTS, [WORLD], 'TCP', 443)],
  PodToCIDR: () => product(CLIENTS, [WORLD], 'TCP', 443),
};

interface Ending {
  readonly outcome: Answer['outcome'];
  /** `egress by rule`: where and how it was refused. */
  readonly how?: string;
  readonly flow: string;
}

const nameOf = (party: PartyReference): string => (party.kind === 'address' ? party.address : party.name);

function endingOf(flow: Flow, snapshot: Snapshot): Ending {
  const request =
    flow.protocol === 'TCP' ? ({ kind: 'http', method: 'GET', path: '/', host: '', headers: {} } as const) : undefined;
  const stops = explain(request ? { ...flow, request } : flow, snapshot).find(({ outcome }) => outcome !== 'allow');
  const told = `${nameOf(flow.source)} to ${nameOf(flow.destination)} ${flow.protocol} ${flow.port}`;
  if (!stops) return { outcome: 'allow', flow: told };
  const byRule = 'kind' in stops.by && stops.by.rule !== undefined;
  return { outcome: stops.outcome, how: `${stops.direction} by ${byRule ? 'rule' : 'default'}`, flow: told };
}

/** Refusals a result stands for; `any` where it does not say how. */
const REFUSALS: readonly (readonly [RegExp, string])[] = [
  [/^ResultDefaultDenyEgress/, 'egress by default'],
  [/^ResultDefaultDenyIngress/, 'ingress by default'],
  [/^ResultPolicyDenyEgress/, 'egress by rule'],
  [/^ResultPolicyDenyIngress/, 'ingress by rule'],
  [/Drop|Timeout|HTTPError/, 'any'],
];

/** What is wrong with how the flows ended; undefined when it is as the results say. */
function wrong(endings: readonly Ending[], results: readonly string[]): { expected: string; got: string } | undefined {
  const refusals = new Set(results.flatMap(result => REFUSALS.find(([pattern]) => pattern.test(result))?.[1] ?? []));
  const denied = endings.filter(({ outcome }) => outcome === 'deny');
  const specific = [...refusals].filter(refusal => refusal !== 'any');
  for (const ending of denied)
    if (!refusals.has('any') && !refusals.has(ending.how!))
      return { expected: `${ending.flow}: ${specific.join(', ') || 'allow'}`, got: `denied at ${ending.how}` };
  for (const refusal of specific)
    if (!denied.some(({ how }) => how === refusal)) return { expected: `a flow denied at ${refusal}`, got: 'none' };
  if (refusals.size > 0 && denied.length === 0) return { expected: 'a flow that is denied', got: 'all allowed' };
  // A result of its own for what succeeds: both must occur. Without any refusal everything succeeds by the check above.
  if (results.includes('ResultOK') && denied.length === endings.length)
    return { expected: 'a flow that is allowed', got: 'all denied' };
  return undefined;
}

/**
 * Rules that deny isolate whom they select, so that nothing is let through by them alone; where a case lists a success all
 * the same, what allows the rest is a policy of everything beside it.
 */
function beside(policies: readonly KubeObject[], results: readonly string[]): KubeObject[] {
  if (!results.includes('ResultOK')) return [];
  return (['ingress', 'egress'] as const).flatMap(direction => {
    const has = (section: string): boolean =>
      policies.some(({ spec }) => Object.hasOwn((spec ?? {}) as object, section));
    if (!has(`${direction}Deny`) || has(direction)) return [];
    const open = { [direction === 'ingress' ? 'fromEntities' : 'toEntities']: ['all'] };
    return {
      apiVersion: 'cilium.io/v2',
      kind: 'CiliumNetworkPolicy',
      metadata: { name: `beside-${direction}`, namespace: NAMESPACE },
      spec: { endpointSelector: {}, [direction]: [open] },
    };
  });
}

function runEntry(name: string, entry: Entry, folder: string): CaseResult {
  const { files = [], results = [], scenarios = [] } = entry;
  const skip = (feature: string, reason: string): CaseResult => ({ case: name, result: 'skipped', feature, reason });
  if (files.length === 0) return skip('policy-absent', 'its policies are made by code that is not in the suite');
  const texts = files.map(file => readFileSync(join(folder, file), 'utf8'));
  if (texts.some(text => text.includes('{{')))
    return skip('policy-template', 'the policy is a template over a live cluster');
  const known = scenarios.filter(scenario => Object.hasOwn(SCENARIOS, scenario));
  if (known.length === 0) return skip('scenario', 'what it tries needs more than policy can tell');
  const flows = known.flatMap(scenario => SCENARIOS[scenario]!());
  for (const text of texts) {
    const policies = parseAllDocuments(text).map(document => {
      const object = document.toJS() as KubeObject;
      return { ...object, metadata: { ...object.metadata, namespace: object.metadata.namespace ?? NAMESPACE } };
    });
    const snapshot = readSnapshot([...SETUP, ...policies, ...beside(policies, results)]);
    const endings = flows.map(flow => endingOf(flow, snapshot));
    const unsure = endings.find(({ outcome }) => outcome === 'unknown');
    if (unsure) return skip('unknown', 'a field that is not modelled makes the verdict unknown');
    const differs = wrong(endings, results);
    if (differs) return { case: name, result: 'failed', ...differs };
  }
  return { case: name, result: 'passed' };
}

/** The list of cases lies in the folder, or beside it under the folder's name. */
function readIndex(cases: string): Readonly<Record<string, Entry>> {
  const own = join(cases, 'index.json');
  const path = existsSync(own) ? own : join(dirname(cases), 'index.json');
  if (!existsSync(path)) return {};
  const read = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  const suite = (read[basename(cases)] ?? read) as { cases?: Record<string, Entry> };
  return suite.cases ?? {};
}

export const runner: SuiteRunner = {
  suite: 'mesh/cilium-connectivity',
  async *run({ cases, signal }): AsyncGenerator<CaseResult> {
    for (const [name, entry] of Object.entries(readIndex(cases)).sort(([left], [right]) => (left < right ? -1 : 1))) {
      signal.throwIfAborted();
      if (!name.startsWith('_')) yield runEntry(name, entry, cases);
    }
  },
};
