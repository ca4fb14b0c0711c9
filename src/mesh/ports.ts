import type { KubeObject, ResourceRef } from '../kernel/index.ts';

/** Collections as routing reads them: informers while it runs, documents when it is asked about. */
export interface MeshReads {
  of<T extends KubeObject>(ref: ResourceRef): { get(key: string): T | undefined; list(): Iterable<T> };
}
