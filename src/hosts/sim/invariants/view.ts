/** What the store holds at this moment, as the commits tell; shared by all invariants of a run. */
import type { KubeObject, OwnerReference } from '../../../kernel/index.ts';
import type { Commit, Observer } from '../model.ts';

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly lastTransitionTime?: string;
}

/** A value that held from a moment on. */
export interface Past<T> {
  readonly t: number;
  readonly value: T;
}

interface Known {
  readonly collection: string;
  readonly path: string;
  readonly object: KubeObject;
}

const NOBODY: ReadonlyMap<string, KubeObject> = new Map();
/** Old specs are of interest for this long, milliseconds: whoever acts by an older one is late. */
const PAST_MS = 180_000;

/** Whether the spec is another; kinds that count no generation are compared. */
function isAnother(object: KubeObject, before: KubeObject | undefined): boolean {
  const { generation } = object.metadata;
  if (generation !== undefined || !before) return generation !== before?.metadata.generation;
  return object.spec !== before.spec && JSON.stringify(object.spec) !== JSON.stringify(before.spec);
}

/** The same object with the same owners: what is kept of it is only replaced. */
const isKnownAs = ({ metadata: is }: KubeObject, { metadata: was }: KubeObject): boolean =>
  is.uid === was.uid &&
  (is.ownerReferences === was.ownerReferences ||
    (is.ownerReferences?.length === was.ownerReferences?.length &&
      is.ownerReferences!.every(({ uid }, at) => uid === was.ownerReferences![at]!.uid)));

export class View implements Observer {
  t = 0;
  revision = 0;
  readonly #collections = new Map<string, Map<string, KubeObject>>();
  readonly #byUid = new Map<string, Known>();
  /** By uid of the owner and collection. */
  readonly #owned = new Map<string, Map<string, Map<string, KubeObject>>>();
  readonly #onNode = new Map<string, Map<string, KubeObject>>();
  readonly #specs = new Map<string, Past<KubeObject>[]>();
  /** When a pod was last seen ready and not going; by uid. */
  readonly #readyUntil = new Map<string, number>();

  commit({ t, revision, collection, path, object, before }: Commit): void {
    this.t = t;
    this.revision = revision;
    if (collection === 'events') return;
    let objects = this.#collections.get(collection);
    if (!objects) this.#collections.set(collection, (objects = new Map()));
    if (before && !(object && isKnownAs(object, before))) this.#forget(collection, path, before);
    if (object) {
      objects.set(path, object);
      const known = { collection, path, object };
      this.#byUid.set(object.metadata.uid ?? '', known);
      for (const { uid } of object.metadata.ownerReferences ?? []) this.#own(uid, collection).set(path, object);
    } else objects.delete(path);
    if (collection === 'pods') this.#pod(t, path, object, before);
    else if (object && isAnother(object, before)) this.#remember(t, object, before);
  }

  /** Specs of pods are nobody's plan: what they once were is not kept. */
  #pod(t: number, path: string, object: KubeObject | undefined, before: KubeObject | undefined): void {
    this.#place(path, object, before);
    if (before && isServing(before) && !(object && isServing(object)))
      this.#readyUntil.set(before.metadata.uid ?? '', t);
  }

  all(collection: string): ReadonlyMap<string, KubeObject> {
    return this.#collections.get(collection) ?? NOBODY;
  }

  /** Pods that are bound to a node. */
  podsOn(node: string): Iterable<KubeObject> {
    return this.#onNode.get(node)?.values() ?? [];
  }

  get(collection: string, path: string): KubeObject | undefined {
    return this.#collections.get(collection)?.get(path);
  }

  uid(uid: string): Known | undefined {
    return this.#byUid.get(uid);
  }

  /** Objects that name this uid among their owners. */
  owned(uid: string, collection: string): KubeObject[] {
    return [...(this.#owned.get(uid)?.get(collection)?.values() ?? [])];
  }

  /** Every version of the spec that somebody who is at most `late_ms` behind may act by, newest last. */
  specs(object: KubeObject, late_ms: number): KubeObject[] {
    const past = this.#specs.get(object.metadata.uid ?? '') ?? [];
    const since = this.t - late_ms;
    const held = past.filter((_, index) => (past[index + 1]?.t ?? Number.POSITIVE_INFINITY) >= since);
    return held.length > 0 ? held.map(each => each.value) : [object];
  }

  /** Ready and not going now, or until at most so long ago. */
  servedWithin(pod: KubeObject, late_ms: number): boolean {
    if (isServing(pod)) return true;
    const until = this.#readyUntil.get(pod.metadata.uid ?? '');
    return until !== undefined && this.t - until <= late_ms;
  }

  /** When the pod stopped to be ready; undefined where it is, or never was. */
  unreadySince(pod: KubeObject): number | undefined {
    return isServing(pod) ? undefined : this.#readyUntil.get(pod.metadata.uid ?? '');
  }

  #place(path: string, pod: KubeObject | undefined, before: KubeObject | undefined): void {
    const was = before && specOf<{ nodeName?: string }>(before).nodeName;
    const is = pod && specOf<{ nodeName?: string }>(pod).nodeName;
    if (was !== undefined && was !== is) this.#onNode.get(was)?.delete(path);
    if (!pod || is === undefined) return;
    const there = this.#onNode.get(is) ?? new Map<string, KubeObject>();
    there.set(path, pod);
    this.#onNode.set(is, there);
  }

  #remember(t: number, object: KubeObject, before: KubeObject | undefined): void {
    const uid = object.metadata.uid ?? '';
    const past = this.#specs.get(uid) ?? (before ? [{ t: 0, value: before }] : []);
    past.push({ t, value: object });
    while (past.length > 1 && past[1]!.t < t - PAST_MS) past.shift();
    this.#specs.set(uid, past);
  }

  #own(uid: string, collection: string): Map<string, KubeObject> {
    let collections = this.#owned.get(uid);
    if (!collections) this.#owned.set(uid, (collections = new Map()));
    let owned = collections.get(collection);
    if (!owned) collections.set(collection, (owned = new Map()));
    return owned;
  }

  #forget(collection: string, path: string, before: KubeObject): void {
    this.#byUid.delete(before.metadata.uid ?? '');
    for (const { uid } of before.metadata.ownerReferences ?? []) {
      const collections = this.#owned.get(uid);
      const owned = collections?.get(collection);
      owned?.delete(path);
      if (owned?.size === 0) collections!.delete(collection);
      if (collections?.size === 0) this.#owned.delete(uid);
    }
  }
}

export const nameOf = (object: KubeObject): string =>
  object.metadata.namespace ? `${object.metadata.namespace}/${object.metadata.name}` : (object.metadata.name ?? '');

export const ownerOf = (object: KubeObject): OwnerReference | undefined =>
  object.metadata.ownerReferences?.find(reference => reference.controller === true);

export const conditionOf = (object: KubeObject, type: string): Condition | undefined =>
  (object.status as { conditions?: readonly Condition[] } | undefined)?.conditions?.find(each => each.type === type);

export const phaseOf = (pod: KubeObject): string => (pod.status as { phase?: string } | undefined)?.phase ?? 'Pending';
export const isEnded = (pod: KubeObject): boolean => phaseOf(pod) === 'Succeeded' || phaseOf(pod) === 'Failed';
export const isGoing = (object: KubeObject): boolean => object.metadata.deletionTimestamp !== undefined;
export const isLiving = (pod: KubeObject): boolean => !isEnded(pod) && !isGoing(pod);
export const isReady = (pod: KubeObject): boolean => conditionOf(pod, 'Ready')?.status === 'True' && !isEnded(pod);
export const isServing = (pod: KubeObject): boolean => isReady(pod) && !isGoing(pod);
export const wasDisrupted = (pod: KubeObject): boolean => conditionOf(pod, 'DisruptionTarget')?.status === 'True';

/** A count in a spec. */
export function specOf<T>(object: KubeObject): T {
  return (object.spec ?? {}) as T;
}

/** `25%` of a whole, or the number itself (apimachinery intstr.GetScaledValueFromIntOrPercent). */
export function scaled(value: string | number | undefined, whole: number, round: 'up' | 'down', otherwise = 0): number {
  if (value === undefined) return otherwise;
  if (typeof value === 'number') return value;
  const share = (Number(value.replace('%', '')) * whole) / 100;
  return round === 'up' ? Math.ceil(share) : Math.floor(share);
}
