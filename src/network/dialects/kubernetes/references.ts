import type { KubeObject } from '../../../kernel/index.ts';
import type { PolicyContext } from '../context.ts';
import { readStringMap } from './read.ts';

const SERVICE_LABEL = 'kubernetes.io/service-name';

interface Endpoint {
  readonly addresses?: readonly string[];
}

/** The addresses an EndpointSlice or Endpoints writes for a Service, which is `namespace/name`; undefined for other kinds. */
export function readEndpoints(object: KubeObject): { service: string; addresses: readonly string[] } | undefined {
  const { namespace = 'default', name = '', labels } = object.metadata;
  if (object.kind === 'EndpointSlice') {
    const service = labels?.[SERVICE_LABEL];
    const endpoints = (object.endpoints ?? []) as readonly Endpoint[];
    if (service === undefined || !Array.isArray(endpoints)) return undefined;
    return { service: `${namespace}/${service}`, addresses: endpoints.flatMap(({ addresses = [] }) => [...addresses]) };
  }
  if (object.kind !== 'Endpoints' || !Array.isArray(object.subsets)) return undefined;
  const subsets = object.subsets as readonly { readonly addresses?: readonly { readonly ip?: string }[] }[];
  const addresses = subsets.flatMap(subset => (subset.addresses ?? []).flatMap(({ ip }) => (ip ? [ip] : [])));
  return { service: `${namespace}/${name}`, addresses };
}

/** A Service as policies refer to it. */
export function readService(
  object: KubeObject,
  addresses: ReadonlyMap<string, readonly string[]>,
): PolicyContext['services'][number] {
  const { namespace = 'default', name = '', labels } = object.metadata;
  const selector = readStringMap((object.spec as { selector?: unknown } | undefined)?.selector);
  return {
    namespace,
    name,
    labels: readStringMap(labels),
    ...(selector.size > 0 ? { selector: Object.fromEntries(selector) } : {}),
    addresses: selector.size > 0 ? [] : [...new Set(addresses.get(`${namespace}/${name}`) ?? [])],
  };
}
