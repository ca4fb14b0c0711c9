import type { Client } from '../../kernel/client.ts';
import type { KubeObject, ResourceRef } from '../../kernel/object.ts';
import { BUDGETS, CLAIMS, NAMESPACES, NODES, PODS, STORAGE_CLASSES, VOLUMES } from '../refs.ts';
import type {
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  StorageClass,
} from '../types.ts';
import { type Snapshot, snapshotOf } from './snapshot.ts';

/** Reads all a scheduling decision depends on: what `why` explains a pending pod with. */
export async function readSnapshot(client: Client): Promise<Snapshot> {
  const all = async <T extends KubeObject>(ref: ResourceRef): Promise<T[]> => (await client.list<T>(ref)).items;
  const [nodes, pods, namespaces, claims, volumes, storageClasses, budgets] = await Promise.all([
    all<Node>(NODES),
    all<Pod>(PODS),
    all<Namespace>(NAMESPACES),
    all<PersistentVolumeClaim>(CLAIMS),
    all<PersistentVolume>(VOLUMES),
    all<StorageClass>(STORAGE_CLASSES),
    all<PodDisruptionBudget>(BUDGETS),
  ]);
  return snapshotOf({ nodes, pods, namespaces, claims, volumes, storageClasses, budgets });
}
