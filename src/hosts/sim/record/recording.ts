/** What happened to a running cluster becomes a scenario: what was there, what people did, which nodes went away, the load. */
import type { Json, kinds, KubeObject } from '../../../kernel/index.ts';
import { formatDuration } from '../scenario/units.ts';
import { LoadRecorder, type LoadPair, type RecordedLoad, type SeenFlow, traceText } from './load.ts';
import { canonical, isWritten, recordedDocument } from './objects.ts';

type Node = kinds.Node & KubeObject;
type Pod = kinds.Pod & KubeObject;
type Service = kinds.Service & KubeObject;

const SAMPLES_MAX = 50;
const ZONE = 'topology.kubernetes.io/zone';
const OWN_LABEL =
  /^(kubernetes\.io\/|beta\.kubernetes\.io\/|node\.kubernetes\.io\/|topology\.kubernetes\.io\/|tenon\.dev\/)/;

export type Change = 'ADDED' | 'MODIFIED' | 'DELETED';

/** The files of a recorded scenario, by their paths in its folder. */
export type ScenarioFolder = ReadonlyMap<string, string>;

interface Tracked {
  readonly text: string;
  readonly deleting: boolean;
}

interface TimedStep {
  readonly t: number;
  readonly step: Readonly<Record<string, unknown>>;
}

interface NodeState {
  ready: boolean;
  unschedulable: boolean;
  /** When it went away. */
  lost?: number;
}

export interface RecordingOptions {
  readonly name: string;
  /** Milliseconds since the epoch at its beginning. */
  readonly start_ms: number;
  /** YAML of one document. */
  readonly yaml: (document: unknown) => string;
}

const isReady = (object: Node | Pod): boolean =>
  object.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

/** Told of every object as it is at the beginning, then of every change, with milliseconds since then. */
export class Recording {
  readonly #options: RecordingOptions;
  readonly #initial = new Map<string, KubeObject>();
  readonly #tracked = new Map<string, Tracked>();
  readonly #steps: TimedStep[] = [];
  readonly #nodes: Node[] = [];
  readonly #nodeStates = new Map<string, NodeState>();
  readonly #pods = new Map<string, Pod>();
  readonly #services = new Map<string, Service>();
  readonly #autoscaled = new Map<string, string>();
  readonly #startups = new Map<string, number[]>();
  /** Who was asked before anything was stored: what is recorded is what they let pass, so that they let it pass again. */
  readonly #webhooks = new Map<string, object>();
  readonly #load = new LoadRecorder();
  #begun = false;

  constructor(options: RecordingOptions) {
    this.#options = options;
  }

  /** How many steps were recorded so far. */
  get steps(): number {
    return this.#steps.length;
  }

  /** From now on what comes is a change; before it was what is there. */
  begin(): void {
    this.#begun = true;
  }

  change(t: number, type: Change, object: KubeObject): void {
    const gone = type === 'DELETED';
    const key = keyOf(object);
    if (object.kind === 'Node') return this.#node(t, gone, object as Node);
    if (object.kind === 'Pod') this.#pod(key, gone, object as Pod);
    if (object.kind === 'Service') this.#keep(this.#services, key, gone, object as Service);
    if (object.kind === 'HorizontalPodAutoscaler') this.#autoscaler(key, gone, object);
    if (object.kind.endsWith('WebhookConfiguration'))
      for (const holder of holdersOf(object)) this.#webhooks.set(...holder);
    if (isWritten(object)) this.#written(t, key, gone, object);
  }

  flow(t: number, flow: SeenFlow): void {
    if (flow.protocol !== 'TCP' && flow.protocol !== 'UDP') return;
    const pair = this.#pairOf(flow);
    if (pair) this.#load.add(t, flow, pair);
  }

  /** Everything so far as a folder with a scenario in it. */
  folder(length_ms: number): ScenarioFolder {
    const { name, start_ms, yaml } = this.#options;
    const files = new Map<string, string>();
    const loads = this.#load.loads(length_ms);
    for (const [at, object] of inOrder([...this.#initial.values()]).entries())
      files.set(
        `manifests/${String(at).padStart(4, '0')}-${object.kind.toLowerCase()}-${slugOf(object.metadata.name ?? '')}.yaml`,
        yaml(object),
      );
    const sends = loads.map((load, at) => this.#send(load, at, files));
    const steps: unknown[] = [
      ...(this.#initial.size > 0 ? [{ at: '0s', apply: ['manifests/'] }] : []),
      ...sends.map(send => ({ at: '0s', send })),
      ...this.#disturbances(length_ms)
        .sort((left, right) => left.t - right.t)
        .map(({ t, step }) => ({ at: formatDuration(t), ...step })),
    ];
    const scenario = {
      apiVersion: 'tenon.dev/v1',
      kind: 'Scenario',
      metadata: { name },
      spec: { until: formatDuration(length_ms), start: new Date(start_ms).toISOString(), world: this.#world(), steps },
    };
    files.set('scenario.yaml', yaml(scenario));
    return files;
  }

  #keep<T>(map: Map<string, T>, key: string, gone: boolean, object: T): void {
    if (gone) map.delete(key);
    else map.set(key, object);
  }

  #autoscaler(key: string, gone: boolean, object: KubeObject): void {
    const { scaleTargetRef } = (object.spec ?? {}) as { scaleTargetRef?: { kind: string; name: string } };
    const { namespace = '' } = object.metadata;
    if (gone) this.#autoscaled.delete(key);
    else if (scaleTargetRef) this.#autoscaled.set(key, `${scaleTargetRef.kind}/${namespace}/${scaleTargetRef.name}`);
  }

  /** An object people wrote: as it is at first, then every change of it that is not a controller's. */
  #written(t: number, key: string, gone: boolean, object: KubeObject): void {
    const document = recordedDocument(object);
    const text = canonical(this.#comparable(key, document) as unknown as Json);
    const before = this.#tracked.get(key);
    const deleting = object.metadata.deletionTimestamp !== undefined;
    if (gone) this.#tracked.delete(key);
    else this.#tracked.set(key, { text, deleting });
    if (!this.#begun) {
      if (gone || deleting) this.#initial.delete(key);
      else this.#initial.set(key, document);
      return;
    }
    if (gone || deleting) {
      if (before && !before.deleting && !this.#namespaceGoes(object))
        this.#steps.push({ t, step: { delete: [refOf(object)] } });
    } else if (before?.text !== text) this.#steps.push({ t, step: { apply: [document] } });
  }

  /** Replicas of what an autoscaler holds are its own, not a person's. */
  #comparable(key: string, document: KubeObject): KubeObject {
    if (![...this.#autoscaled.values()].includes(key)) return document;
    const { replicas: _, ...spec } = document.spec as Record<string, unknown>;
    return { ...document, spec } as KubeObject;
  }

  /** What goes with its namespace needs no step of its own. */
  #namespaceGoes({ metadata }: KubeObject): boolean {
    if (metadata.namespace === undefined) return false;
    return this.#tracked.get(`Namespace//${metadata.namespace}`)?.deleting ?? false;
  }

  #node(t: number, gone: boolean, node: Node): void {
    const name = node.metadata.name ?? '';
    const state = this.#nodeStates.get(name);
    const ready = !gone && isReady(node);
    const unschedulable = node.spec?.unschedulable === true;
    if (!state) {
      if (gone) return;
      if (!this.#begun) this.#nodes.push(node);
      else this.#steps.push({ t, step: { apply: [recordedDocument(node)] } });
      this.#nodeStates.set(name, { ready, unschedulable });
      return;
    }
    if (state.ready && !ready) state.lost = Math.min(t, this.#lostAt(node) ?? t);
    if (ready && state.lost !== undefined) {
      this.#steps.push(nodeLoss(name, state.lost, t));
      delete state.lost;
    }
    if (!gone && unschedulable !== state.unschedulable)
      this.#steps.push({ t, step: { patch: { object: `node/${name}`, merge: { spec: { unschedulable } } } } });
    Object.assign(state, { ready, unschedulable });
  }

  /** A node is said to be away long after it went: what counts is when it was last heard of. */
  #lostAt({ status }: Node): number | undefined {
    const condition = status?.conditions?.find(({ type }) => type === 'Ready');
    const heard = Date.parse(String(condition?.lastHeartbeatTime ?? ''));
    return condition?.status === 'Unknown' && Number.isFinite(heard)
      ? Math.max(0, heard - this.#options.start_ms)
      : undefined;
  }

  /** Steps, and losses of nodes that did not come back. */
  #disturbances(length_ms: number): TimedStep[] {
    const open = [...this.#nodeStates].flatMap(([name, { lost }]) =>
      lost === undefined ? [] : [nodeLoss(name, lost, length_ms)],
    );
    return [...this.#steps, ...open];
  }

  #pod(key: string, gone: boolean, pod: Pod): void {
    const before = this.#pods.get(key);
    this.#keep(this.#pods, key, gone, pod);
    if (gone || !isReady(pod) || (before !== undefined && isReady(before))) return;
    const ready = Date.parse(
      String(pod.status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime ?? ''),
    );
    const started = Math.max(
      ...(pod.status?.containerStatuses ?? []).map(({ state }) => Date.parse(String(state?.running?.startedAt ?? ''))),
    );
    if (!(ready >= started)) return;
    const name = `${pod.metadata.namespace}/${workloadName(pod)}`;
    const known = this.#startups.get(name) ?? [];
    if (known.length < SAMPLES_MAX) known.push(ready - started);
    this.#startups.set(name, known);
  }

  #pairOf({ source, destination }: SeenFlow): LoadPair | undefined {
    const at = (address: string): Pod | undefined =>
      [...this.#pods.values()].find(
        ({ spec, status }) => !spec?.hostNetwork && status?.podIPs?.some(({ ip }) => ip === address),
      );
    const target = at(destination.address);
    if (!target) return undefined;
    const to = this.#serviceOf(target, destination.port);
    if (to === undefined) return undefined;
    const client = at(source.address);
    const from = client ? `${client.metadata.namespace}/${workloadName(client)}` : 'internet';
    return { from, to };
  }

  /** The first Service that leads to this port of the pod. */
  #serviceOf(pod: Pod, port: number): string | undefined {
    const { namespace = '', labels = {} } = pod.metadata;
    const containerPorts = (pod.spec?.containers ?? []).flatMap(({ ports = [] }) => ports);
    for (const { metadata, spec } of this.#services.values()) {
      const wanted = Object.entries(spec?.selector ?? {});
      if (metadata.namespace !== namespace || wanted.length === 0) continue;
      if (wanted.some(([key, value]) => labels[key] !== value)) continue;
      for (const { port: own, targetPort = own } of spec?.ports ?? []) {
        const number =
          typeof targetPort === 'number'
            ? targetPort
            : containerPorts.find(({ name }) => name === targetPort)?.containerPort;
        if (number === port) return `${namespace}/${metadata.name}:${own}`;
      }
    }
    return undefined;
  }

  #send(load: RecordedLoad, at: number, files: Map<string, string>): object {
    const slug = slugOf(`${load.from}-${load.to}`);
    const file = `traffic/${String(at).padStart(3, '0')}-${slug}.csv`;
    files.set(file, traceText(load));
    return { name: slug, from: load.from, to: load.to, trace: { file } };
  }

  #world(): object {
    const nodes = this.#nodes.map(({ metadata, spec, status }) => {
      const { name, labels = {} } = metadata;
      const kept = Object.fromEntries(Object.entries(labels).filter(([key]) => !OWN_LABEL.test(key)));
      const { cpu, memory, pods } = (status?.allocatable ?? status?.capacity ?? {}) as Record<string, string>;
      return {
        name,
        ...(labels[ZONE] === undefined ? {} : { zone: labels[ZONE] }),
        capacity: Object.fromEntries(Object.entries({ cpu, memory, pods }).filter(([, value]) => value !== undefined)),
        ...(Object.keys(kept).length > 0 ? { labels: kept } : {}),
        ...(spec?.unschedulable ? { unschedulable: true } : {}),
      };
    });
    const workloads = [...this.#startups]
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([key, samples]) => {
        const [namespace, name] = key.split('/');
        return { match: { namespace, name }, startup: { empirical: samples.map(ms => `${ms}ms`) } };
      });
    const webhooks = [...this.#webhooks].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, holder]) => holder);
    return {
      ...(nodes.length > 0 ? { nodes } : {}),
      ...(workloads.length > 0 ? { workloads } : {}),
      ...(webhooks.length > 0 ? { webhooks } : {}),
    };
  }
}

/** Services and hosts that a configuration asks, as a scenario's world names them. */
function holdersOf(configuration: KubeObject): [name: string, holder: object][] {
  const { webhooks = [] } = configuration as KubeObject & {
    webhooks?: { clientConfig?: { url?: string; service?: { namespace: string; name: string } } }[];
  };
  return webhooks.flatMap(({ clientConfig: { url, service } = {} }): [string, object][] => {
    if (service) return [[`${service.namespace}/${service.name}`, { service: `${service.namespace}/${service.name}` }]];
    const host = url === undefined ? undefined : URL.parse(url)?.hostname;
    return host && HOST.test(host) ? [[host, { host }]] : [];
  });
}

/** What a world can name; addresses of IPv6 are none. */
const HOST = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;

const keyOf = ({ kind, metadata: { namespace = '', name = '' } }: KubeObject): string => `${kind}/${namespace}/${name}`;

const refOf = ({ apiVersion, kind, metadata: { namespace, name = '' } }: KubeObject): object => ({
  apiVersion,
  kind,
  ...(namespace === undefined ? {} : { namespace }),
  name,
});

const nodeLoss = (name: string, from: number, to: number): TimedStep => ({
  t: from,
  step: {
    disrupt: {
      name: `node-loss-${name}-${Math.round(from)}`,
      kind: 'NodeLoss',
      target: name,
      for: formatDuration(Math.max(1, Math.round(to - from))),
    },
  },
});

function workloadName(pod: Pod): string {
  const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller);
  const hash = pod.metadata.labels?.['pod-template-hash'];
  if (!owner) return pod.metadata.name ?? '';
  return owner.kind === 'ReplicaSet' && hash && owner.name.endsWith(`-${hash}`)
    ? owner.name.slice(0, -hash.length - 1)
    : owner.name;
}

const FIRST = [
  'Namespace',
  'CustomResourceDefinition',
  'PriorityClass',
  'StorageClass',
  'ServiceAccount',
  'Secret',
  'ConfigMap',
];

/** What others need comes first, as delivery would put it; the rest by name. */
function inOrder(objects: readonly KubeObject[]): KubeObject[] {
  const place = ({ kind }: KubeObject): number => (FIRST.includes(kind) ? FIRST.indexOf(kind) : FIRST.length);
  return [...objects].sort((left, right) => place(left) - place(right) || (keyOf(left) < keyOf(right) ? -1 : 1));
}

/** A name as a file's, whatever stands in it. */
const slugOf = (text: string): string => text.replace(/[^\w.-]+/g, '-').slice(0, 100);
