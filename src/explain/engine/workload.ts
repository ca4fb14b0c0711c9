import type { KubeObject } from '../../kernel/index.ts';
import { type Identity, loneAddress, podLabels } from '../../network/index.ts';

export type Fields = Readonly<Record<string, unknown>>;

export const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);

/** A pod, or what makes pods, with what Services and policies look at. */
export interface Backend {
  readonly namespace: string;
  readonly name: string;
  readonly kind: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly identity: Extract<Identity, { kind: 'pod' }>;
  readonly ports: readonly { readonly name?: string; readonly port: number; readonly protocol: string }[];
  /** Its document; absent where only pods of it are known. */
  readonly object?: KubeObject;
}

/** The pod template of what makes pods; undefined for other kinds. */
export function templateOf(object: KubeObject): Fields | undefined {
  const spec = fieldsOf(object.spec);
  const template = spec.template ?? fieldsOf(fieldsOf(spec.jobTemplate).spec).template;
  return typeof template === 'object' && template !== null ? (template as Fields) : undefined;
}

export function podSpecOf(object: KubeObject): Fields | undefined {
  if (object.kind === 'Pod') return fieldsOf(object.spec);
  const template = templateOf(object);
  return template && fieldsOf(template.spec);
}

const NAMELESS = /[^a-z0-9-]/g;

/** The pod a controller would make from a template; the object itself where it is a pod. */
export function podFrom(object: KubeObject): KubeObject | undefined {
  if (object.kind === 'Pod') return object;
  const template = templateOf(object);
  if (!template) return undefined;
  const { labels, annotations } = fieldsOf(template.metadata);
  const name = object.metadata.name ?? '';
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${name.replaceAll(NAMELESS, '-')}-0`,
      namespace: object.metadata.namespace ?? 'default',
      ...(labels ? { labels: labels as Record<string, string> } : {}),
      ...(annotations ? { annotations: annotations as Record<string, string> } : {}),
      ownerReferences: [
        { apiVersion: object.apiVersion, kind: object.kind, name, uid: object.metadata.uid ?? '', controller: true },
      ],
    },
    spec: structuredClone(fieldsOf(template.spec)),
  } as KubeObject;
}

/** How many pods a document asks for. */
export function replicasOf(object: KubeObject): number {
  if (object.kind === 'Pod') return 1;
  const spec = fieldsOf(object.spec);
  const wanted = object.kind === 'Job' ? (spec.parallelism ?? 1) : (spec.replicas ?? 1);
  return typeof wanted === 'number' && wanted >= 0 ? wanted : 1;
}

/** The addresses a pod has; none before it runs. */
export function addressesOf(pod: KubeObject): string[] {
  const { podIP, podIPs } = fieldsOf(pod.status);
  const told = [...listOf(podIPs).map(entry => fieldsOf(entry).ip), podIP];
  return [...new Set(told.filter(ip => typeof ip === 'string'))];
}

/** A pod as policies see it; every namespace carries its own name as a label. */
export function podIdentity(
  pod: KubeObject,
  namespace: string,
  namespaceLabels: Readonly<Record<string, string>> | undefined,
): Extract<Identity, { kind: 'pod' }> {
  const text = (map: Readonly<Record<string, unknown>> | undefined): Map<string, string> =>
    new Map(Object.entries(map ?? {}).map(([key, value]) => [key, String(value)]));
  const spec = fieldsOf(pod.spec);
  const own = addressesOf(pod).flatMap(loneAddress);
  return {
    kind: 'pod',
    ...(own.length > 0 ? { own } : {}),
    namespace,
    labels: podLabels(pod.metadata.labels, pod.spec),
    namespaceLabels: text({ ...namespaceLabels, 'kubernetes.io/metadata.name': namespace }),
    ports: [...listOf(spec.initContainers), ...listOf(spec.containers)].flatMap(container =>
      listOf(fieldsOf(container).ports).flatMap(entry => {
        const { name, protocol, containerPort } = fieldsOf(entry);
        if (typeof containerPort !== 'number') return [];
        const known = protocol === 'UDP' || protocol === 'SCTP' ? protocol : 'TCP';
        return [{ ...(typeof name === 'string' ? { name } : {}), protocol: known, port: containerPort } as const];
      }),
    ),
  };
}
