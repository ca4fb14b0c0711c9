import type { Answer, Fault, Text } from '../../base/index.ts';
import { explainFaults } from '../faults.ts';
import type { Prepared } from './prepared.ts';
import { meshMarkOf, speaksIn, unbuiltLayerOf } from './unbuilt.ts';
import { type Backend, podFrom } from './workload.ts';

const both = (en: string, zh: string): Text => ({ en, zh });

interface Mark {
  readonly way: 'tunnel' | 'proxy';
  readonly fault: Fault;
}

/** What puts a pod into a mesh, if anything does. */
function markOf(prepared: Prepared, backend: Backend): Mark | undefined {
  const pod = backend.object && podFrom(backend.object);
  const namespace = prepared.kinds('Namespace').find(({ metadata }) => metadata.name === backend.namespace);
  const mark = meshMarkOf(pod, namespace);
  if (!mark) return undefined;
  const { key, value, of, kept, way } = mark;
  const fault = explainFaults.make(
    'unbuilt-mark',
    of === 'pod'
      ? { kind: backend.kind, name: `${backend.namespace}/${backend.name}`, mark: `${key}=${value}` }
      : { kind: 'Namespace', name: backend.namespace, mark: `${key}=${value}` },
    of === 'pod'
      ? prepared.documents.originOf(backend.object!)?.span
      : prepared.documents.originOf(namespace!, `/metadata/${kept}/${key.replace('/', '~1')}`)?.span,
  );
  return { way, fault };
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

/** A hop for each layer with objects that could change the verdict between these namespaces: unknown, never allowed. */
export function unbuiltHops(prepared: Prepared, namespaces: ReadonlySet<string>): Answer[] {
  const found = new Map<string, Fault[]>();
  for (const object of prepared.documents.objects) {
    const layer = unbuiltLayerOf(object);
    if (layer === undefined || !speaksIn(object, namespaces)) continue;
    const { namespace, name = '' } = object.metadata;
    const fault = explainFaults.make(
      'unbuilt-layer',
      { kind: object.kind, name: namespace ? `${namespace}/${name}` : name },
      prepared.documents.originOf(object)?.span,
    );
    found.set(layer, [...(found.get(layer) ?? []), fault]);
  }
  return [...found].map(([layer, faults]) => unknown(layer, layer, faults, OBJECTS));
}
