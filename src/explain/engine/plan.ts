import type { Fault, Origin } from '../../base/index.ts';
import type { KubeObject } from '../../kernel/index.ts';
import { compareConnections, formatConnections, hasNoConnections, subtractConnections } from '../../network/index.ts';
import type { Documents } from '../model.ts';
import { differences } from './differences.ts';
import { prepare } from './prepared.ts';

export interface ObjectChange {
  readonly change: 'added' | 'removed' | 'changed';
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  /** Fields that differ, as RFC 6901 pointers; only for `changed`. */
  readonly paths: readonly string[];
  readonly where?: Origin;
}

/** A set of connections of one pair that a change lets through, or stops. */
export interface FlowChange {
  readonly source: string;
  readonly destination: string;
  /** `TCP 80,8080-8090`, as connection lists write it. */
  readonly connections: string;
  /** Workloads of the pair that only one side has: the flow is new because they are. */
  readonly workloads: readonly string[];
}

export interface Plan {
  readonly objects: readonly ObjectChange[];
  readonly newlyAllowed: readonly FlowChange[];
  readonly newlyDenied: readonly FlowChange[];
  /** What could not be read or is not modelled: verdicts beside it are not exact. */
  readonly unknown: readonly Fault[];
}

const PATHS_MAX = 20;

const identityOf = (object: KubeObject): string =>
  `${object.apiVersion.replace(/\/?v\d.*$/, '')}|${object.kind}|${object.metadata.namespace ?? ''}|${object.metadata.name ?? ''}`;

function objectChanges(before: Documents, after: Documents): ObjectChange[] {
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

/** What a change of documents would do: objects first, then whose traffic it newly allows or denies. */
export function plan(before: Documents, after: Documents): Plan {
  const [from, to] = [prepare(before), prepare(after)];
  const newlyAllowed: FlowChange[] = [];
  const newlyDenied: FlowChange[] = [];
  for (const difference of compareConnections(from.snapshot, to.snapshot)) {
    const workloads = [...difference.newWorkloads, ...difference.goneWorkloads];
    const note = (list: FlowChange[], set: typeof difference.after): void => {
      if (!hasNoConnections(set))
        list.push({
          source: difference.source,
          destination: difference.destination,
          connections: formatConnections(set),
          workloads,
        });
    };
    note(newlyAllowed, subtractConnections(difference.after, difference.before));
    note(newlyDenied, subtractConnections(difference.before, difference.after));
  }
  const unknown = [...to.snapshot.faults, ...to.snapshot.policies.flatMap(policy => policy.unmodelled)];
  return { objects: objectChanges(before, after), newlyAllowed, newlyDenied, unknown };
}
