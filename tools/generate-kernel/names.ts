/** Where the OpenAPI documents keep each family of types, and the short prefix the tables use for it. */
const PREFIXES: readonly (readonly [long: string, short: string])[] = [
  ['io.k8s.apimachinery.pkg.apis.meta.', 'meta.'],
  ['io.k8s.apimachinery.pkg.', 'apimachinery.'],
  ['io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.', 'apiextensions.'],
  ['io.k8s.kube-aggregator.pkg.apis.apiregistration.', 'apiregistration.'],
  ['io.k8s.api.', ''],
];

/** `io.k8s.api.core.v1.Pod` -> `core.v1.Pod`. */
export function shortName(openApiName: string): string {
  for (const [long, short] of PREFIXES) if (openApiName.startsWith(long)) return short + openApiName.slice(long.length);
  return openApiName;
}

/** The type a `$ref` names, short. */
export function shortReference(reference: string): string {
  return shortName(reference.slice(reference.lastIndexOf('/') + 1));
}
