/** Pods as the engine counts them. */
import type { KubeObject, kinds } from '../../../kernel/index.ts';
import type { ScaledPod } from '../../model.ts';
import { milliOf } from './parse.ts';

type Pod = kinds.Pod & KubeObject;

const known = new WeakMap<Pod, ScaledPod>();

/** The parts of a pod that matter; computed once an object. */
export function scaledPod(pod: Pod): ScaledPod {
  let made = known.get(pod);
  if (!made) known.set(pod, (made = make(pod)));
  return made;
}

const millis = (requests: object | undefined): Record<string, number> =>
  Object.fromEntries(Object.entries(requests ?? {}).map(([resource, amount]) => [resource, milliOf(amount as string)]));

function make({ metadata, spec, status }: Pod): ScaledPod {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  const podResources = (spec as { resources?: { requests?: object } } | undefined)?.resources;
  const sidecars = (spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  return {
    name: metadata.name ?? '',
    phase: status?.phase ?? 'Pending',
    deleted: metadata.deletionTimestamp !== undefined,
    ...(status?.startTime ? { startedAt_ms: Date.parse(status.startTime) } : {}),
    ...(ready
      ? { ready: { status: ready.status === 'True', since_ms: Date.parse(ready.lastTransitionTime ?? '') || 0 } }
      : {}),
    ...(podResources?.requests ? { podRequests: millis(podResources.requests) } : {}),
    requests: [...(spec?.containers ?? []), ...sidecars].map(({ name, resources }) => ({
      container: name,
      milli: millis(resources?.requests),
    })),
  };
}
