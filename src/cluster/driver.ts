import type { Clock, Random } from '../base/ports.ts';
import type { Client } from '../kernel/client.ts';
import type { Change, Informer } from '../kernel/informer.ts';
import type { Informers } from '../kernel/informers.ts';
import { objectKey } from '../kernel/indexer.ts';
import type { KubeObject, ResourceRef } from '../kernel/object.ts';
import type { ResourceCatalog } from '../kernel/resource.ts';
import { isNotFound } from '../kernel/status.ts';
import { type Effect, type Failure, FIELD_MANAGER, isNamespaceGone, type Note, perform } from './effect.ts';
import type { EventRecorder } from './events.ts';
import { sameJson } from './hash.ts';
import type { CertificateSigner } from './identity/signing.ts';
import { byController, byNamespace, byNamespaceOrphan, controllerOf } from './pods.ts';
import { matchesSelector } from './selector.ts';
import type { Provisioner } from './storage/provisioner.ts';
import type { LabelSelector } from './types.ts';

export interface ApiEndpoint {
  readonly address: string;
  readonly port: number;
  /** Cluster address of Service `kubernetes`; allocated when absent. */
  readonly serviceAddress?: string;
}

/** What every controller of this layer is started with. */
export interface ClusterEnv {
  /** Writes through it are in the informers at once. */
  readonly client: Client;
  readonly informers: Informers;
  readonly clock: Clock;
  readonly random: Random;
  readonly recorder: EventRecorder;
  /** Every kind that is served, CustomResources among them. */
  readonly catalog: ResourceCatalog;
  /** PEM of the CA that signed the API's certificate; without it no kube-root-ca.crt is written. */
  readonly rootCa?: string;
  /** Where this API server answers, for Service `kubernetes`; without it that service is not kept. */
  readonly apiEndpoint?: ApiEndpoint;
  /** Volume provisioners by the name StorageClasses use. */
  readonly provisioners?: ReadonlyMap<string, Provisioner>;
  /** Signs certificates; without it requests stay as they are. */
  readonly signer?: CertificateSigner;
  readonly report: (error: unknown, where: string) => void;
}

/** Runs effects in the name of a component; throws what made the first of them fail, unless the namespace goes away. */
export async function carryOut(env: ClusterEnv, component: string, effects: readonly Effect[]): Promise<void> {
  const failure = await attempt(env, component, effects);
  if (failure && !isNamespaceGone(failure.error)) throw failure.error;
}

/** Runs effects and returns the first failure instead of throwing it. */
export function attempt(env: ClusterEnv, component: string, effects: readonly Effect[]): Promise<Failure | undefined> {
  if (effects.length === 0) return Promise.resolve(undefined);
  return perform(effects, { client: env.client, note: env.recorder.as(component) });
}

export const noteAs = (env: ClusterEnv, component: string, note: Note): void => env.recorder.as(component)(note);

/** Writes a status when it differs from the one known; an object that is gone is no error. */
export async function writeStatus(
  env: ClusterEnv,
  ref: ResourceRef,
  object: KubeObject,
  status: unknown,
): Promise<void> {
  if (sameJson(object.status, status)) return;
  try {
    await env.client.update(ref, { ...object, status }, { subresource: 'status', fieldManager: FIELD_MANAGER });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** An informer with the indexes controllers look owners up by. */
export function ownedInformer<T extends KubeObject>(env: ClusterEnv, ref: ResourceRef): Informer<T> {
  return env.informers
    .of<T>(ref)
    .index('controller', byController)
    .index('orphan', byNamespaceOrphan)
    .index('namespace', byNamespace);
}

/** The objects an owner controls and the orphans of its namespace that its selector matches. */
export function claimable<T extends KubeObject>(
  informer: Informer<T>,
  owner: KubeObject,
  selector: LabelSelector | undefined,
): T[] {
  const orphans = informer
    .by('orphan', owner.metadata.namespace ?? '')
    .filter(object => matchesSelector(selector, object.metadata.labels));
  return [...informer.by('controller', owner.metadata.uid ?? ''), ...orphans];
}

/** Keys of the owners of `kind` a change of an owned object concerns: present, former and, for orphans, possible ones. */
export function ownerKeys<T extends KubeObject>(
  kind: string,
  owners: Informer<KubeObject>,
  selectorOf?: (owner: KubeObject) => LabelSelector | undefined,
): (change: Change<T>) => string[] {
  return change => {
    const keys = new Set<string>();
    for (const object of change.old ? [change.object, change.old] : [change.object]) {
      const owner = controllerOf(object);
      if (owner?.kind === kind) keys.add(`${object.metadata.namespace}/${owner.name}`);
    }
    if (selectorOf && change.type !== 'deleted' && !controllerOf(change.object)) {
      for (const owner of owners.by('namespace', change.object.metadata.namespace ?? ''))
        if (matchesSelector(selectorOf(owner), change.object.metadata.labels)) keys.add(objectKey(owner));
    }
    return [...keys];
  };
}

const CROWD_MIN = 100;
const PACE_MS_MAX = 1_000;

/** How long an owner of that many objects waits for more of their changes. */
export const paceFor = (count: number): number => (count < CROWD_MIN ? 0 : Math.min(PACE_MS_MAX, count / 4));

/** The pace of owners that are looked up by key and have their objects under the `controller` index. */
export function ownerPace(owners: Informer<KubeObject>, owned: Informer<KubeObject>): (key: string) => number {
  return key => paceFor(owned.count('controller', owners.get(key)?.metadata.uid ?? ''));
}

export const ownKey = (change: Change<KubeObject>): string[] => [objectKey(change.object)];

/** A selector a workload carries in its spec. */
export const specSelector = (owner: KubeObject): LabelSelector | undefined =>
  (owner.spec as { selector?: LabelSelector } | undefined)?.selector;
