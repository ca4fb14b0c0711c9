/** What of layers that are not built could change a verdict: it makes the answer unknown, never allowed. */
import { meshMarkOf, speaksIn, unbuiltGroup, unbuiltLayerOf } from '../../../explain/index.ts';
import type { kinds, KubeObject, ResourceRef } from '../../../kernel/index.ts';
import type { LiveNetwork } from '../../../network/index.ts';

const NAMESPACES: ResourceRef = { group: '', version: 'v1', resource: 'namespaces' };
const DEFINITIONS: ResourceRef = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  resource: 'customresourcedefinitions',
};
const GATEWAY_GROUP = 'gateway.networking.k8s.io';

/** Follows collections of groups nobody here decides by, and the marks that put pods into a mesh. */
export class MeshSigns {
  readonly #network: LiveNetwork;
  readonly #followed = new Map<string, { readonly ref: ResourceRef; readonly kind: string }>();

  constructor(network: LiveNetwork) {
    this.#network = network;
    network.informers.of<KubeObject>(NAMESPACES).onChange(() => network.touch());
    network.informers.of<KubeObject>(DEFINITIONS).onChange(({ type, object }) => {
      if (type !== 'deleted') this.#follow(object as kinds.CustomResourceDefinition);
    });
  }

  #follow({ metadata: { name = '' }, spec }: kinds.CustomResourceDefinition): void {
    const version = spec?.versions.find(({ storage, served }) => storage && served)?.name;
    if (!spec || version === undefined || this.#followed.has(name)) return;
    if (spec.group !== GATEWAY_GROUP && unbuiltGroup(spec.group) === undefined) return;
    const versions = spec.versions.filter(({ served }) => served).map(each => each.name);
    const ref: ResourceRef = { group: spec.group, version, resource: spec.names.plural };
    this.#followed.set(name, { ref, kind: spec.names.kind });
    // Routing asks for the version it knows.
    for (const each of spec.group === GATEWAY_GROUP ? versions : [version])
      this.#network.follow({ ...ref, version: each });
  }

  /** An object of a layer that is not built, where its word counts between these ends. */
  between(from: kinds.Pod | undefined, namespace: string | undefined): string | undefined {
    if (this.#followed.size === 0) return undefined;
    const namespaces = new Set([from?.metadata.namespace, namespace].filter(name => name !== undefined));
    for (const { ref, kind } of this.#followed.values()) {
      for (const object of this.#network.informers.of<KubeObject>(ref).list()) {
        const typed = { ...object, kind, apiVersion: `${ref.group}/${ref.version}` };
        if (unbuiltLayerOf(typed) !== undefined && speaksIn(typed, namespaces))
          return `${kind} ${object.metadata.namespace ?? ''}/${object.metadata.name} is of a layer that is not modelled`;
      }
    }
    return undefined;
  }

  /** A mark that puts one of the ends into a mesh; a tunnel needs both. */
  at(from: kinds.Pod | undefined, to: kinds.Pod | undefined): { text: string; tunnel: boolean } | undefined {
    const [left, right] = [from, to].map(pod => {
      const namespace = pod && this.#network.informers.of<KubeObject>(NAMESPACES).get(pod.metadata.namespace ?? '');
      return pod && meshMarkOf(pod as KubeObject, namespace);
    });
    const mark = left ?? right;
    if (!mark) return undefined;
    const { namespace, name } = (left ? from : to)!.metadata;
    return {
      text: `${mark.key}=${mark.value} puts ${namespace}/${name} into a mesh that is not modelled`,
      tunnel: left?.way === 'tunnel' && right?.way === 'tunnel',
    };
  }
}
