import type { KubeObject } from '../../../kernel/index.ts';
import { type ContainerPort, type Identity, NAMESPACE_NAME_LABEL, type Protocol } from '../../model.ts';
import { podLabels } from '../cilium/accounts.ts';
import { readStringMap } from './read.ts';

type Fields = Readonly<Record<string, unknown>>;
type PodIdentity = Extract<Identity, { kind: 'pod' }>;

/** Pods of one owner: for the network they are one party. */
export interface Workload {
  readonly namespace: string;
  readonly name: string;
  readonly kind: string;
  readonly identity: PodIdentity;
  readonly annotations: ReadonlyMap<string, string>;
  /** The pod template's spec (for secondary networks). */
  readonly spec: Fields;
}

const fields = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);

/** Where each kind that makes pods keeps its pod template. */
const TEMPLATES: ReadonlyMap<string, (spec: Fields) => unknown> = new Map([
  ['Deployment', spec => spec.template],
  ['ReplicaSet', spec => spec.template],
  ['StatefulSet', spec => spec.template],
  ['DaemonSet', spec => spec.template],
  ['ReplicationController', spec => spec.template],
  ['Job', spec => spec.template],
  ['CronJob', spec => fields(fields(spec.jobTemplate).spec).template],
  ['VirtualMachine', spec => spec.template],
  ['DeploymentConfig', spec => spec.template],
]);

/** Ports the containers of a pod spec declare. */
export function readPorts(spec: Fields): ContainerPort[] {
  return [...list(spec.initContainers), ...list(spec.containers)].flatMap(container =>
    list(fields(container).ports).flatMap(entry => {
      const { name, protocol, containerPort } = fields(entry);
      if (typeof containerPort !== 'number') return [];
      const known = protocol === 'UDP' || protocol === 'SCTP' ? protocol : ('TCP' as Protocol);
      return [{ ...(typeof name === 'string' ? { name } : {}), protocol: known, port: containerPort }];
    }),
  );
}

/** Labels of each namespace, every one with its own name; namespaces no document declares have only that. */
export function namespaceLabels(objects: readonly KubeObject[]): (name: string) => ReadonlyMap<string, string> {
  const declared = new Map<string, ReadonlyMap<string, string>>();
  const withName = (name: string, labels: ReadonlyMap<string, string>): ReadonlyMap<string, string> =>
    new Map([...labels, [NAMESPACE_NAME_LABEL, name]]);
  for (const object of objects) {
    if (object.kind !== 'Namespace' || !object.metadata.name) continue;
    declared.set(object.metadata.name, withName(object.metadata.name, readStringMap(object.metadata.labels)));
  }
  return name => {
    let labels = declared.get(name);
    if (!labels) declared.set(name, (labels = withName(name, new Map())));
    return labels;
  };
}

interface Owner {
  readonly name: string;
  readonly kind: string;
}

function ownerOf(object: KubeObject): Owner {
  const owners = object.metadata.ownerReferences ?? [];
  const owner = owners.find(entry => entry.controller) ?? owners[0];
  // A static pod belongs to its node, and is no replica of anything.
  if (!owner?.name || owner.kind === 'Node') return { name: object.metadata.name ?? '', kind: 'Pod' };
  // The pod that carries a virtual machine is the machine.
  if (owner.kind === 'VirtualMachineInstance') return { name: owner.name, kind: 'VirtualMachine' };
  return { name: owner.name, kind: owner.kind || 'Pod' };
}

function templateOf(object: KubeObject): { labels: unknown; annotations: unknown; spec: Fields } | undefined {
  const spec = fields(object.spec);
  if (object.kind === 'Pod') {
    return { labels: object.metadata.labels, annotations: object.metadata.annotations, spec };
  }
  const find = TEMPLATES.get(object.kind);
  if (!find) return undefined;
  const template = fields(find(spec));
  const metadata = fields(template.metadata);
  return { labels: metadata.labels, annotations: metadata.annotations, spec: fields(template.spec) };
}

/** Every party of the documents, pods of one owner once. Of pods with one owner the first stands for all. */
export function readWorkloads(objects: readonly KubeObject[]): Workload[] {
  const labelsOf = namespaceLabels(objects);
  const found = new Map<string, Workload>();
  for (const object of objects) {
    const template = templateOf(object);
    if (!template) continue;
    const owner = object.kind === 'Pod' ? ownerOf(object) : { name: object.metadata.name ?? '', kind: object.kind };
    const namespace = object.metadata.namespace || 'default';
    const key = `${namespace}/${owner.name}[${owner.kind}]`;
    if (found.has(key)) continue;
    found.set(key, {
      namespace,
      ...owner,
      annotations: readStringMap(template.annotations),
      spec: template.spec,
      identity: {
        kind: 'pod',
        namespace,
        labels: podLabels(template.labels, template.spec),
        namespaceLabels: labelsOf(namespace),
        ports: readPorts(template.spec),
      },
    });
  }
  return [...found.values()];
}
