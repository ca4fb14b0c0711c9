/** One stream of pods for all kubelets: each is told of its own, when the network lets it. */
import type { Clock, Random } from '../../../base/index.ts';
import { type Client, formatKey, Informer, type KubeObject, type kinds } from '../../../kernel/index.ts';
import type { Links } from '../links.ts';
import { CONTROL } from '../process-client.ts';

const PODS = { group: '', version: 'v1', resource: 'pods' };
/** How often a kubelet that was cut off looks whether it still is. */
const RETRY_MS = 1_000;

/** Who is told: a kubelet that runs. */
export interface PodListener {
  readonly node: string;
  readonly place: string;
  /** A pod bound to the node, new or changed. */
  pod(pod: kinds.Pod): void;
  /** A pod that is gone from the API. */
  gone(uid: string): void;
  /** Every pod of the node: after a start, and after the network was cut. */
  all(pods: readonly kinds.Pod[]): void;
}

export interface PodHubParts {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly links: Links;
  /** Whether the API does not let the kubelet at this place in. */
  readonly deaf: (place: string) => boolean;
  readonly report: (error: unknown) => void;
}

export class PodHub {
  readonly #informer: Informer<KubeObject>;
  readonly #clock: Clock;
  readonly #links: Links;
  readonly #deaf: (place: string) => boolean;
  readonly #listeners = new Map<string, PodListener>();
  readonly #stale = new Set<string>();
  /** When the last of what is under way to a node arrives: what was sent first arrives first. */
  readonly #arrival = new Map<string, number>();

  constructor(parts: PodHubParts) {
    this.#deaf = parts.deaf;
    this.#clock = parts.clock;
    this.#links = parts.links;
    const { client, clock, random, report } = parts;
    this.#informer = new Informer<KubeObject>({ client, clock, random, ref: PODS, report });
    this.#informer.index('node', object => {
      const { nodeName } = (object as kinds.Pod).spec ?? {};
      return nodeName ? [nodeName] : [];
    });
    this.#informer.onChange(({ type, object, old }) =>
      this.#tell(type === 'deleted', object as kinds.Pod, old as kinds.Pod | undefined),
    );
    this.#informer.start();
  }

  get(namespace: string, name: string): kinds.Pod | undefined {
    return this.#informer.get(formatKey({ namespace, name })) as kinds.Pod | undefined;
  }

  on(node: string): readonly kinds.Pod[] {
    return this.#informer.by('node', node) as kinds.Pod[];
  }

  /** A kubelet started; it is told of every pod it has as soon as it can be. */
  join(listener: PodListener): void {
    this.#listeners.set(listener.node, listener);
    void this.#informer.whenSynced().then(() => this.#refresh(listener));
  }

  leave(listener: PodListener): void {
    if (this.#listeners.get(listener.node) === listener) this.#listeners.delete(listener.node);
  }

  #tell(deleted: boolean, pod: kinds.Pod, old: kinds.Pod | undefined): void {
    const node = pod.spec?.nodeName;
    const listener = node === undefined ? undefined : this.#listeners.get(node);
    if (!listener || this.#stale.has(listener.node)) return;
    if (this.#deaf(listener.place)) return this.#lag(listener);
    if (this.#links.quiet) {
      if (deleted) listener.gone((old ?? pod).metadata.uid ?? '');
      else listener.pod(pod);
      return;
    }
    const { open, latency_ms } = this.#links.passage(CONTROL, listener.place);
    if (!open) return this.#lag(listener);
    const now_ms = this.#clock.monotonic();
    const at_ms = Math.max(now_ms + latency_ms, this.#arrival.get(listener.node) ?? 0);
    this.#arrival.set(listener.node, at_ms);
    this.#clock.after(at_ms - now_ms, () => {
      if (this.#listeners.get(listener.node) !== listener) return;
      if (deleted) listener.gone((old ?? pod).metadata.uid ?? '');
      else listener.pod(pod);
    });
  }

  /** What was missed is made up for with a whole list once the network lets it. */
  #lag(listener: PodListener): void {
    this.#stale.add(listener.node);
    this.#clock.after(RETRY_MS, () => this.#refresh(listener));
  }

  #refresh(listener: PodListener): void {
    if (this.#listeners.get(listener.node) !== listener) return;
    if (this.#deaf(listener.place)) return this.#lag(listener);
    if (!this.#links.reaches(CONTROL, listener.place) || !this.#links.reaches(listener.place, CONTROL))
      return this.#lag(listener);
    this.#stale.delete(listener.node);
    listener.all(this.on(listener.node));
  }
}
