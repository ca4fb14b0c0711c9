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
    for (const [i, container] of (Array.isArray(members) ? members : []).entries()) {
      if (isObject(container))
        containers.push({
          container,
          path: `spec.${list}[*]`,
          at: `spec.${list}[${i}]`,
          image: String(container.image ?? ''),
          name: String(container.name ?? ''),
        });
    }
  }
  const pod: PodParts = { metadata, spec, containers };
  const baseline = BASELINE.flatMap(control => [...control(pod)]);
  if (level !== 'restricted') return baseline;
  const restricted = RESTRICTED.flatMap(control => [...control(pod)]);
  return [...baseline, ...restricted.map(violation => ({ ...violation, restricted: true }))];
}
