import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Client,
  customCatalog,
  customSchemaPort,
  formatKey,
  type KubeObject,
  memoryLog,
  openKernel,
  type ObjectKey,
  type ResourceRef,
} from '../../kernel/index.ts';
import { Informers } from '../../kernel/informers.ts';
import { type Network, type NetworkOptions, startNetwork } from '../controller.ts';
import { withNetlink } from '../drivers/netlink.ts';
import { REFS } from '../policies.ts';
import { realClock as clock, realRandom as random, until } from './clock.ts';

export interface TestPod {
  readonly namespace: string;
  readonly name: string;
  readonly netnsPath: string;
  readonly ips: readonly string[];
}

/** One node's network with an API of its own, in the namespaces a scenario runs in. */
export interface OneNode {
  readonly client: Client;
  readonly network: Network;
  readonly folder: string;
  readonly problems: unknown[];
  addNamespace(name: string, labels?: Readonly<Record<string, string>>): Promise<void>;
  /** Makes a pod and its network; resolves when policy knows it. */
  addPod(namespace: string, name: string, labels: Readonly<Record<string, string>>, spec?: object): Promise<TestPod>;
  /** Creates or replaces an object; resolves when it decides in the kernel. */
  apply(ref: ResourceRef, object: KubeObject): Promise<void>;
  /** Deletes an object; resolves when nothing in the kernel decides by it. */
  withdraw(ref: ResourceRef, key: ObjectKey): Promise<void>;
  remove(): Promise<void>;
}

/** A definition of a custom kind that takes any fields. */
export function anyDefinition(group: string, version: string, plural: string, kind: string): KubeObject {
  const names = { plural, kind, singular: kind.toLowerCase(), listKind: `${kind}List` };
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: /^(CiliumCIDRGroup|CiliumClusterwide|Admin|Baseline|ClusterNetwork)/.test(kind) ? 'Cluster' : 'Namespaced',
      names,
      versions: [{ name: version, served: true, storage: true, schema }],
    },
  };
}

/** A catalogue that serves these definitions at once, as the API server does once they are established. */
function catalogOf(definitions: readonly KubeObject[]): ReturnType<typeof customCatalog> {
  const catalog = customCatalog();
  for (const definition of definitions) {
    const acceptedNames = (definition.spec as { names: object }).names;
    const conditions = ['Established', 'NamesAccepted'].map(type => ({ type, status: 'True' }));
    catalog.set({ ...definition, status: { acceptedNames, conditions } } as never);
  }
  return catalog;
}

/** `before` makes objects that are there when the network starts. */
export async function startNode(
  options: Partial<NetworkOptions> = {},
  definitions: readonly KubeObject[] = [],
  before: (client: Client) => Promise<unknown> = () => Promise.resolve(),
): Promise<OneNode> {
  withNetlink(netlink => netlink.up(netlink.index('lo')));
  const folder = mkdtempSync(join(tmpdir(), 'tenon-node-'));
  const catalog = catalogOf(definitions);
  const kernel = await openKernel({ log: memoryLog(), clock, random, catalog, schema: customSchemaPort(catalog) });
  const client = kernel.client();
  for (const definition of definitions) await client.create(REFS.definitions, definition);
  await before(client);
  const problems: unknown[] = [];
  const informers = new Informers({ client, clock, random, report: problem => problems.push(problem) });
  /** Waits until the network has been told of a version of an object, or of its end; then until that is held. */
  const held = async (ref: ResourceRef, key: ObjectKey, version: number | undefined): Promise<void> => {
    await until(
      `${ref.resource} ${formatKey(key)} is followed`,
      () => {
        const informer = informers.known(ref);
        const seen = informer?.get(formatKey(key))?.metadata.resourceVersion;
        return !informer || (version === undefined ? seen === undefined : Number(seen ?? 0) >= version);
      },
      30_000,
    );
    await network.settled();
  };
  const network = await startNetwork({
    client,
    informers,
    clock,
    random,
    nodeName: 'n1',
    stateId: 'nettest9',
    folder,
    podCidrs: ['10.244.8.0/24', 'fd00:8::/64'],
    serviceCidrs: ['10.96.0.0/16', 'fd00:96::/112'],
    dnsAddresses: ['10.96.0.10', 'fd00:96::a'],
    upstreams: [],
    report: problem => problems.push(problem),
    ...options,
  });
  return {
    client,
    network,
    folder,
    problems,
    async addNamespace(name, labels = {}) {
      await client.create(REFS.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
    },
    async addPod(namespace, name, labels, spec = {}) {
      const containers = [{ name: 'main', image: 'none' }];
      const metadata = { name, namespace, labels };
      const pod = { apiVersion: 'v1', kind: 'Pod', metadata, spec: { nodeName: 'n1', containers, ...spec } };
      await client.create(REFS.pods, pod, { namespace });
      const { ips, netnsPath } = await network.podNetwork.attach({
        pod: { namespace, name, uid: `${namespace}-${name}` },
        sandboxId: `${namespace}-${name}`,
        hostNetwork: false,
        isolation: 'namespace',
        ports: [],
        labels: {},
        annotations: {},
      });
      const made = await client.get<KubeObject>(REFS.pods, { namespace, name });
      const status = { phase: 'Running', podIP: ips[0], podIPs: ips.map(ip => ({ ip })) };
      await client.update(REFS.pods, { ...made, status }, { subresource: 'status' });
      await until('the pod is known', () => network.policy.addresses.has(ips[0]!));
      return { namespace, name, ips, netnsPath: netnsPath! };
    },
    async apply(ref, object) {
      const { namespace, name = '' } = object.metadata;
      const at = namespace ? { namespace } : {};
      const before = await client.get(ref, { ...at, name }).catch(() => undefined);
      const written = before
        ? await client.update(ref, { ...object, metadata: { ...before.metadata, ...object.metadata } })
        : await client.create(ref, object, at);
      await held(ref, { ...at, name }, Number(written.metadata.resourceVersion));
    },
    async withdraw(ref, key) {
      await client.delete(ref, key);
      await held(ref, key, undefined);
    },
    async remove() {
      await network.remove();
      await informers[Symbol.asyncDispose]();
      assert.deepEqual(problems, []);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A NetworkPolicy of one namespace. */
export const networkPolicy = (namespace: string, name: string, spec: object): KubeObject => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name, namespace },
  spec,
});
