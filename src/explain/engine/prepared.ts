import type { DecidedByRule } from '../../base/index.ts';
import type { KubeObject } from '../../kernel/index.ts';
import { type Identity, readSnapshot, type Snapshot } from '../../network/index.ts';
import { POLICY_DIALECTS } from '../../policy/index.ts';
import type { Documents } from '../model.ts';
import type { ExplainPorts } from '../ports.ts';
import { Rehearsal } from './admission.ts';
import { type Backend, type Fields, fieldsOf, listOf, podIdentity, podSpecOf } from './workload.ts';

/** Documents prepared for many questions. What a question does not need is not made. */
export class Prepared {
  readonly documents: Documents;
  readonly ports: ExplainPorts;
  #snapshot: Snapshot | undefined;
  #backends: readonly Backend[] | undefined;
  #rehearsal: Rehearsal | undefined;
  #byKind: ReadonlyMap<string, readonly KubeObject[]> | undefined;
  #byName: ReadonlyMap<string, KubeObject> | undefined;

  constructor(documents: Documents, ports: ExplainPorts = {}) {
    this.documents = documents;
    this.ports = ports;
  }

  get snapshot(): Snapshot {
    return (this.#snapshot ??= readSnapshot(this.documents.objects, this.documents.originOf));
  }

  get backends(): readonly Backend[] {
    return (this.#backends ??= this.#readBackends());
  }

  /** Admission as these documents would have it. */
  get rehearsal(): Rehearsal {
    return (this.#rehearsal ??= new Rehearsal(this.documents, this.kinds, [
      ...POLICY_DIALECTS,
      ...(this.ports.dialects?.() ?? []),
    ]));
  }

  /** Objects of one kind, whatever their group: built-in kinds have names of their own. */
  readonly kinds = (kind: string): readonly KubeObject[] => {
    if (!this.#byKind) {
      const found = new Map<string, KubeObject[]>();
      for (const object of this.documents.objects) {
        const list = found.get(object.kind);
        if (list) list.push(object);
        else found.set(object.kind, [object]);
      }
      this.#byKind = found;
    }
    return this.#byKind.get(kind) ?? [];
  };

  find(kind: string, namespace: string, name: string): KubeObject | undefined {
    this.#byName ??= new Map(
      this.documents.objects.map(object => [
        `${object.kind}/${object.metadata.namespace ?? 'default'}/${object.metadata.name}`,
        object,
      ]),
    );
    return this.#byName.get(`${kind}/${namespace}/${name}`);
  }

  /** An object as what decides. */
  ruleOf(object: KubeObject, rule?: string, pointer?: string): DecidedByRule {
    const where = this.documents.originOf(object, pointer);
    const { namespace, name = '' } = object.metadata;
    return {
      kind: object.kind,
      ...(namespace ? { namespace } : {}),
      name,
      ...(rule ? { rule } : {}),
      ...(where ? { where } : {}),
    };
  }

  /** The pods of a backend that are there, by selector of their owner or by name. */
  podsOf(backend: Backend): readonly KubeObject[] {
    const { object } = backend;
    if (!object) return [];
    if (object.kind === 'Pod') return [object];
    return this.kinds('Pod').filter(pod => this.#belongs(pod, object));
  }

  /** Nodes the pods of a backend are on, as far as they are written. */
  nodesOf(backend: Backend): ReadonlySet<string> {
    const specs = [...this.podsOf(backend), ...(backend.object ? [backend.object] : [])].map(podSpecOf);
    return new Set(specs.flatMap(spec => (typeof spec?.nodeName === 'string' ? [spec.nodeName] : [])));
  }

  #belongs(pod: KubeObject, owner: KubeObject): boolean {
    if ((pod.metadata.namespace ?? 'default') !== (owner.metadata.namespace ?? 'default')) return false;
    return (pod.metadata.ownerReferences ?? []).some(reference => {
      if (reference.kind === owner.kind && reference.name === owner.metadata.name) return true;
      // A Deployment's pods belong to its ReplicaSets, a CronJob's to its Jobs.
      const between = this.find(reference.kind, pod.metadata.namespace ?? 'default', reference.name);
      return (between?.metadata.ownerReferences ?? []).some(
        above => above.kind === owner.kind && above.name === owner.metadata.name,
      );
    });
  }

  #readBackends(): Backend[] {
    return this.snapshot.workloads.map(workload => {
      const object = this.find(workload.kind, workload.namespace, workload.name);
      return {
        namespace: workload.namespace,
        name: workload.name,
        kind: workload.kind,
        labels: Object.fromEntries(workload.identity.labels),
        identity: workload.identity,
        ports: workload.identity.ports,
        ...(object ? { object } : {}),
      };
    });
  }

  /** One pod as a party of its own: its labels may differ from those of its owner's template. */
  podBackend(pod: KubeObject): Backend {
    const namespace = pod.metadata.namespace ?? 'default';
    const labels = this.kinds('Namespace').find(({ metadata }) => metadata.name === namespace)?.metadata.labels;
    const identity: Extract<Identity, { kind: 'pod' }> = podIdentity(pod, namespace, labels);
    return {
      namespace,
      name: pod.metadata.name ?? '',
      kind: 'Pod',
      labels: pod.metadata.labels ?? {},
      identity,
      ports: identity.ports,
      object: pod,
    };
  }
}

/** Reads documents once for every question about them. */
export const prepare = (documents: Documents, ports: ExplainPorts = {}): Prepared => new Prepared(documents, ports);

/** Containers of a pod spec, those of start-up included. */
export const containersOf = (object: KubeObject): readonly Fields[] => {
  const spec = podSpecOf(object);
  return [...listOf(spec?.initContainers), ...listOf(spec?.containers)].map(fieldsOf);
};
