import type { Json, JsonObject, KubeObject } from '../object.ts';
import { isObject } from '../merge/json.ts';

/** apiextensions/v1 CustomResourceDefinition, as far as it is read here. */
export interface CustomResourceDefinition extends KubeObject {
  spec: {
    group: string;
    names: CustomNames;
    scope: 'Namespaced' | 'Cluster';
    versions: CustomVersion[];
    conversion?: { strategy: string; webhook?: { clientConfig?: JsonObject; conversionReviewVersions?: string[] } };
    preserveUnknownFields?: boolean;
  };
  status?: { conditions?: CustomCondition[]; acceptedNames?: CustomNames; storedVersions?: string[] };
}

export interface CustomNames {
  plural: string;
  singular?: string;
  kind: string;
  listKind?: string;
  shortNames?: string[];
  categories?: string[];
}

export interface CustomVersion {
  name: string;
  served: boolean;
  storage: boolean;
  deprecated?: boolean;
  deprecationWarning?: string;
  schema?: { openAPIV3Schema?: JsonObject };
  subresources?: {
    status?: JsonObject;
    scale?: { specReplicasPath: string; statusReplicasPath: string; labelSelectorPath?: string };
  };
  additionalPrinterColumns?: {
    name: string;
    type: string;
    format?: string;
    description?: string;
    priority?: number;
    jsonPath: string;
  }[];
  selectableFields?: { jsonPath: string }[];
}

export interface CustomCondition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
  observedGeneration?: number;
}

export const CRD_GROUP = 'apiextensions.k8s.io';
export const CRD_RESOURCE = 'customresourcedefinitions';
/** Held until every object of the kind is gone. */
export const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io';

/** The status of a condition, undefined when it is not set. */
export function conditionOf(crd: CustomResourceDefinition, type: string): string | undefined {
  return crd.status?.conditions?.find(condition => condition.type === type)?.status;
}

/** A member that is an object, empty when it is not. */
export const objectMember = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});
