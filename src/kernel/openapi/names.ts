import type { KindRef } from '../object.ts';

const LONG: readonly (readonly [short: string, long: string])[] = [
  ['meta.', 'io.k8s.apimachinery.pkg.apis.meta.'],
  ['apimachinery.', 'io.k8s.apimachinery.pkg.'],
  ['apiextensions.', 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.'],
  ['apiregistration.', 'io.k8s.kube-aggregator.pkg.apis.apiregistration.'],
];

/** `core.v1.Pod` -> `io.k8s.api.core.v1.Pod`: the names clients know from the API server's documents. */
export function definitionName(typeName: string): string {
  for (const [short, long] of LONG) if (typeName.startsWith(short)) return long + typeName.slice(short.length);
  return `io.k8s.api.${typeName}`;
}

/** `{ group: 'stable.example.com', … }` -> `com.example.stable.v1.CronTab`, as the API server names custom kinds. */
export function customDefinitionName(kind: KindRef): string {
  return `${kind.group.split('.').reverse().join('.')}.${kind.version}.${kind.kind}`;
}

/** Types every document may refer to that are words of the type table, not lines. */
export const WELL_KNOWN = {
  time: 'io.k8s.apimachinery.pkg.apis.meta.v1.Time',
  microTime: 'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime',
  fields: 'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1',
  patch: 'io.k8s.apimachinery.pkg.apis.meta.v1.Patch',
  raw: 'io.k8s.apimachinery.pkg.runtime.RawExtension',
  quantity: 'io.k8s.apimachinery.pkg.api.resource.Quantity',
  intOrString: 'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
  json: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON',
  schemaOrArray: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray',
  schemaOrBool: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool',
  schemaOrStrings: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray',
} as const;
