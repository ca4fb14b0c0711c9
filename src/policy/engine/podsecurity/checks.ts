import { isObject, type JsonObject } from '../../../kernel/index.ts';
import { BASELINE, RESTRICTED } from './controls.ts';
import type { ContainerOf, PodParts, PodSecurityViolation } from './model.ts';

/** Checks a pod against a level of the standards (kubernetes.io, "Pod Security Standards"). */
export function checkPodSecurity(
  level: string,
  metadata: JsonObject,
  spec: JsonObject,
): readonly PodSecurityViolation[] {
  if (level === 'privileged') return [];
  const containers: ContainerOf[] = [];
  for (const list of ['initContainers', 'containers', 'ephemeralContainers']) {
    const members = spec[list];
    for (const container of Array.isArray(members) ? members : []) {
      if (isObject(container))
        containers.push({
          container,
          path: `spec.${list}[*]`,
          image: String(container.image ?? ''),
          name: String(container.name ?? ''),
        });
    }
  }
  const pod: PodParts = { metadata, spec, containers };
  const controls = level === 'restricted' ? [...BASELINE, ...RESTRICTED] : BASELINE;
  return controls.flatMap(control => [...control(pod)]);
}
