import type { Client } from './client.ts';
import type { KubeObject, ResourceRef } from './object.ts';

const NAMESPACES: ResourceRef = { group: '', version: 'v1', resource: 'namespaces' };
const PRIORITY_CLASSES: ResourceRef = { group: 'scheduling.k8s.io', version: 'v1', resource: 'priorityclasses' };

const namespace = (name: string): KubeObject => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });

const priorityClass = (name: string, value: number, description: string): KubeObject => ({
  apiVersion: 'scheduling.k8s.io/v1',
  kind: 'PriorityClass',
  metadata: { name },
  value,
  description,
  preemptionPolicy: 'PreemptLowerPriority',
});

/** Objects every cluster has before anybody writes to it. */
const SEEDS: readonly (readonly [ResourceRef, KubeObject])[] = [
  ...['default', 'kube-system', 'kube-public', 'kube-node-lease'].map(name => [NAMESPACES, namespace(name)] as const),
  [PRIORITY_CLASSES, priorityClass('system-node-critical', 2_000_001_000, 'Pods a node cannot do without')],
  [PRIORITY_CLASSES, priorityClass('system-cluster-critical', 2_000_000_000, 'Pods the cluster cannot do without')],
];

/**
 * Creates what is missing; what is there is left as it is. A seed that admission refuses (a webhook that is not up yet) is
 * reported and does not keep the rest from starting.
 */
export async function seed(client: Client, report: (error: unknown) => void): Promise<void> {
  await Promise.all(
    SEEDS.map(async ([ref, object]) => {
      try {
        await client.get(ref, { name: object.metadata.name! });
      } catch {
        await client.create(ref, object, { fieldManager: 'kube-apiserver' }).catch(report);
      }
    }),
  );
}
