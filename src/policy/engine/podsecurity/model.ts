import { isObject, type Json, type JsonObject } from '../../../kernel/index.ts';

/** One field of a pod that a control of the Pod Security Standards does not allow. */
export interface PodSecurityViolation {
  /** The control's title in the standard. */
  readonly control: string;
  /** `spec.containers[*].securityContext.privileged`. */
  readonly field: string;
  /** The same field with the places in lists: `spec.containers[0].securityContext.privileged`; absent where it has none. */
  readonly at?: string;
  readonly value: Json;
  /** The image of the container that has the field; absent for fields of the pod. */
  readonly image?: string;
  /** The name of that container. */
  readonly container?: string;
  /** True where the field is not written though what would hold it is. */
  readonly isLeftOut?: true;
  /** The name of the volume that has the field. */
  readonly volume?: string;
  /** True where it is the restricted level that asks for it. */
  readonly restricted?: boolean;
}

/** One list of containers with the field prefix violations name. */
export interface ContainerOf {
  readonly container: JsonObject;
  readonly path: string;
  /** `spec.containers[0]`. */
  readonly at: string;
  readonly image: string;
  readonly name: string;
}

export interface PodParts {
  readonly metadata: JsonObject;
  readonly spec: JsonObject;
  readonly containers: readonly ContainerOf[];
  /** The minor release whose rules count. */
  readonly minor: number;
}

export const member = (value: Json | undefined, ...path: readonly string[]): Json | undefined => {
  let node = value;
  for (const step of path) node = isObject(node) ? node[step] : undefined;
  return node === null ? undefined : node;
};
