import type { Origin } from '../../base/index.ts';
import type { KubeObject } from '../../kernel/index.ts';
import type { Documents } from '../model.ts';
import { differences } from './differences.ts';
import type { Prepared } from './prepared.ts';
import { fieldsOf } from './workload.ts';

export interface ObjectChange {
  readonly change: 'added' | 'removed' | 'changed';
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  /** Fields that differ, as RFC 6901 pointers; only for `changed`. */
  readonly paths: readonly string[];
  readonly where?: Origin;
  /** The object as it would be; absent when it goes. */
  readonly after?: KubeObject;
}

const PATHS_MAX = 20;

export const identityOf = (object: KubeObject): string =>
  `${object.apiVersion.replace(/\/?v\d.*$/, '')}|${object.kind}|${object.metadata.namespace ?? ''}|${object.metadata.name ?? ''}`;

/** Every object that is added, removed or has other fields. */
export function objectChanges(before: Documents, after: Documents): ObjectChange[] {
  const old = new Map(before.objects.map(object => [identityOf(object), object]));
  const changes: ObjectChange[] = [];
  const describe = (
    object: KubeObject,
    documents: Documents,
    change: ObjectChange['change'],
    paths: readonly string[] = [],
  ): void => {
    const where = documents.originOf(object, paths[0]);
    const { namespace, name = '' } = object.metadata;
    changes.push({
      change,
      kind: object.kind,
      ...(namespace ? { namespace } : {}),
      name,
      paths: paths.slice(0, PATHS_MAX),
      ...(where ? { where } : {}),
      ...(change === 'removed' ? {} : { after: object }),
    });
  };
  for (const object of after.objects) {
    const known = old.get(identityOf(object));
    old.delete(identityOf(object));
    if (!known) describe(object, after, 'added');
    else {
      const paths = differences(known, object);
      if (paths.length > 0) describe(object, after, 'changed', paths);
    }
  }
  for (const object of old.values()) describe(object, before, 'removed');
  return changes;
}

/** A workload that would have another number of pods. */
export interface ReplicaChange {
  readonly workload: string;
  readonly before: number;
  readonly after: number;
}

/** Workloads on both sides whose written replicas differ. */
export function replicaChanges(from: Prepared, to: Prepared): ReplicaChange[] {
  return ['Deployment', 'StatefulSet', 'ReplicaSet'].flatMap(kind =>
    to.kinds(kind).flatMap(object => {
      const { namespace = 'default', name = '' } = object.metadata;
      const known = from.find(kind, namespace, name);
      const count = (each: KubeObject): number => Number(fieldsOf(each.spec).replicas ?? 1);
      if (!known || count(known) === count(object)) return [];
      return [{ workload: `${namespace}/${name}[${kind}]`, before: count(known), after: count(object) }];
    }),
  );
}
