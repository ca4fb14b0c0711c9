import type { Answer, Fault, Text } from '../../base/index.ts';
import { type KubeObject, splitApiVersion } from '../../kernel/index.ts';
import { HARMLESS_KINDS, MESH_MARKS, ROOT_NAMESPACES, UNBUILT_GROUPS } from '../dialects/unbuilt.ts';
import { explainFaults } from '../faults.ts';
import type { Prepared } from './prepared.ts';
import { type Backend, fieldsOf, podFrom } from './workload.ts';

const both = (en: string, zh: string): Text => ({ en, zh });

interface Mark {
  readonly way: 'tunnel' | 'proxy';
  readonly fault: Fault;
}

/** What puts a pod into a mesh, if anything does: its own marks beat those of its namespace. */
function markOf(prepared: Prepared, backend: Backend): Mark | undefined {
  const pod = backend.object && podFrom(backend.object);
  const namespace = prepared.kinds('Namespace').find(({ metadata }) => metadata.name === backend.namespace);
  for (const { key, off, way } of MESH_MARKS) {
    for (const object of [pod, namespace]) {
      const { labels, annotations } = object?.metadata ?? {};
      const value = labels?.[key] ?? annotations?.[key];
      if (value === undefined) continue;
      if (off.includes(value)) break;
      const name = object === pod ? `${backend.namespace}/${backend.name}` : backend.namespace;
      const kind = object === pod ? backend.kind : 'Namespace';
      const written = object === pod ? backend.object! : namespace!;
      const pointer =
        object === namespace
          ? `/metadata/${labels?.[key] === undefined ? 'annotations' : 'labels'}/${key.replace('/', '~1')}`
          : undefined;
      const fault = explainFaults.make(
        'unbuilt-mark',
        { kind, name, mark: `${key}=${value}` },
        prepared.documents.originOf(written, pointer)?.span,
      );
      return { way, fault };
    }
  }
  return undefined;
}

const unknown = (layer: string, enforcer: string, unmodelled: readonly Fault[], text: Text): Answer => ({
  outcome: 'unknown',
  layer,
  enforcer,
  by: { default: text },
  because: [],
  nearMisses: [],
  unmodelled,
});

/** What puts both ends into a mesh is told once. */
const distinct = (faults: readonly Fault[]): readonly Fault[] => [
  ...new Map(faults.map(fault => [JSON.stringify(fault.params), fault])).values(),
];

const TUNNEL = both(
  'Both ends are in a mesh that carries the flow through a tunnel: the outer port is another one than was asked about',
  '两端都在网格中,流量经隧道传输:外层端口与所问端口不同',
);
const PROXY = both('An end is in a mesh that is not modelled', '一端位于尚未建模的网格中');
const OBJECTS = both('Objects of a layer that is not modelled', '存在尚未建模之层的对象');

/** Mesh identity and tunnel: between the two sides of the network, for both ends must be in it. */
export function tunnelHop(prepared: Prepared, source: Backend | undefined, destination: Backend): Answer | undefined {
  const to = markOf(prepared, destination);
  const from = source && markOf(prepared, source);
  if (to?.way !== 'tunnel' || from?.way !== 'tunnel') return undefined;
  return unknown('mesh', 'mesh', distinct([from.fault, to.fault]), TUNNEL);
}

/** The mesh's own say at the destination, by labels of the ends. */
export function proxyHop(prepared: Prepared, source: Backend | undefined, destination: Backend): Answer | undefined {
  const marks = [source && markOf(prepared, source), markOf(prepared, destination)].filter(mark => mark !== undefined);
  return marks.length === 0 ? undefined : unknown('mesh', 'mesh', distinct(marks.map(mark => mark.fault)), PROXY);
}

/** Names the Services a route of the mesh is attached to (GAMMA); such routes are not modelled between pods. */
function routesService(object: KubeObject): boolean {
  const { parentRefs } = fieldsOf(object.spec);
  return Array.isArray(parentRefs) && parentRefs.some(parent => fieldsOf(parent).kind === 'Service');
}

function layerOf(object: KubeObject): string | undefined {
  const { group } = splitApiVersion(object.apiVersion);
  if (group === 'gateway.networking.k8s.io') return routesService(object) ? 'mesh' : undefined;
  if (HARMLESS_KINDS.has(object.kind)) return undefined;
  return UNBUILT_GROUPS.find(([pattern]) => pattern.test(group))?.[1];
}

/** A hop for each layer with objects that could change the verdict between these namespaces: unknown, never allowed. */
export function unbuiltHops(prepared: Prepared, namespaces: ReadonlySet<string>): Answer[] {
  const found = new Map<string, Fault[]>();
  for (const object of prepared.documents.objects) {
    const layer = layerOf(object);
    const { namespace, name = '' } = object.metadata;
    if (
      layer === undefined ||
      (namespace !== undefined && !namespaces.has(namespace) && !ROOT_NAMESPACES.has(namespace))
    )
      continue;
    const fault = explainFaults.make(
      'unbuilt-layer',
      { kind: object.kind, name: namespace ? `${namespace}/${name}` : name },
      prepared.documents.originOf(object)?.span,
    );
    found.set(layer, [...(found.get(layer) ?? []), fault]);
  }
  return [...found].map(([layer, faults]) => unknown(layer, layer, faults, OBJECTS));
}
