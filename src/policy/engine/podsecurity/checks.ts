import { isObject, type Json, type JsonObject } from '../../../kernel/index.ts';
import { BASELINE, RESTRICTED } from './controls.ts';

/** One field of a pod that a control of the Pod Security Standards does not allow. */
export interface PodSecurityViolation {
  /** The control's title in the standard. */
  readonly control: string;
  /** `spec.containers[*].securityContext.privileged`. */
  readonly field: string;
  readonly value: Json;
  /** The image of the container that has the field; absent for fields of the pod. */
  readonly image?: string;
}

/** One list of containers with the field prefix violations name. */
export interface ContainerOf {
  readonly container: JsonObject;
  readonly path: string;
  readonly image: string;
}

export interface PodParts {
  readonly metadata: JsonObject;
  readonly spec: JsonObject;
  readonly containers: readonly ContainerOf[];
}

export const member = (value: Json | undefined, ...path: readonly string[]): Json | undefined => {
  let node = value;
  for (const step of path) node = isObject(node) ? node[step] : undefined;
  return node === null ? undefined : node;
};

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
        containers.push({ container, path: `spec.${list}[*]`, image: String(container.image ?? '') });
    }
  }
  const pod: PodParts = { metadata, spec, containers };
  const controls = level === 'restricted' ? [...BASELINE, ...RESTRICTED] : BASELINE;
  return controls.flatMap(control => [...control(pod)]);
}
