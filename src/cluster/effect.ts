import type { Client } from '../kernel/client.ts';
import { formatKey, type JsonObject, type KubeObject, type ObjectKey, type ResourceRef } from '../kernel/object.ts';
import { isNotFound, StatusError } from '../kernel/status.ts';

/** An Event to write about an object. `{name}` and `{error}` are filled by the effect's outcome. */
export interface Note {
  readonly about: KubeObject;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

interface Told {
  readonly done?: Note;
  readonly failed?: Note;
}

/** What a step wants done, as data; in order. */
export type Effect =
  | ({ readonly do: 'create'; readonly ref: ResourceRef; readonly object: KubeObject } & Told)
  | ({
      readonly do: 'update';
      readonly ref: ResourceRef;
      readonly object: KubeObject;
      readonly subresource?: string;
    } & Told)
  | ({
      readonly do: 'patch';
      readonly ref: ResourceRef;
      readonly key: ObjectKey;
      readonly patch: JsonObject;
      /** Only after everything ahead of it is done. */
      readonly last?: true;
      readonly subresource?: string;
    } & Told)
  | ({
      readonly do: 'delete';
      readonly ref: ResourceRef;
      readonly key: ObjectKey;
      readonly uid?: string;
      readonly resourceVersion?: string;
      readonly propagation?: 'Orphan' | 'Background' | 'Foreground';
      readonly gracePeriodSeconds?: number;
    } & Told)
  | { readonly do: 'note'; readonly note: Note };

/** What a pure step decides: effects in order, the status it wants, and when to look again at the latest. */
export interface Step<Status = undefined> {
  readonly effects: readonly Effect[];
  readonly status: Status;
  readonly again_ms?: number;
}

/** The earliest of several optional delays. */
export const soonest = (...delays: readonly (number | undefined)[]): number | undefined =>
  delays.reduce(
    (least, each) => (each !== undefined && (least === undefined || each < least) ? each : least),
    undefined,
  );

export const keyOf = (object: KubeObject): ObjectKey => ({
  ...(object.metadata.namespace ? { namespace: object.metadata.namespace } : {}),
  name: object.metadata.name ?? '',
});

export const deleting = (ref: ResourceRef, object: KubeObject, told: Told = {}): Effect => ({
  do: 'delete',
  ref,
  key: keyOf(object),
  ...(object.metadata.uid ? { uid: object.metadata.uid } : {}),
  ...told,
});

export interface Performer {
  readonly client: Client;
  readonly note: (note: Note) => void;
}

/** The effect that failed first; those after it were not tried. */
export interface Failure {
  readonly effect: Effect;
  readonly error: unknown;
}

/** The name managedFields know this layer's writes by. */
export const FIELD_MANAGER = 'kube-controller-manager';

const BATCH_MAX = 64;

/**
 * Runs effects in order. Neighbouring creates go out in batches of 1, 2, 4 …, so that a refusal that will meet all of
 * them (a quota, a webhook) costs one call (kube-controller-manager's slow start); neighbouring deletes go out together.
 */
export async function perform(effects: readonly Effect[], performer: Performer): Promise<Failure | undefined> {
  let at = 0;
  while (at < effects.length) {
    const first = effects[at]!;
    let end = at + 1;
    while (end < effects.length && mayRunTogether(first, effects[end]!)) end++;
    const failure = await performRun(effects.slice(at, end), performer, first.do === 'create' ? 1 : BATCH_MAX);
    if (failure) return failure;
    at = end;
  }
  return undefined;
}

/** Neighbours that do the same to objects of one collection have no order among themselves, unless one says so. */
function mayRunTogether(first: Effect, next: Effect): boolean {
  if (first.do !== next.do || first.do === 'update' || first.do === 'note' || next.do === 'note')
    return first.do === 'note' && next.do === 'note';
  if (first.ref !== next.ref && (first.ref.group !== next.ref.group || first.ref.resource !== next.ref.resource))
    return false;
  if (first.do !== 'patch' || next.do !== 'patch') return true;
  return !first.last && !next.last && first.subresource === next.subresource;
}

async function performRun(
  effects: readonly Effect[],
  performer: Performer,
  first: number,
): Promise<Failure | undefined> {
  let size = first;
  for (let at = 0; at < effects.length; at += size, size = Math.min(BATCH_MAX, size * 2)) {
    const batch = effects.slice(at, at + size);
    const outcomes = await Promise.all(batch.map(effect => performOne(effect, performer)));
    const failure = outcomes.find(outcome => outcome !== undefined);
    if (failure) return failure;
  }
  return undefined;
}

async function performOne(effect: Effect, performer: Performer): Promise<Failure | undefined> {
  if (effect.do === 'note') {
    performer.note(effect.note);
    return undefined;
  }
  try {
    const name = await call(effect, performer.client);
    if (effect.done) performer.note(fill(effect.done, { name }));
    return undefined;
  } catch (error) {
    if (effect.failed && !isNamespaceGone(error))
      performer.note(fill(effect.failed, { error: error instanceof Error ? error.message : String(error) }));
    return { effect, error };
  }
}

async function call(effect: Exclude<Effect, { do: 'note' }>, client: Client): Promise<string> {
  const options = {
    fieldManager: FIELD_MANAGER,
    ...('subresource' in effect && effect.subresource ? { subresource: effect.subresource } : {}),
  };
  switch (effect.do) {
    case 'create': {
      const { namespace } = effect.object.metadata;
      const made = await client.create(effect.ref, effect.object, { ...options, ...(namespace ? { namespace } : {}) });
      return made.metadata.name ?? '';
    }
    case 'update':
      await client.update(effect.ref, effect.object, options);
      return effect.object.metadata.name ?? '';
    case 'patch':
      await client.patch(effect.ref, effect.key, { type: 'merge', patch: effect.patch }, options);
      return effect.key.name;
    case 'delete':
      await remove(effect, client);
      return effect.key.name;
  }
}

async function remove(effect: Extract<Effect, { do: 'delete' }>, client: Client): Promise<void> {
  const { uid, resourceVersion, propagation, gracePeriodSeconds } = effect;
  const preconditions = { ...(uid ? { uid } : {}), ...(resourceVersion ? { resourceVersion } : {}) };
  try {
    await client.delete(effect.ref, effect.key, {
      ...(uid || resourceVersion ? { preconditions } : {}),
      ...(propagation ? { propagationPolicy: propagation } : {}),
      ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

const fill = (note: Note, values: { name?: string; error?: string }): Note => ({
  ...note,
  message: note.message.replace(/\{(name|error)\}/g, (place, field: 'name' | 'error') => values[field] ?? place),
});

/** Creating in a namespace that is being deleted fails by design and is told to nobody. */
export const isNamespaceGone = (error: unknown): boolean =>
  error instanceof StatusError &&
  (error.status.details?.causes?.some(cause => cause.reason === 'NamespaceTerminating') ?? false);

/** For logs and fault texts. */
export const describeEffect = (effect: Effect): string =>
  effect.do === 'note'
    ? `note ${effect.note.reason}`
    : `${effect.do} ${effect.ref.resource} ${'key' in effect ? formatKey(effect.key) : (effect.object.metadata.name ?? effect.object.metadata.generateName)}`;
