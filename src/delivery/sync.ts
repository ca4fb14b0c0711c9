import { formatSpan, type Fault } from '../base/index.ts';
import {
  type Client,
  isNotFound,
  kindOf,
  type ResourceCatalog,
  type ResourceDefinition,
  StatusError,
} from '../kernel/index.ts';
import { applyOrder, identityOf, toPrune } from './engine/order.ts';
import { refusalFault, subjectOf } from './engine/refusal.ts';
import { deliveryFaults } from './faults.ts';
import type { Delivered, Wanted } from './model.ts';

export const FIELD_MANAGER = 'tenon-delivery';

export interface SyncPorts {
  readonly client: Client;
  readonly catalog: ResourceCatalog;
}

/** An object the sources want and the API knows the collection of. */
export interface Target {
  readonly wanted: Wanted;
  readonly delivered: Delivered;
}

/** Where the object goes: namespaced kinds without a namespace go to `default`. */
function targetOf(wanted: Wanted, definition: ResourceDefinition): Target {
  const { object, origin } = wanted;
  const namespace = definition.namespaced ? (object.metadata.namespace ?? 'default') : undefined;
  const { namespace: _, ...metadata } = object.metadata;
  const placed = { ...object, metadata: namespace ? { ...metadata, namespace } : metadata };
  return {
    wanted: { object: placed, origin },
    delivered: {
      ref: { group: definition.group, version: definition.version, resource: definition.resource },
      kind: definition.kind,
      ...(namespace ? { namespace } : {}),
      name: object.metadata.name ?? '',
      origin: origin.span ? formatSpan(origin.span) : (origin.object ?? ''),
    },
  };
}

/** What one synchronisation did. `waiting` are objects whose kind may still come with a CustomResourceDefinition. */
export interface SyncResult {
  readonly applied: readonly Target[];
  readonly failed: readonly { readonly fault: Fault; readonly wanted: Wanted }[];
  readonly pruned: readonly Delivered[];
}

/** Applies one object; the same content again changes nothing. */
export async function applyTarget(client: Client, target: Target): Promise<void> {
  const { delivered, wanted } = target;
  const key = { ...(delivered.namespace ? { namespace: delivered.namespace } : {}), name: delivered.name };
  if (delivered.name === '') {
    await client.create(delivered.ref, wanted.object, {
      ...(delivered.namespace ? { namespace: delivered.namespace } : {}),
      fieldManager: FIELD_MANAGER,
    });
    return;
  }
  await client.apply(delivered.ref, key, wanted.object, { fieldManager: FIELD_MANAGER, force: true });
}

/**
 * Brings the cluster to what the sources want: applies in order, then prunes what an earlier inventory has and nobody
 * wants. One object refused never stops the others; nothing is pruned for a document that could not be read (`complete`).
 */
export async function synchronise(
  ports: SyncPorts,
  wanted: readonly Wanted[],
  before: readonly Delivered[],
  complete: boolean,
): Promise<SyncResult> {
  const applied: Target[] = [];
  const failed: { fault: Fault; wanted: Wanted }[] = [];
  const seen = new Map<string, string>();
  for (const item of applyOrder(wanted)) {
    const ref = kindOf(item.object);
    const definition = ports.catalog.kind(ref);
    const where = item.origin.span ?? item.origin.object;
    if (!definition) {
      failed.push({
        wanted: item,
        fault: deliveryFaults.make('unknown-kind', { kind: ref.kind, apiVersion: item.object.apiVersion }, where),
      });
      continue;
    }
    const target = targetOf(item, definition);
    const identity = identityOf(target.delivered);
    const first = seen.get(identity);
    if (first !== undefined && target.delivered.name !== '') {
      failed.push({
        wanted: item,
        fault: deliveryFaults.make(
          'duplicate-object',
          { kind: definition.kind, name: subjectOf(item.object), first },
          where,
        ),
      });
      continue;
    }
    seen.set(identity, target.delivered.origin);
    try {
      await applyTarget(ports.client, target);
      applied.push(target);
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      failed.push({ wanted: item, fault: refusalFault(error, item) });
    }
  }
  const kept = [
    ...applied.map(target => target.delivered),
    ...failed.flatMap(({ wanted: item }) => keptOf(ports, item)),
  ];
  const pruned = complete ? await prune(ports.client, toPrune(before, kept)) : [];
  return { applied, failed, pruned };
}

/** A refused object is still wanted: what stands of it is not pruned. */
function keptOf(ports: SyncPorts, item: Wanted): Delivered[] {
  const definition = ports.catalog.kind(kindOf(item.object));
  return definition ? [targetOf(item, definition).delivered] : [];
}

async function prune(client: Client, doomed: readonly Delivered[]): Promise<Delivered[]> {
  const pruned: Delivered[] = [];
  for (const item of doomed) {
    try {
      await client.delete(
        item.ref,
        { ...(item.namespace ? { namespace: item.namespace } : {}), name: item.name },
        { propagationPolicy: 'Background' },
      );
      pruned.push(item);
    } catch (error) {
      if (!isNotFound(error) && !(error instanceof StatusError && error.code === 405)) throw error;
    }
  }
  return pruned;
}
