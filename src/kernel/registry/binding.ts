import type { KubeObject, ObjectKey } from '../object.ts';
import { badRequest, conflict } from '../status.ts';
import { timestamp } from './metadata.ts';
import type { RegistryParts } from './ports.ts';
import type { StoredObject } from './registry.ts';
import { change } from './change.ts';
import type { Target } from './write.ts';

interface PodParts {
  spec: { nodeName?: string; schedulingGates?: unknown[] };
  status: { conditions?: { type: string; status: string }[] };
}

/** Puts a pod on a node (POST pods/NAME/binding): node name, the binding's annotations and labels, PodScheduled. */
export async function bindPod(
  parts: RegistryParts,
  target: Target,
  key: ObjectKey,
  binding: KubeObject,
): Promise<StoredObject> {
  const to = binding.target as { kind?: string; name?: string } | undefined;
  if (!to?.name) throw badRequest('Binding is invalid: target.name: Required value');
  if (to.kind && to.kind !== 'Node')
    throw badRequest(
      `Binding is invalid: target.kind: Unsupported value: ${JSON.stringify(to.kind)}: supported values: "Node"`,
    );
  const subject = { group: '', resource: 'pods/binding' };
  return change(parts, target, key, live => {
    const { resourceVersion: _, ...metadata } = live.metadata;
    // What a binding leaves as it is stays shared with the live pod: no admission step changes that in place.
    const pod = { ...live, metadata, spec: { ...(live as KubeObject & PodParts).spec } } as KubeObject & PodParts;
    if (binding.metadata?.uid && binding.metadata.uid !== pod.metadata.uid) {
      throw conflict(
        subject,
        key,
        `Precondition failed: UID in precondition: ${binding.metadata.uid}, UID in object meta: ${pod.metadata.uid}`,
      );
    }
    if (pod.metadata.deletionTimestamp)
      throw conflict(subject, key, `pod ${key.name} is being deleted, cannot be assigned to a host`);
    if (pod.spec.nodeName)
      throw conflict(subject, key, `pod ${key.name} is already assigned to node ${JSON.stringify(pod.spec.nodeName)}`);
    if (pod.spec.schedulingGates?.length)
      throw conflict(subject, key, `pod ${key.name} has non-empty .spec.schedulingGates`);
    pod.spec.nodeName = to.name!;
    if (binding.metadata?.annotations)
      pod.metadata.annotations = { ...pod.metadata.annotations, ...binding.metadata.annotations };
    if (binding.metadata?.labels) pod.metadata.labels = { ...pod.metadata.labels, ...binding.metadata.labels };
    const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== 'PodScheduled');
    const scheduled = {
      type: 'PodScheduled',
      status: 'True',
      lastProbeTime: null,
      lastTransitionTime: timestamp(parts.clock.now()),
    };
    pod.status = { ...pod.status, conditions: [...others, scheduled] };
    return pod;
  });
}
