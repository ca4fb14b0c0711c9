/** Pods as a storm's hand reads them. */
import type { KubeObject } from '../../../kernel/index.ts';

export interface PodObject extends KubeObject {
  readonly spec: {
    readonly nodeName?: string;
    readonly restartPolicy?: string;
    readonly containers: readonly { readonly name: string; readonly image?: string }[];
  };
}

export const pathOf = (object: KubeObject): string =>
  object.metadata.namespace ? `${object.metadata.namespace}/${object.metadata.name}` : (object.metadata.name ?? '');
