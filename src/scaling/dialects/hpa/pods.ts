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

function make({ metadata, spec, status }: Pod): ScaledPod {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  const sidecars = (spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  return {
    name: metadata.name ?? '',
    phase: status?.phase ?? 'Pending',
    deleted: metadata.deletionTimestamp !== undefined,
    ...(status?.startTime ? { startedAt_ms: Date.parse(status.startTime) } : {}),
    ...(ready
      ? { ready: { status: ready.status === 'True', since_ms: Date.parse(ready.lastTransitionTime ?? '') || 0 } }
      : {}),
    requests: [...(spec?.containers ?? []), ...sidecars].map(({ name, resources }) => ({
      container: name,
      milli: Object.fromEntries(
        Object.entries(resources?.requests ?? {}).map(([resource, amount]) => [resource, milliOf(amount as string)]),
      ),
    })),
  };
}
