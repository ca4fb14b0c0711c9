import { Agent, request } from 'node:https';
import type { ComputedResource, RunningApi } from '../../api/index.ts';
import type { Clock } from '../../base/index.ts';
import { sleep } from '../../base/index.ts';
import type { Client, kinds, KubeObject, ResourceDefinition, ResourceRef } from '../../kernel/index.ts';
import { NODES } from './node-name.ts';

const PODS: ResourceRef = { group: '', version: 'v1', resource: 'pods' };
const GROUP = 'metrics.k8s.io/v1beta1';
/** Numbers younger than this are told again instead of asking every node. */
const FRESH_MS = 5_000;
/** Rates need two looks: this far apart when nobody looked lately. */
const WINDOW_MS = 1_000;
const WINDOW_MS_MAX = 120_000;
const ANSWER_MS_MAX = 5_000;
const ANSWER_BYTES_MAX = 16 * 1024 * 1024;

interface Usage {
  readonly cpu?: { readonly usageCoreNanoSeconds?: number };
  readonly memory?: { readonly workingSetBytes?: number };
}

/** What `/stats/summary` of kubelet's Summary API says, as far as it is read here. */
interface Summary {
  readonly node?: Usage;
  readonly pods?: readonly {
    readonly podRef: { readonly name: string; readonly namespace: string };
    readonly containers?: readonly (Usage & { readonly name: string })[];
  }[];
}

/** All counters of all nodes at one moment. */
interface Look {
  readonly at_ms: number;
  readonly nodes: ReadonlyMap<string, Summary>;
}

export interface ResourceMetricsOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly api: () => Pick<RunningApi, 'pki'> | undefined;
}

const definition = (resource: string, kind: string, namespaced: boolean): ResourceDefinition => ({
  group: 'metrics.k8s.io',
  version: 'v1beta1',
  resource,
  kind,
  singular: '',
  shortNames: [],
  categories: [],
  namespaced,
  verbs: ['get', 'list'],
  subresources: [],
  schema: { type: 'any' },
  storageVersion: 'v1beta1',
  custom: true,
  columns: [
    { name: 'CPU', type: 'string', path: namespaced ? '.containers[*].usage.cpu' : '.usage.cpu' },
    { name: 'Memory', type: 'string', path: namespaced ? '.containers[*].usage.memory' : '.usage.memory' },
    { name: 'Window', type: 'string', path: '.window' },
  ],
});

/** CPU used between two counters in nanocores, and memory in Ki, as quantities. */
function usageOf(before: Usage | undefined, now: Usage, elapsed_ms: number): Record<string, string> {
  const cpu_ns = (now.cpu?.usageCoreNanoSeconds ?? 0) - (before?.cpu?.usageCoreNanoSeconds ?? 0);
  const nanocores = before && elapsed_ms > 0 ? Math.max(0, Math.round((cpu_ns / elapsed_ms) * 1000)) : 0;
  return { cpu: `${nanocores}n`, memory: `${Math.round((now.memory?.workingSetBytes ?? 0) / 1024)}Ki` };
}

/** metrics.k8s.io from the agents' own statistics: what `kubectl top` and autoscalers read. */
export class ResourceMetrics implements Disposable {
  readonly #options: ResourceMetricsOptions;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 4 });
  #before: Look | undefined;
  #now: Look | undefined;
  #looking: Promise<void> | undefined;

  constructor(options: ResourceMetricsOptions) {
    this.#options = options;
  }

  readonly resources: readonly ComputedResource[] = [
    { definition: definition('nodes', 'NodeMetrics', false), list: () => this.#nodes() },
    { definition: definition('pods', 'PodMetrics', true), list: namespace => this.#pods(namespace) },
  ];

  /** What pods use now; of all namespaces when none is named. */
  pods(namespace?: string): Promise<readonly KubeObject[]> {
    return this.#pods(namespace);
  }

  #ask(node: kinds.Node): Promise<Summary | undefined> {
    const pki = this.#options.api()?.pki;
    const address = node.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address;
    const port = (node.status as { daemonEndpoints?: { kubeletEndpoint?: { Port?: number } } } | undefined)
      ?.daemonEndpoints?.kubeletEndpoint?.Port;
    if (!pki || !address || !port) return Promise.resolve(undefined);
    const { certificate: cert, key } = pki.agentClient;
    return new Promise(resolve => {
      const nothing = (): void => resolve(undefined);
      const asked = request(
        {
          host: address,
          port,
          path: '/stats/summary',
          agent: this.#agent,
          cert,
          key,
          ca: pki.authority.certificate,
          // As the API's own relay: agents are known by the authority that signed for them.
          servername: '',
          checkServerIdentity: () => undefined,
          timeout: ANSWER_MS_MAX,
        },
        answer => {
          let text = '';
          answer.setEncoding('utf8').on('data', (part: string) => {
            text += part;
            if (text.length > ANSWER_BYTES_MAX) asked.destroy();
          });
          answer.on('end', () => {
            try {
              resolve(answer.statusCode === 200 ? (JSON.parse(text) as Summary) : undefined);
            } catch {
              nothing();
            }
          });
          answer.on('error', nothing);
        },
      );
      asked.on('error', nothing);
      asked.on('timeout', () => asked.destroy());
      asked.end();
    });
  }

  async #look(): Promise<Look> {
    const { items } = await this.#options.client.list<kinds.Node & KubeObject>(NODES);
    const at_ms = this.#options.clock.monotonic();
    const answers = await Promise.all(
      items.map(async node => [node.metadata.name ?? '', await this.#ask(node)] as const),
    );
    return { at_ms, nodes: new Map(answers.flatMap(([name, summary]) => (summary ? [[name, summary] as const] : []))) };
  }

  async #refresh(): Promise<void> {
    const { clock } = this.#options;
    const age_ms = this.#now ? clock.monotonic() - this.#now.at_ms : Number.POSITIVE_INFINITY;
    if (age_ms < FRESH_MS) return;
    let before = age_ms < WINDOW_MS_MAX ? this.#now : undefined;
    if (!before) {
      before = await this.#look();
      await sleep(clock, WINDOW_MS);
    }
    this.#now = await this.#look();
    this.#before = before;
  }

  /** Everybody who asks at the same time gets the same answer. */
  async #current(): Promise<{ before: Look; now: Look; elapsed_ms: number; stamp: object }> {
    this.#looking ??= this.#refresh().finally(() => (this.#looking = undefined));
    await this.#looking;
    const [before, now] = [this.#before!, this.#now!];
    const elapsed_ms = now.at_ms - before.at_ms;
    const { clock } = this.#options;
    const at_ms = clock.now() - (clock.monotonic() - now.at_ms);
    const timestamp = new Date(at_ms).toISOString().replace(/\.\d+Z$/, 'Z');
    return { before, now, elapsed_ms, stamp: { timestamp, window: `${(elapsed_ms / 1000).toFixed(3)}s` } };
  }

  async #nodes(): Promise<KubeObject[]> {
    const { before, now, elapsed_ms, stamp } = await this.#current();
    const { items } = await this.#options.client.list<KubeObject>(NODES);
    return items.flatMap(({ metadata: { name = '', labels = {} } }) => {
      const summary = now.nodes.get(name);
      if (!summary?.node) return [];
      const usage = usageOf(before.nodes.get(name)?.node, summary.node, elapsed_ms);
      return [{ kind: 'NodeMetrics', apiVersion: GROUP, metadata: { name, labels }, ...stamp, usage }];
    });
  }

  async #pods(namespace?: string): Promise<KubeObject[]> {
    const { before, now, elapsed_ms, stamp } = await this.#current();
    const { items } = await this.#options.client.list<KubeObject>(PODS, namespace ? { namespace } : {});
    const known = new Map(items.map(pod => [`${pod.metadata.namespace}/${pod.metadata.name}`, pod]));
    return [...now.nodes].flatMap(([node, { pods = [] }]) => {
      const earlier = new Map(
        before.nodes.get(node)?.pods?.map(pod => [`${pod.podRef.namespace}/${pod.podRef.name}`, pod]) ?? [],
      );
      return pods.flatMap(({ podRef, containers = [] }) => {
        const key = `${podRef.namespace}/${podRef.name}`;
        const pod = known.get(key);
        if (!pod) return [];
        const { name, labels = {}, namespace: own } = pod.metadata;
        const usages = containers.map(container => {
          const past = earlier.get(key)?.containers?.find(one => one.name === container.name);
          return { name: container.name, usage: usageOf(past, container, elapsed_ms) };
        });
        const metadata = { name: name!, namespace: own!, labels };
        return [{ kind: 'PodMetrics', apiVersion: GROUP, metadata, ...stamp, containers: usages }];
      });
    });
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}
