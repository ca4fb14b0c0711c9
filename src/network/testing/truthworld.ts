import assert from 'node:assert/strict';
import type { KubeObject, ResourceRef } from '../../kernel/index.ts';
import type { FlowRecord } from '../flows.ts';
import { LiveNetwork } from '../live.ts';
import { realClock, realRandom, until } from './clock.ts';
import { type Place, type Probe, Probes } from './familyprobes.ts';
import {
  compiled,
  explained,
  type Judge,
  NAME,
  namesOf,
  openOutside,
  OUTSIDE,
  requestOf,
  UPSTREAM,
} from './familyworld.ts';
import { SERVICE } from './families.ts';
import { REFS } from '../policies.ts';
import { anyDefinition, type OneNode, startNode } from './onenode.ts';
import { resolveInside } from './traffic.ts';

const REFUSED_MS = 250;
const ANSWER_MS = 5000;
const FLOWS_KEPT = 5000;
const NAMESPACES = ['x', 'y', 'z'];
const NAMES = ['a', 'b', 'c'];

const ACCOUNTS = { group: '', version: 'v1', resource: 'serviceaccounts' };

const CUSTOM = [
  ['cilium.io', 'v2', 'ciliumnetworkpolicies', 'CiliumNetworkPolicy'],
  ['cilium.io', 'v2', 'ciliumclusterwidenetworkpolicies', 'CiliumClusterwideNetworkPolicy'],
  ['cilium.io', 'v2alpha1', 'ciliumcidrgroups', 'CiliumCIDRGroup'],
  ['policy.networking.k8s.io', 'v1alpha1', 'adminnetworkpolicies', 'AdminNetworkPolicy'],
  ['policy.networking.k8s.io', 'v1alpha1', 'baselineadminnetworkpolicies', 'BaselineAdminNetworkPolicy'],
  ['policy.networking.k8s.io', 'v1alpha2', 'clusternetworkpolicies', 'ClusterNetworkPolicy'],
] as const;
const KINDS: ReadonlyMap<string, ResourceRef> = new Map<string, ResourceRef>([
  ['NetworkPolicy', { group: 'networking.k8s.io', version: 'v1', resource: 'networkpolicies' }],
  ...CUSTOM.map(([group, version, resource, kind]): [string, ResourceRef] => [kind, { group, version, resource }]),
]);

/** A version every kind here is written in. */
export function versionOf(kind: string): string {
  const { group, version } = KINDS.get(kind)!;
  return `${group}/${version}`;
}

/** One thing that is tried between two places; what must come of it, where a person says so. */
export interface Cell {
  readonly source: Place;
  readonly destination: Place;
  readonly probe: Probe;
  readonly expected?: 'allow' | 'deny';
}

/** 3 namespaces x 3 pods and two addresses outside, on one node, with servers everywhere. */
export class TruthWorld {
  readonly node: OneNode;
  readonly places: readonly Place[];
  readonly counts = { cells: 0, sent: 0, allow: 0, deny: 0 };
  readonly #probes: Probes;
  readonly #live: LiveNetwork;
  readonly #documents: readonly KubeObject[];
  /** What the kernel told lately: nothing where policy is held by nftables. */
  readonly #told: FlowRecord[] = [];

  private constructor(node: OneNode, places: readonly Place[], documents: readonly KubeObject[], probes: Probes) {
    this.node = node;
    this.places = places;
    this.#documents = documents;
    this.#probes = probes;
    const report = (problem: unknown): void => void node.problems.push(problem);
    this.#live = new LiveNetwork({ client: node.client, clock: realClock, random: realRandom, report });
    node.network.onFlow(flow => {
      this.#told.push(flow);
      if (this.#told.length > 2 * FLOWS_KEPT) this.#told.splice(0, FLOWS_KEPT);
    });
  }

  static async open(kind: 'ebpf' | 'nftables'): Promise<TruthWorld> {
    await openOutside();
    const definitions = CUSTOM.map(([group, version, plural, kind]) => anyDefinition(group, version, plural, kind));
    const node = await startNode({ enforcement: kind, upstreams: [UPSTREAM] }, definitions);
    const probes = new Probes();
    const places: Place[] = [...OUTSIDE];
    const documents: KubeObject[] = [];
    for (const place of OUTSIDE) await probes.serve(place);
    await probes.serveOutside();
    for (const namespace of NAMESPACES) {
      await node.addNamespace(namespace, { ns: namespace });
      for (const name of NAMES) {
        const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: `account-${name}`, namespace } };
        await node.client.create(ACCOUNTS, account, { namespace });
      }
      documents.push({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels: { ns: namespace } } });
      for (const name of NAMES) {
        // The name is another port at some of them.
        const ports = [{ name: 'web', containerPort: name === 'c' ? 81 : 80, protocol: 'TCP' }];
        const spec = { serviceAccountName: `account-${name}`, containers: [{ name: 'main', image: 'none', ports }] };
        const { netnsPath, ips } = await node.addPod(namespace, name, { pod: name }, spec);
        documents.push({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, labels: { pod: name } }, spec });
        const place = { name: `${namespace}/${name}`, netnsPath, ips };
        places.push(place);
        await probes.serve(place);
      }
    }
    await node.client.create(REFS.services, SERVICE, { namespace: 'y' });
    documents.push(SERVICE);
    const world = new TruthWorld(node, places, documents, probes);
    await world.#ready();
    return world;
  }

  async #ready(): Promise<void> {
    const live = this.#live;
    const isKnown = ({ netnsPath, ips }: Place): boolean => !netnsPath || live.podAt(ips[0]!) !== undefined;
    await until('the simulator has read everything', () => live.ready && this.places.every(isKnown));
    for (const place of OUTSIDE) for (const ip of place.ips) live.policy.nameAddress(ip, namesOf(place));
    await this.node.network.settled();
  }

  place(name: string): Place {
    const found = this.places.find(each => each.name === name);
    assert.ok(found, `a place "${name}"`);
    return found;
  }

  /** Puts policies in force while `action` runs. */
  async under(policies: readonly KubeObject[], action: () => Promise<void>): Promise<void> {
    const { client, network } = this.node;
    const at = ({ metadata: { namespace } }: KubeObject): { namespace?: string } => (namespace ? { namespace } : {});
    for (const policy of policies) await client.create(KINDS.get(policy.kind)!, policy, at(policy));
    const compiledCount = (wanted: number): boolean =>
      [network.policy, this.#live.policy].every(each => [...each.decisions.policies()].length === wanted);
    const specs = policies
      .filter(({ kind }) => kind !== 'CiliumCIDRGroup')
      .flatMap(({ specs: list }) => (Array.isArray(list) ? list : [{}]));
    await until('the policies are compiled', () => compiledCount(specs.length), 20_000);
    await network.settled();
    await action();
    for (const policy of policies)
      await client.delete(KINDS.get(policy.kind)!, { ...at(policy), name: policy.metadata.name! });
    await until('the policies are gone', () => compiledCount(0), 20_000);
    await network.settled();
  }

  /** Looks the name of the first address outside up, from a pod. */
  async lookUp(place: Place): Promise<void> {
    for (const type of ['A', 'AAAA']) await resolveInside(place.netnsPath!, '10.96.0.10', NAME, type);
    await this.node.network.settled();
  }

  readonly #simulated: Judge = (source, destination, probe) => {
    const [from, to] = [source, destination].map(({ ips }) => ips[probe.family === 4 ? 0 : 1]!) as [string, string];
    return this.#live.decide(this.#live.senderAt(from), to, probe.port, probe.protocol, requestOf(probe)).outcome;
  };

  /** All four must agree on every cell, and with what was said of it. */
  async check(what: string, policies: readonly KubeObject[], cells: readonly Cell[]): Promise<void> {
    const decided = compiled(this.#documents, policies);
    const why = explained(this.#documents, policies);
    // Asked before anything is sent: an answer that waits for explanations would look like none.
    const asked = cells.map(cell => {
      const { source, destination, probe } = cell;
      const where = `${what}: ${source.name} to ${destination.name} ${JSON.stringify(probe)}`;
      const outcome = decided(source, destination, probe);
      if (cell.expected) assert.equal(outcome, cell.expected, where);
      assert.equal(why(source, destination, probe), outcome, `why disagrees, ${where}`);
      assert.equal(this.#simulated(source, destination, probe), outcome, `the simulator disagrees, ${where}`);
      this.counts.cells++;
      this.counts[outcome as 'allow' | 'deny']++;
      return { ...cell, allowed: outcome === 'allow', where };
    });
    await Promise.all(
      asked.map(async ({ source, destination, probe, allowed, where }) => {
        this.counts.sent++;
        const got = await this.#probes.try(source, destination, probe, allowed ? ANSWER_MS : REFUSED_MS);
        const passed = got === 'yes';
        if (passed === allowed) return;
        const told = `${JSON.stringify(policies)}\n${this.#flowsBetween(source, destination)}`;
        assert.fail(`Packets ${passed ? 'pass' : 'are lost'} (${got}), ${where}\n${told}`);
      }),
    );
  }

  #flowsBetween(...places: readonly Place[]): string {
    const known = new Set(places.flatMap(({ ips }) => ips));
    const plain = (key: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);
    return this.#told
      .filter(({ source, destination }) => known.has(source.address) && known.has(destination.address))
      .slice(-20)
      .map(flow => JSON.stringify(flow, plain))
      .join('\n');
  }

  async close(): Promise<void> {
    this.#probes[Symbol.dispose]();
    await this.#live[Symbol.asyncDispose]();
    await this.node.remove();
  }
}
