import type { Timer } from '../../../base/index.ts';
import { formatTime, isNotFound, isObject, type JsonObject, type KubeObject } from '../../../kernel/index.ts';
import { cleans, isCleaning } from '../../dialects/kyverno/background/cleanup.ts';
import { endOfLife, nextTime, parseSchedule } from '../../dialects/kyverno/background/schedule.ts';
import { textAt } from '../../dialects/kyverno/model.ts';
import type { PolicyRequest } from '../../model.ts';
import { definitionOf, Lookup, refOf } from './lookup.ts';
import type { Background } from './model.ts';
import { existingReview, matchedDefinitions } from './triggers.ts';
import type { Work } from './work.ts';
import { placeOf, read } from './write.ts';

const TTL_LABEL = 'cleanup.kyverno.io/ttl';
const PROPAGATION = 'cleanup.kyverno.io/propagation-policy';
/** The longest a timer waits before it looks again. */
const WAIT_MS_MAX = 24 * 60 * 60 * 1000;

const fields = (value: unknown): JsonObject => (isObject(value) ? (value as JsonObject) : {});
const keyOf = (policy: JsonObject): string =>
  `${String(policy.kind)}/${textAt(policy, 'metadata', 'namespace')}/${textAt(policy, 'metadata', 'name')}`;

type Propagation = 'Orphan' | 'Background' | 'Foreground';
const propagationOf = (text: string): { propagationPolicy?: Propagation } =>
  text === 'Orphan' || text === 'Background' || text === 'Foreground' ? { propagationPolicy: text } : {};

/** Deletes what cleanup policies name at their times, and what carries a time to live when it is over. */
export class Cleanup {
  readonly #background: Background;
  readonly #work: Work;
  readonly #timers = new Map<string, Timer>();

  constructor(background: Background, work: Work) {
    this.#background = background;
    this.#work = work;
  }

  policyChanged(policy: JsonObject | undefined, old: JsonObject | undefined): void {
    const either = policy ?? old;
    if (either === undefined || !isCleaning(either)) return;
    const key = keyOf(either);
    if (policy === undefined) {
      this.#timers.get(key)?.cancel();
      this.#timers.delete(key);
    } else if (!this.#timers.has(key) || fields(policy.spec).schedule !== fields(old?.spec).schedule) this.#arm(key);
  }

  #policy(key: string): JsonObject | undefined {
    return this.#background.documents.all().find(each => isCleaning(each) && keyOf(each) === key);
  }

  #arm(key: string): void {
    this.#timers.get(key)?.cancel();
    this.#timers.delete(key);
    const policy = this.#policy(key);
    const schedule = parseSchedule(textAt(policy, 'spec', 'schedule'));
    const { clock } = this.#background;
    const at_ms = schedule && nextTime(schedule, clock.now());
    if (at_ms === undefined) return;
    const wait_ms = Math.min(at_ms - clock.now(), WAIT_MS_MAX);
    const timer = clock.after(wait_ms, () => {
      if (clock.now() >= at_ms) this.#work.add(() => this.#run(key), `cleanup ${key}`);
      this.#arm(key);
    });
    this.#timers.set(key, timer);
  }

  async #run(key: string): Promise<void> {
    const policy = this.#policy(key);
    if (policy === undefined) return;
    const lookup = new Lookup(this.#background);
    const exceptions = this.#background.documents.exceptionsFor(policy);
    const options = propagationOf(textAt(policy, 'spec', 'deletionPropagationPolicy'));
    for (const definition of matchedDefinitions(this.#background, policy)) {
      const { group, version, kind } = definition;
      for (const object of await lookup.list(definition)) {
        const labels = await lookup.namespaceLabels(textAt(object, 'metadata', 'namespace'));
        const review = existingReview(object, { group, version, kind }, labels);
        if (await lookup.decide(world => cleans(policy, review, world, exceptions)))
          await this.#delete(object, options);
      }
    }
    await this.#note(policy);
  }

  async #delete(object: JsonObject, options: { propagationPolicy?: Propagation }): Promise<void> {
    const place = placeOf(this.#background, object);
    if (place === undefined) return;
    const { group, resource } = place.definition;
    const { permitted } = this.#background.ports;
    // Without the right the object stays, as the API server would have it.
    const asked = { verb: 'delete', group, resource, namespace: place.key.namespace ?? '' };
    if (permitted && !permitted('cleanup', asked)) return;
    const uid = textAt(object, 'metadata', 'uid');
    try {
      await this.#background.client.delete(refOf(place.definition), place.key, {
        ...options,
        ...(uid === '' ? {} : { preconditions: { uid } }),
      });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** Writes down when a policy ran. */
  async #note(policy: JsonObject): Promise<void> {
    const { clock, client, catalog } = this.#background;
    const definition = definitionOf(catalog, String(policy.apiVersion), String(policy.kind));
    if (definition === undefined) return;
    const lastExecutionTime = formatTime({ seconds: Math.floor(clock.now() / 1000), nanoseconds: 0 }, false);
    const { name = '', namespace } = (policy as unknown as KubeObject).metadata;
    const key = namespace === undefined ? { name } : { namespace, name };
    const patch = { status: { lastExecutionTime } };
    await client.patch(refOf(definition), key, { type: 'merge', patch }, { subresource: 'status' });
  }

  /** An object with a time to live is waited for. */
  stored(request: PolicyRequest): void {
    const { object, operation, kind } = request;
    const ttl = object?.metadata.labels?.[TTL_LABEL];
    if (object === undefined || ttl === undefined || operation === 'DELETE' || request.subresource !== '') return;
    const apiVersion = kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
    this.#await({ ...(object as unknown as JsonObject), apiVersion, kind: kind.kind }, ttl);
  }

  #await(object: JsonObject, ttl: string): void {
    const { clock } = this.#background;
    const created_ms = Date.parse(textAt(object, 'metadata', 'creationTimestamp')) || clock.now();
    const end_ms = endOfLife(ttl, created_ms);
    if (end_ms === undefined) return;
    const wait_ms = Math.min(Math.max(0, end_ms - clock.now()), WAIT_MS_MAX);
    clock.after(wait_ms, () => this.#work.add(() => this.#expire(object)));
  }

  async #expire(object: JsonObject): Promise<void> {
    const place = placeOf(this.#background, object);
    const now = place && (await read(this.#background, place));
    const uid = textAt(object, 'metadata', 'uid');
    if (place === undefined || now === undefined || textAt(now, 'metadata', 'uid') !== uid) return;
    const metadata = fields(now.metadata);
    const ttl = fields(metadata.labels)[TTL_LABEL];
    if (typeof ttl !== 'string' || metadata.deletionTimestamp !== undefined) return;
    const typed = { ...now, apiVersion: object.apiVersion!, kind: object.kind! };
    const end_ms = endOfLife(ttl, Date.parse(textAt(now, 'metadata', 'creationTimestamp')));
    if (end_ms === undefined) return;
    if (end_ms > this.#background.clock.now()) return this.#await(typed, ttl);
    await this.#delete(typed, propagationOf(String(fields(metadata.annotations)[PROPAGATION] ?? '')));
  }
}
