import type { Clock } from '../../base/index.ts';
import type { Client } from '../client.ts';
import { runController, type Controller, watchOf } from '../controller.ts';
import type { Informer } from '../informer.ts';
import { equalJson } from '../merge/json.ts';
import type { KubeObject, ResourceRef } from '../object.ts';
import { isNotFound } from '../status.ts';
import type { CustomCatalog } from './catalog.ts';
import { CLEANUP_FINALIZER, CRD_GROUP, CRD_RESOURCE, type CustomResourceDefinition, conditionOf } from './document.ts';
import { setCondition, wantedStatus } from './names.ts';

export const CRD_REF: ResourceRef = { group: CRD_GROUP, version: 'v1', resource: CRD_RESOURCE };

/** How soon a definition that waits for finalizers of its objects is looked at again. */
const RECHECK_MS = 1000;

export interface CustomKindsOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly catalog: CustomCatalog;
  readonly definitions: Informer<CustomResourceDefinition>;
  readonly report?: (error: unknown, key: string) => void;
}

/** Keeps the catalogue and the status of definitions true, and empties kinds that are being deleted. */
export function runCustomKinds(options: CustomKindsOptions): Controller {
  const { definitions, catalog } = options;
  const stop = definitions.onChange(change => {
    if (change.type === 'deleted') catalog.remove(change.object.metadata.name!);
    else catalog.set(change.object);
  });
  const controller = runController({
    name: 'custom-kinds',
    clock: options.clock,
    watches: [watchOf(definitions, change => [change.object.metadata.name!])],
    reconcile: key => reconcile(options, key),
    ...(options.report ? { report: options.report } : {}),
  });
  return {
    name: controller.name,
    get busy() {
      return controller.busy;
    },
    enqueue: key => controller.enqueue(key),
    enqueueAfter: (key, delay_ms) => controller.enqueueAfter(key, delay_ms),
    async [Symbol.asyncDispose]() {
      stop();
      await controller[Symbol.asyncDispose]();
    },
  };
}

async function reconcile({ client, clock, catalog }: CustomKindsOptions, name: string): Promise<number | undefined> {
  let crd: CustomResourceDefinition;
  try {
    crd = await client.get<CustomResourceDefinition>(CRD_REF, { name });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    catalog.remove(name);
    return undefined;
  }
  catalog.set(crd);
  if (crd.metadata.deletionTimestamp) return terminate(client, clock, crd);
  const status = wantedStatus(crd, catalog.sources(), clock.now());
  if (!equalJson(status, crd.status)) {
    const updated = await client.update<CustomResourceDefinition>(
      CRD_REF,
      { ...crd, status },
      { subresource: 'status' },
    );
    catalog.set(updated);
  }
  return undefined;
}

/** Deletes every object of the kind; the definition goes when none is left (apiextensions finalizer controller). */
async function terminate(client: Client, clock: Clock, crd: CustomResourceDefinition): Promise<number | undefined> {
  let current = crd;
  if (conditionOf(crd, 'Terminating') !== 'True') {
    const condition = {
      type: 'Terminating',
      status: 'True' as const,
      reason: 'InstanceDeletionInProgress',
      message: 'CustomResource deletion is in progress',
    };
    const status = { ...crd.status, conditions: setCondition(crd.status?.conditions ?? [], condition, clock.now()) };
    current = await client.update<CustomResourceDefinition>(CRD_REF, { ...crd, status }, { subresource: 'status' });
  }
  if (conditionOf(current, 'Established') === 'True' && (await remaining(client, current)) > 0) return RECHECK_MS;
  const finalizers = (current.metadata.finalizers ?? []).filter(finalizer => finalizer !== CLEANUP_FINALIZER);
  await client.update(CRD_REF, { ...current, metadata: { ...current.metadata, finalizers } });
  return undefined;
}

/** Asks for the deletion of all objects and counts those that wait for their own finalizers. */
async function remaining(client: Client, crd: CustomResourceDefinition): Promise<number> {
  const version = crd.spec.versions.find(each => each.served) ?? crd.spec.versions[0]!;
  const ref: ResourceRef = { group: crd.spec.group, version: version.name, resource: crd.spec.names.plural };
  const list = async (): Promise<readonly KubeObject[]> => {
    try {
      return (await client.list(ref)).items;
    } catch (error) {
      if (isNotFound(error)) return [];
      throw error;
    }
  };
  for (const { metadata } of await list()) {
    if (metadata.deletionTimestamp) continue;
    try {
      await client.delete(ref, {
        name: metadata.name!,
        ...(metadata.namespace ? { namespace: metadata.namespace } : {}),
      });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
  return (await list()).length;
}
