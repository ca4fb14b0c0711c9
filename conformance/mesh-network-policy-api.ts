/**
 * Policies of administrators: what the names of their rules say is held against what `why` says, for every group of pods,
 * nodes and the internet, on every port the pods of the base documents serve.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { prepare, type Prepared, whyFlow } from '../src/explain/index.ts';
import type { KubeObject } from '../src/kernel/index.ts';
import { decideByNames, type NamedRule, readRuleName, updated } from './netpol/rulenames.ts';
import type { CaseResult, SuiteRunner } from './runner.ts';

type Protocol = 'TCP' | 'UDP' | 'SCTP';
type Direction = 'ingress' | 'egress';

interface Group {
  readonly name: string;
  readonly namespace: string;
  readonly pod: string;
}

interface Base {
  readonly objects: readonly KubeObject[];
  readonly groups: readonly Group[];
  readonly ports: ReadonlyMap<number, Protocol>;
}

const NODE_ADDRESS = '172.18.0.2';
const INTERNET_ADDRESS = '203.0.113.7';
const NODE: KubeObject = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'node', labels: { 'kubernetes.io/os': 'linux' } },
  status: { addresses: [{ type: 'InternalIP', address: NODE_ADDRESS }] },
};
/** Ports of the host's network that templates ask for by place. */
const HOST_PORT = 34_345;

const documentsOf = (text: string): KubeObject[] =>
  parseAllDocuments(
    text.replaceAll(/\{\{ index \.HostNetworkPorts (\d+) \}\}/g, (_, at: string) => `${HOST_PORT + Number(at)}`),
  )
    .map(document => document.toJS() as KubeObject | null)
    .filter(value => value?.kind !== undefined) as KubeObject[];

/** Ports as containers serve them: declared, or told by how the server is started. */
function portsOf(text: string): Map<number, Protocol> {
  const ports = new Map<number, Protocol>();
  for (const [, flags = '', port = ''] of text.matchAll(/serve-hostname((?: --\S+)*) --port (\d+)/g))
    ports.set(Number(port), /--udp/.test(flags) ? 'UDP' : 'TCP');
  for (const [, port = ''] of text.matchAll(/SERVE_SCTP_PORT_(\d+)/g)) ports.set(Number(port), 'SCTP');
  return ports;
}

/** Groups are namespaces with pods in them, called by the last words of their name. */
function readBase(text: string): Base {
  const objects = documentsOf(text);
  const namespaces = objects.filter(({ kind }) => kind === 'Namespace').map(({ metadata }) => metadata.name!);
  const prefix = namespaces.reduce((shared, name) => {
    let length = 0;
    while (length < shared.length && shared[length] === name[length]) length++;
    return shared.slice(0, length);
  });
  const cut = prefix.slice(0, prefix.lastIndexOf('-') + 1);
  const groups = objects
    .filter(
      ({ kind, spec }) => kind !== 'Namespace' && (spec as { template?: unknown } | undefined)?.template !== undefined,
    )
    .filter(
      ({ spec }) => (spec as { template: { spec: { hostNetwork?: boolean } } }).template.spec.hostNetwork !== true,
    )
    .map(({ metadata: { namespace = '', name = '' } }) => ({
      name: namespace.slice(cut.length),
      namespace,
      pod: name,
    }));
  return { objects: [...objects, NODE], groups, ports: portsOf(text) };
}

interface AdminPolicy {
  readonly subject: string;
  readonly tier: string;
  readonly priority: number;
  readonly rules: Readonly<Record<Direction, readonly NamedRule[]>>;
  /** By peer, ports that a rule has and its name does not tell, or the other way round: names decide nothing there. */
  readonly doubts: ReadonlySet<string>;
  /** Names that were not understood. */
  readonly unread: readonly string[];
}

function readPolicy(object: KubeObject, base: Base): AdminPolicy {
  const spec = object.spec as Record<string, unknown>;
  const subject = JSON.stringify(spec.subject);
  const peers = new Set([...base.groups.map(({ name }) => name), 'nodes', 'internet']);
  const unread: string[] = [];
  const doubts = new Set<string>();
  const rules = (direction: Direction): NamedRule[] =>
    ((spec[direction] ?? []) as { name: string; protocols?: unknown; to?: unknown }[]).flatMap(rule => {
      const { name, protocols } = rule;
      const read = readRuleName(name, peers);
      if (!read) unread.push(name);
      const written = [...JSON.stringify(protocols ?? '').matchAll(/"number":(\d+)/g)].map(([, port]) => Number(port));
      for (const port of [...written, ...(read?.ports ?? [])])
        if (written.length > 0 && !(written.includes(port) && read?.ports.includes(port)))
          for (const peer of read?.peers ?? []) doubts.add(`${direction} ${peer} ${port}`);
      if (!read) return [];
      // Networks of every address mean those of pods and nodes as well, whatever the rule is called (its reference).
      return [
        /"networks":\[[^\]]*"0\.0\.0\.0\/0"/.test(JSON.stringify(rule.to)) ? { ...read, peers: [...peers] } : read,
      ];
    });
  return {
    subject: base.groups.find(({ name }) => subject.includes(name))?.name ?? '',
    tier: String(spec.tier),
    priority: Number(spec.priority),
    rules: { ingress: rules('ingress'), egress: rules('egress') },
    doubts,
    unread,
  };
}

/** A namespaced policy says by its name whom it lets through: `allow-gress-from-to-slytherin-to-gryffindor`. */
const allowsByName = (objects: readonly KubeObject[], peer: string): boolean | undefined => {
  const policies = objects.filter(({ kind }) => kind === 'NetworkPolicy').map(({ metadata }) => metadata.name ?? '');
  return policies.length === 0 ? undefined : policies.some(name => name.startsWith('allow-') && name.includes(peer));
};

/** Tiers in their order, by priority in each; `pass` leaves its tier (KEP-2091). */
function expectedOf(
  policies: readonly AdminPolicy[],
  objects: readonly KubeObject[],
  direction: Direction,
  peer: string,
  port: number,
): 'allow' | 'deny' {
  const tier = (name: string): NamedRule['verb'] | undefined =>
    policies
      .filter(policy => policy.tier === name)
      .sort((left, right) => left.priority - right.priority)
      .map(policy => decideByNames(policy.rules[direction], peer, port))
      .find(verb => verb !== undefined);
  const admin = tier('Admin');
  if (admin === 'allow' || admin === 'deny') return admin;
  const own = allowsByName(objects, peer);
  if (own !== undefined) return own ? 'allow' : 'deny';
  return tier('Baseline') === 'deny' ? 'deny' : 'allow';
}

type Place = Parameters<typeof whyFlow>[1]['source'];

function placeOf(peer: string, base: Base): Place {
  if (peer === 'nodes') return { kind: 'address', address: NODE_ADDRESS };
  if (peer === 'internet') return { kind: 'address', address: INTERNET_ADDRESS };
  const { namespace, pod } = base.groups.find(({ name }) => name === peer)!;
  return { kind: 'named', namespace, name: pod };
}

/** The verdict of network policy on one side: whether anything listens there is not asked. */
function sideOf(
  prepared: Prepared,
  base: Base,
  subject: string,
  peer: string,
  direction: Direction,
  port: number,
): string {
  const [own, other] = [placeOf(subject, base), placeOf(peer, base)];
  const [source, destination] = direction === 'egress' ? [own, other] : [other, own];
  const protocol = base.ports.get(port) ?? 'TCP';
  const { hops } = whyFlow(prepared, { source, destination, protocol, port });
  const sides = hops.filter(hop => hop.direction === direction && hop.layer === 'network');
  return sides.find(({ outcome }) => outcome !== 'allow')?.outcome ?? 'allow';
}

interface Difference {
  readonly expected: string;
  readonly got: string;
}

function runVariant(text: string, base: Base): { asked: number; differs?: Difference } {
  const objects = documentsOf(text);
  const policies = objects.filter(({ kind }) => kind !== 'NetworkPolicy').map(object => readPolicy(object, base));
  const unread = policies.flatMap(policy => policy.unread);
  if (unread.length > 0) return { asked: 0, differs: { expected: 'a rule name that is understood', got: unread[0]! } };
  const prepared = prepare({ objects: [...base.objects, ...objects], originOf: () => undefined });
  const named = policies.flatMap(({ rules }) =>
    [...rules.ingress, ...rules.egress].flatMap(({ peers, ports }) => [peers, ports]),
  );
  const outside = ['nodes', 'internet'].filter(peer => named.some(list => (list as readonly unknown[]).includes(peer)));
  const ports = new Set([...base.ports.keys(), ...named.flat().filter(value => typeof value === 'number')]);
  let asked = 0;
  for (const subject of new Set(policies.map(policy => policy.subject)))
    for (const direction of ['ingress', 'egress'] as const)
      for (const peer of [...base.groups.map(({ name }) => name).filter(name => name !== subject), ...outside])
        for (const port of ports) {
          const own = policies.filter(policy => policy.subject === subject);
          if (own.some(({ doubts }) => doubts.has(`${direction} ${peer} ${port}`))) continue;
          asked++;
          const expected = expectedOf(own, objects, direction, peer, port);
          const got = sideOf(prepared, base, subject, peer, direction, port);
          if (got !== expected)
            return { asked, differs: { expected: `${subject} ${direction} ${peer} port ${port}: ${expected}`, got } };
        }
  return { asked };
}

function* filesUnder(folder: string): Generator<string> {
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* filesUnder(path);
    else if (/\.ya?ml$/.test(name)) yield path;
  }
}

export const runner: SuiteRunner = {
  suite: 'mesh/network-policy-api',
  async *run({ cases, signal }): AsyncGenerator<CaseResult> {
    const files = [...filesUnder(cases)];
    const texts = new Map(files.map(path => [path, readFileSync(path, 'utf8')]));
    const shared = files.find(path => /^kind: Namespace$/m.test(texts.get(path)!));
    if (shared === undefined) return;
    const base = readBase(texts.get(shared)!);
    for (const path of files) {
      signal.throwIfAborted();
      if (path === shared) continue;
      const text = texts.get(path)!;
      const variants = [...new Set([text, updated(text)])].map(variant => runVariant(variant, base));
      const name = relative(cases, path);
      const differs = variants.find(variant => variant.differs)?.differs;
      if (differs) yield { case: name, result: 'failed', ...differs };
      else if (variants.some(({ asked }) => asked === 0))
        yield { case: name, result: 'failed', expected: 'flows to ask about', got: 'none' };
      else yield { case: name, result: 'passed' };
    }
  },
};
