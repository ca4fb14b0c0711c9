import { type KubeObject, splitApiVersion } from '../../kernel/index.ts';
import {
  HARMLESS_KINDS,
  MESH_MARKS,
  ROOT_NAMESPACES,
  UNBUILT_GROUPS,
  UNBUILT_KINDS,
  type UnbuiltLayer,
} from '../dialects/unbuilt.ts';
import { fieldsOf } from './workload.ts';

/** What puts a pod into a mesh. */
export interface MeshMark {
  readonly key: string;
  readonly value: string;
  readonly of: 'pod' | 'namespace';
  readonly kept: 'labels' | 'annotations';
  /** The flow goes through a tunnel, on another port, or through a proxy on the same one. */
  readonly way: 'tunnel' | 'proxy';
}

/** What puts a pod into a mesh, if anything does: its own marks beat those of its namespace. */
export function meshMarkOf(pod: KubeObject | undefined, namespace: KubeObject | undefined): MeshMark | undefined {
  for (const { key, off, way } of MESH_MARKS) {
    for (const [of, object] of [
      ['pod', pod],
      ['namespace', namespace],
    ] as const) {
      const { labels, annotations } = object?.metadata ?? {};
      const value = labels?.[key] ?? annotations?.[key];
      if (value === undefined) continue;
      if (off.includes(value)) break;
      return { key, value, of, kept: labels?.[key] === undefined ? 'annotations' : 'labels', way };
    }
  }
  return undefined;
}

/** Names the Services a route of the mesh is attached to (GAMMA); such routes are not modelled between pods. */
function routesService(object: KubeObject): boolean {
  const { parentRefs } = fieldsOf(object.spec);
  return Array.isArray(parentRefs) && parentRefs.some(parent => fieldsOf(parent).kind === 'Service');
}

/** The layer an API group belongs to that decides about traffic and is not built. */
export const unbuiltGroup = (group: string): UnbuiltLayer | undefined =>
  UNBUILT_GROUPS.find(([pattern]) => pattern.test(group))?.[1];

/** The layer, not built, in which an object could change verdicts. */
export function unbuiltLayerOf(object: KubeObject): UnbuiltLayer | undefined {
  const { group } = splitApiVersion(object.apiVersion);
  if (group === 'gateway.networking.k8s.io') return routesService(object) ? 'mesh' : undefined;
  if (UNBUILT_KINDS.get(group)?.has(object.kind)) return 'network';
  return HARMLESS_KINDS.has(object.kind) ? undefined : unbuiltGroup(group);
}

/** Whether an object's word counts for flows between pods of these namespaces. */
export const speaksIn = ({ metadata: { namespace } }: KubeObject, namespaces: ReadonlySet<string>): boolean =>
  namespace === undefined || namespaces.has(namespace) || ROOT_NAMESPACES.has(namespace);
