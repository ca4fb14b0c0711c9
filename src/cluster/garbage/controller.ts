import { type Controller, runController } from '../../kernel/controller.ts';
import type { Change, Informer } from '../../kernel/informer.ts';
import type { KubeObject, OwnerReference } from '../../kernel/object.ts';
import type { ResourceDefinition } from '../../kernel/resource.ts';
import { isConflict, isNotFound } from '../../kernel/status.ts';
import { deletableResources, refOf, resourceOfKind } from '../catalog.ts';
import { attempt, type ClusterEnv } from '../driver.ts';
import { CUSTOM_RESOURCES } from '../refs.ts';
import { type GraphNode, stepGarbage, waitsForDependents } from './step.ts';

const COMPONENT = 'garbage-collector-controller';
/** After an object was newer than what is known of it: the cache hears of that by itself, by and by. */
const CONFLICT_RETRY_MS = 100;

/** A circle longer than this is not looked for. */
const CIRCLE_MAX = 1_000;
const ABSENT_MAX = 10_000;

/**
 * Deletes what lost its owners, and finishes foreground and orphaning deletions, for every kind the catalog names. Objects that
 * are not in the graph are asked for, so that a slow watch never deletes what is owned.
 */
export function startGarbageCollector(env: ClusterEnv): Controller {
  return new GarbageGraph(env).start();
}

class GarbageGraph {
  readonly #env: ClusterEnv;
  readonly #nodes = new Map<string, GraphNode>();
  readonly #dependents = new Map<string, Set<string>>();
  readonly #absent = new Set<string>();
  readonly #watched = new Set<string>();
  #enqueue: (uid: string) => void = () => undefined;

  constructor(env: ClusterEnv) {
    this.#env = env;
  }

  start(): Controller {
    const stops: (() => void)[] = [];
    const first = this.#newResources();
    return runController({
      name: COMPONENT,
      clock: this.#env.clock,
      workers: 8,
      watches: [
        {
          attach: enqueue => {
            this.#enqueue = enqueue;
            const attach = (informers: readonly (readonly [ResourceDefinition, Informer<KubeObject>])[]): void => {
              for (const [definition, informer] of informers)
                stops.push(informer.onChange(change => this.#changed(definition, change)));
            };
            attach(first);
            // A new CustomResourceDefinition brings a new collection to watch.
            stops.push(this.#env.informers.of(CUSTOM_RESOURCES).onChange(() => attach(this.#newResources())));
            return () => {
              for (const stop of stops) stop();
            };
          },
          whenSynced: async () => {
            await Promise.all(first.map(([, informer]) => informer.whenSynced()));
          },
        },
      ],
      report: (error, key) => this.#env.report(error, `${COMPONENT} ${key}`),
      reconcile: uid => this.#collect(uid),
    });
  }

  #newResources(): (readonly [ResourceDefinition, Informer<KubeObject>])[] {
    return deletableResources(this.#env.catalog).flatMap(definition => {
      const key = `${definition.group}/${definition.resource}`;
      if (this.#watched.has(key)) return [];
      this.#watched.add(key);
      return [[definition, this.#env.informers.of<KubeObject>(refOf(definition))] as const];
    });
  }

  #changed(definition: ResourceDefinition, { type, object, old }: Change<KubeObject>): void {
    const uid = object.metadata.uid ?? '';
    if (type === 'deleted') {
      this.#nodes.delete(uid);
      this.#remember(uid);
      this.#link(uid, old ?? object, undefined);
      for (const dependent of this.#dependents.get(uid) ?? []) this.#enqueue(dependent);
      for (const { uid: owner } of (old ?? object).metadata.ownerReferences ?? []) this.#wakeDeleting(owner);
      return;
    }
    this.#nodes.set(uid, { ref: refOf(definition), object });
    this.#link(uid, old, object);
    if (object.metadata.deletionTimestamp) {
      if (object.metadata.finalizers?.length) this.#enqueue(uid);
      if (!old?.metadata.deletionTimestamp)
        for (const dependent of this.#dependents.get(uid) ?? []) this.#enqueue(dependent);
    } else if (object.metadata.ownerReferences?.length) this.#enqueue(uid);
    if (old) for (const { uid: owner } of old.metadata.ownerReferences ?? []) this.#wakeDeleting(owner);
  }

  #wakeDeleting(uid: string): void {
    if (this.#nodes.get(uid)?.object.metadata.deletionTimestamp) this.#enqueue(uid);
  }

  #link(uid: string, old: KubeObject | undefined, now: KubeObject | undefined): void {
    if (old?.metadata.ownerReferences === now?.metadata.ownerReferences) return;
    for (const { uid: owner } of old?.metadata.ownerReferences ?? []) {
      const set = this.#dependents.get(owner);
      set?.delete(uid);
      if (set?.size === 0) this.#dependents.delete(owner);
    }
    for (const { uid: owner } of now?.metadata.ownerReferences ?? []) {
      const set = this.#dependents.get(owner) ?? new Set<string>();
      set.add(uid);
      this.#dependents.set(owner, set);
    }
  }

  #remember(uid: string): void {
    this.#absent.add(uid);
    if (this.#absent.size > ABSENT_MAX) this.#absent.delete(this.#absent.values().next().value!);
  }

  async #collect(uid: string): Promise<number | undefined> {
    const node = this.#nodes.get(uid);
    if (!node) return undefined;
    const unseen = (node.object.metadata.ownerReferences ?? []).filter(
      ({ uid: owner }) => !this.#nodes.has(owner) && !this.#absent.has(owner),
    );
    for (const reference of unseen) await this.#ask(node, reference);
    const dependents = [...(this.#dependents.get(uid) ?? [])].flatMap(each => this.#nodes.get(each) ?? []);
    const ownerOf = (reference: OwnerReference): GraphNode | 'absent' | 'unknown' =>
      this.#nodes.get(reference.uid) ?? (this.#absent.has(reference.uid) ? 'absent' : 'unknown');
    if (waitsForDependents(node.object))
      for (const each of dependents)
        if (!each.object.metadata.deletionTimestamp) this.#enqueue(each.object.metadata.uid!);
    const failure = await attempt(
      this.#env,
      COMPONENT,
      stepGarbage({ node, dependents, ownerOf, circular: this.#isCircular(uid) }),
    );
    if (failure && !isNotFound(failure.error) && !isConflict(failure.error)) throw failure.error;
    return failure && isConflict(failure.error) ? CONFLICT_RETRY_MS : undefined;
  }

  /** Follows dependents that are deleted in the foreground and block their owner; true when that leads back. */
  #isCircular(start: string): boolean {
    const seen = new Set<string>();
    const waiting = [start];
    for (let uid = waiting.pop(); uid !== undefined && seen.size < CIRCLE_MAX; uid = waiting.pop()) {
      const node = this.#nodes.get(uid);
      if (!node || !waitsForDependents(node.object)) continue;
      for (const dependent of this.#dependents.get(uid) ?? []) {
        const references = this.#nodes.get(dependent)?.object.metadata.ownerReferences ?? [];
        if (!references.some(each => each.uid === uid && each.blockOwnerDeletion === true)) continue;
        if (dependent === start) return true;
        if (!seen.has(dependent)) waiting.push(dependent);
        seen.add(dependent);
      }
    }
    return false;
  }

  /** An owner the graph does not know may be of another namespace, deleted long ago, or of a kind nobody serves. */
  async #ask({ object }: GraphNode, reference: OwnerReference): Promise<void> {
    const definition = resourceOfKind(this.#env.catalog, reference.apiVersion, reference.kind);
    if (!definition) return;
    const namespace = definition.namespaced ? object.metadata.namespace : undefined;
    if (definition.namespaced && namespace === undefined) return;
    try {
      const owner = await this.#env.client.get(refOf(definition), {
        ...(namespace ? { namespace } : {}),
        name: reference.name,
      });
      if (owner.metadata.uid !== reference.uid) this.#remember(reference.uid);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      this.#remember(reference.uid);
    }
  }
}
