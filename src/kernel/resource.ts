import type { KindRef, ResourceRef } from './object.ts';
import type { Schema } from './schema/schema.ts';

/** A printer column (meta/v1 Table): `path` is a JSONPath for CRDs; built-in kinds have cell functions in api/. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: string;
  readonly format?: string;
  readonly description?: string;
  readonly priority?: number;
  readonly path: string;
}

/** One served collection: what discovery says of it and how its objects are read. */
export interface ResourceDefinition extends ResourceRef {
  readonly kind: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly subresources: readonly SubresourceDefinition[];
  readonly schema: Schema;
  /** The version objects of this group and resource are stored in. */
  readonly storageVersion: string;
  readonly columns?: readonly PrinterColumn[];
  /** Field paths beside metadata.name and metadata.namespace that field selectors may use. */
  readonly selectableFields?: readonly string[];
  /** False for a storage version that only conversion knows: requests for it are 404s, discovery leaves it out. */
  readonly served?: boolean;
  /** True for kinds a CustomResourceDefinition brought. */
  readonly custom?: boolean;
}

export interface SubresourceDefinition {
  /** `status`, `scale`, `log` … */
  readonly name: string;
  readonly verbs: readonly string[];
  /** The kind its bodies are of, where it differs (`autoscaling/v1 Scale`). */
  readonly kind?: KindRef;
  /** `scale` of custom kinds: dot paths as the CustomResourceDefinition names them. */
  readonly scalePaths?: {
    readonly specReplicas: string;
    readonly statusReplicas: string;
    readonly labelSelector?: string;
  };
}

/** Every served collection: built in and from CRDs. Changes when a CRD does. */
export interface ResourceCatalog {
  resource(ref: ResourceRef): ResourceDefinition | undefined;
  kind(ref: KindRef): ResourceDefinition | undefined;
  all(): Iterable<ResourceDefinition>;
}
