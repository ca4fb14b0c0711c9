import { isObject, type JsonObject } from '../../../kernel/index.ts';
import { BASELINE, RESTRICTED } from './controls.ts';
import type { ContainerOf, PodParts, PodSecurityViolation } from './model.ts';

/** The rules of the newest release. */
export const LATEST = Number.POSITIVE_INFINITY;

/** Releases in which a control came in (pod-security-admission, the checks' versions); the others were always there. */
const SINCE: Readonly<Record<string, number>> = { 'Host Probes / Lifecycle Hooks': 34, 'Running as Non-root user': 23 };
/** Before 1.19 profiles were annotations, which no pod has any more. */
const BASELINE_SINCE: Readonly<Record<string, number>> = { Seccomp: 19 };
const RESTRICTED_SINCE: Readonly<Record<string, number>> = { 'Privilege Escalation': 8, Capabilities: 22, Seccomp: 19 };

/** Checks a pod against a level of the standards as of a minor release (kubernetes.io, "Pod Security Standards"). */
export function checkPodSecurity(
  level: string,
  metadata: JsonObject,
  spec: JsonObject,
  minor = LATEST,
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
  const pod: PodParts = { metadata, spec, containers, minor };
  const since = ({ control }: PodSecurityViolation): boolean => minor >= (SINCE[control] ?? 0);
  const baseline = BASELINE.flatMap(control => [...control(pod)]).filter(
    violation => since(violation) && minor >= (BASELINE_SINCE[violation.control] ?? 0),
  );
  if (level !== 'restricted') return baseline;
  const restricted = RESTRICTED.flatMap(control => [...control(pod)]).filter(
    violation => since(violation) && minor >= (RESTRICTED_SINCE[violation.control] ?? 0),
  );
  return [...baseline, ...restricted.map(violation => ({ ...violation, restricted: true }))];
}
