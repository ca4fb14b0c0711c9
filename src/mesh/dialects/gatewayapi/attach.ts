import type { KubeObject } from '../../../kernel/index.ts';
import { type Fields, fields, list, number, text, texts } from './read.ts';

export const GATEWAY_GROUP = 'gateway.networking.k8s.io';

/** One listener of a Gateway as its spec says. */
export interface GatewayListener {
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
  readonly hostname?: string;
  readonly tlsMode?: string;
  readonly certificateRefs: readonly {
    readonly group: string;
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
  }[];
  /** Namespaces whose routes may attach. */
  readonly from: string;
  readonly selector: Fields;
  readonly kinds: readonly string[];
}

export function listenersOf(gateway: KubeObject): GatewayListener[] {
  const own = gateway.metadata.namespace ?? 'default';
  return list(fields(gateway.spec).listeners).map(entry => {
    const allowed = fields(entry.allowedRoutes);
    const namespaces = fields(allowed.namespaces);
    const hostname = text(entry.hostname);
    const tlsMode = text(fields(entry.tls).mode);
    return {
      name: text(entry.name) ?? '',
      port: number(entry.port) ?? 0,
      protocol: text(entry.protocol) ?? '',
      ...(hostname ? { hostname } : {}),
      ...(tlsMode ? { tlsMode } : {}),
      certificateRefs: list(fields(entry.tls).certificateRefs).map(reference => ({
        group: text(reference.group) ?? '',
        kind: text(reference.kind) ?? 'Secret',
        namespace: text(reference.namespace) ?? own,
        name: text(reference.name) ?? '',
      })),
      from: text(namespaces.from) ?? 'Same',
      selector: fields(namespaces.selector),
      kinds: list(allowed.kinds).map(kind => text(kind.kind) ?? ''),
    };
  });
}

/** One parentRef that names a Gateway. */
export interface ParentReference {
  readonly raw: Fields;
  readonly namespace: string;
  readonly name: string;
  readonly sectionName?: string;
  readonly port?: number;
}

export function parentsOf(route: KubeObject): ParentReference[] {
  const own = route.metadata.namespace ?? 'default';
  return list(fields(route.spec).parentRefs)
    .filter(
      entry => (text(entry.kind) ?? 'Gateway') === 'Gateway' && (text(entry.group) ?? GATEWAY_GROUP) === GATEWAY_GROUP,
    )
    .map(entry => {
      const sectionName = text(entry.sectionName);
      const port = number(entry.port);
      return {
        raw: entry,
        namespace: text(entry.namespace) ?? own,
        name: text(entry.name) ?? '',
        ...(sectionName ? { sectionName } : {}),
        ...(port === undefined ? {} : { port }),
      };
    });
}

const below = (wildcard: string, host: string): boolean =>
  host.endsWith(wildcard.slice(1)) && host.length > wildcard.length - 1;

/** The hosts a route has on a listener; undefined when their names have nothing in common. */
export function intersectHosts(listener: string | undefined, route: KubeObject): string[] | undefined {
  const hosts = texts(fields(route.spec).hostnames).map(host => host.toLowerCase());
  if (listener === undefined || listener === '') return hosts;
  if (hosts.length === 0) return [listener.toLowerCase()];
  const own = listener.toLowerCase();
  const shared = hosts.flatMap(host => {
    if (host === own) return [host];
    if (own.startsWith('*.') && below(own, host)) return [host];
    return host.startsWith('*.') && below(host, own) ? [own] : [];
  });
  return shared.length === 0 ? undefined : shared;
}

/** ReferenceGrants let a namespace's objects be named from others (GEP-709). */
export function isGranted(
  grants: Iterable<KubeObject>,
  from: { readonly kind: string; readonly namespace: string },
  to: { readonly group: string; readonly kind: string; readonly namespace: string; readonly name: string },
): boolean {
  if (from.namespace === to.namespace) return true;
  for (const grant of grants) {
    if (grant.metadata.namespace !== to.namespace) continue;
    const spec = fields(grant.spec);
    const source = list(spec.from).some(
      entry => entry.group === GATEWAY_GROUP && entry.kind === from.kind && entry.namespace === from.namespace,
    );
    const target = list(spec.to).some(
      entry =>
        (text(entry.group) ?? '') === to.group &&
        entry.kind === to.kind &&
        (entry.name === undefined || entry.name === '' || entry.name === to.name),
    );
    if (source && target) return true;
  }
  return false;
}
