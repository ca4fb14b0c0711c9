import type { KubeObject } from '../../../kernel/index.ts';
import { type ConnectionSet, NO_CONNECTIONS, unite } from '../../engine/ports.ts';
import { selects } from '../../engine/selectors.ts';
import { readStringMap } from './read.ts';
import type { Workload } from './workloads.ts';

type Fields = Readonly<Record<string, unknown>>;
const fields = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);

/** One object that lets traffic from outside in, and to which ports of which workload. */
export interface Opening {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly service: string;
  readonly workload: Workload;
  readonly connections: ConnectionSet;
}

/** `port` is a number or a name of a port of the service; absent takes all of its ports. */
interface Backend {
  readonly service: string;
  readonly port?: number | string;
}

function backendsOfIngress(spec: Fields): Backend[] {
  const read = (value: unknown): Backend[] => {
    const service = fields(fields(value).service);
    if (typeof service.name !== 'string') return [];
    const { number, name } = fields(service.port);
    const port = typeof number === 'number' ? number : typeof name === 'string' ? name : undefined;
    return [{ service: service.name, ...(port === undefined ? {} : { port }) }];
  };
  const paths = list(spec.rules).flatMap(rule => list(fields(fields(rule).http).paths));
  return [...read(spec.defaultBackend), ...paths.flatMap(path => read(fields(path).backend))];
}

function backendsOfRoute(spec: Fields): Backend[] {
  const { targetPort } = fields(spec.port);
  const port = typeof targetPort === 'number' || typeof targetPort === 'string' ? targetPort : undefined;
  return [spec.to, ...list(spec.alternateBackends)].flatMap(target => {
    const { kind, name } = fields(target);
    if (typeof name !== 'string' || (kind !== undefined && kind !== 'Service')) return [];
    return [{ service: name, ...(port === undefined ? {} : { port }) }];
  });
}

/** The pod ports a backend reaches: by number or name of the service's port, or by its target. */
function targetsOf(service: Fields, wanted: Backend['port']): (number | string)[] {
  return list(service.ports).flatMap(entry => {
    const { port, name, targetPort } = fields(entry);
    const hit = wanted === undefined || wanted === port || wanted === targetPort || wanted === name;
    const target = targetPort ?? port;
    return hit && (typeof target === 'number' || typeof target === 'string') ? [target] : [];
  });
}

/** An ingress proxy speaks TCP, and only to ports that a container declares. */
function reachable(workload: Workload, targets: readonly (number | string)[]): ConnectionSet {
  const declared = workload.identity.ports.filter(
    port => port.protocol === 'TCP' && targets.some(target => target === port.port || target === port.name),
  );
  const anyPort = workload.kind === 'VirtualMachine' ? targets.filter(target => typeof target === 'number') : [];
  const ports = [...declared.map(({ port }) => port), ...anyPort];
  return ports.reduce<ConnectionSet>(
    (set, port) => unite(set, new Map([['TCP', [{ from: port, to: port }]]])),
    NO_CONNECTIONS,
  );
}

/** What Ingress and Route objects open, through their Services, to which workloads. */
export function readOpenings(objects: readonly KubeObject[], workloads: readonly Workload[]): Opening[] {
  const services = new Map<string, KubeObject>();
  for (const object of objects) {
    if (object.kind !== 'Service') continue;
    services.set(`${object.metadata.namespace || 'default'}/${object.metadata.name}`, object);
  }
  const readers = new Map([
    ['Ingress', backendsOfIngress],
    ['Route', backendsOfRoute],
  ]);
  return objects.flatMap(object => {
    const backends = readers.get(object.kind)?.(fields(object.spec)) ?? [];
    const namespace = object.metadata.namespace || 'default';
    return backends.flatMap(({ service: name, port }) => {
      const spec = fields(services.get(`${namespace}/${name}`)?.spec);
      const selector = [...readStringMap(spec.selector)].map(([key, value]) => ({
        key,
        operator: 'Equals' as const,
        values: [value],
      }));
      if (selector.length === 0) return [];
      return workloads
        .filter(workload => workload.namespace === namespace && selects(selector, workload.identity.labels))
        .map(workload => ({
          kind: object.kind,
          namespace,
          name: object.metadata.name ?? '',
          service: name,
          workload,
          connections: reachable(workload, targetsOf(spec, port)),
        }));
    });
  });
}
