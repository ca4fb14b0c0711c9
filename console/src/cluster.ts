/** The page's copy of what the console streams: plain maps, replaced on every change so that views redraw. */

export interface Metadata {
  name: string;
  namespace?: string;
  uid: string;
  labels?: Record<string, string>;
  creationTimestamp?: string;
  ownerReferences?: { kind: string; name: string; uid: string; controller?: boolean }[];
}

export interface ClusterObject {
  apiVersion: string;
  kind: string;
  metadata: Metadata;
  spec?: Record<string, unknown>;
  status?: Record<string, unknown>;
  [field: string]: unknown;
}

export interface Traffic {
  from: string;
  to: string;
  verdict: 'forwarded' | 'dropped';
  count: number;
}

/** The simulated run the page shows, where it shows one. */
export interface Run {
  readonly scenario: string;
  readonly seed: number;
  readonly speed: number;
  readonly playing: boolean;
  readonly t_ms: number;
  readonly until_ms: number;
  readonly stopped?: string;
}

export interface Cluster {
  readonly run?: Run;
  readonly connected: boolean;
  readonly collections: ReadonlyMap<string, ReadonlyMap<string, ClusterObject>>;
  /** Key `from>to>verdict`; counts fade when nothing comes. */
  readonly traffic: ReadonlyMap<string, Traffic & { at: number }>;
}

type Message =
  | { collection: string; reset: true }
  | { collection: string; type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: ClusterObject }
  | { traffic: Traffic[] }
  | { run: Run };

const FADE_MS = 10_000;
const DRAW_MS = 100;

/** Follows the console's event stream; `changed` gets a new value at most ten times a second. */
export function followCluster(changed: (cluster: Cluster) => void): () => void {
  const collections = new Map<string, Map<string, ClusterObject>>();
  const traffic = new Map<string, Traffic & { at: number }>();
  let connected = false;
  let run: Run | undefined;
  let waiting: number | undefined;
  const draw = (): void => {
    waiting ??= window.setTimeout(() => {
      waiting = undefined;
      const now = performance.now();
      for (const [key, { at }] of traffic) if (now - at > FADE_MS) traffic.delete(key);
      changed({ ...(run ? { run } : {}), connected, collections: new Map(collections), traffic: new Map(traffic) });
    }, DRAW_MS);
  };
  const take = (message: Message): void => {
    if ('run' in message) run = message.run;
    else if ('traffic' in message) {
      for (const item of message.traffic)
        traffic.set(`${item.from}>${item.to}>${item.verdict}`, { ...item, at: performance.now() });
    } else if ('reset' in message) collections.set(message.collection, new Map());
    else if ('type' in message) {
      const objects = new Map(collections.get(message.collection));
      if (message.type === 'DELETED') objects.delete(message.object.metadata.uid);
      else objects.set(message.object.metadata.uid, message.object);
      collections.set(message.collection, objects);
    }
    draw();
  };
  const stream = new EventSource('data/stream');
  stream.onopen = () => {
    connected = true;
    draw();
  };
  stream.onerror = () => {
    connected = false;
    draw();
  };
  stream.onmessage = event => take(JSON.parse(event.data as string) as Message);
  return () => stream.close();
}

export const objectsOf = (cluster: Cluster, collection: string): ClusterObject[] => [
  ...(cluster.collections.get(collection)?.values() ?? []),
];

export function isPodReady(pod: ClusterObject): boolean {
  const conditions = (pod.status?.conditions ?? []) as { type: string; status: string }[];
  return conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
}

/** `3m`, `2h`: the largest unit, as kubectl writes ages. */
export function ageOf(time: string | undefined, now: number): string {
  const seconds = Math.max(0, Math.floor((now - Date.parse(time ?? '')) / 1000));
  if (!Number.isFinite(seconds)) return '';
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

/** Whether a Service's selector takes a pod. */
export function selects(service: ClusterObject, pod: ClusterObject): boolean {
  const selector = service.spec?.selector as Record<string, string> | undefined;
  if (!selector || service.metadata.namespace !== pod.metadata.namespace) return false;
  return Object.entries(selector).every(([key, value]) => pod.metadata.labels?.[key] === value);
}
