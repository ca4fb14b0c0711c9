/**
 * What no object may go through, whoever writes it (Kubernetes API conventions; "Finalizers"; "Pod Lifecycle"): a deletion is not
 * taken back, a finalizer is not passed over, an end is an end, a place is kept, a namespace goes last.
 */
import type { KubeObject } from '../../../kernel/index.ts';
import type { Call, Commit } from '../model.ts';
import type { Invariant, Watchdog } from './report.ts';
import { isEnded, isGoing, nameOf, phaseOf, specOf } from './view.ts';

const isSame = (one: KubeObject, other: KubeObject): boolean => one.metadata.uid === other.metadata.uid;

/** Fields of a Service and a pod that stay as they are once they are set. */
const KEPT: Readonly<Record<string, (object: KubeObject) => string | undefined>> = {
  pods: pod => specOf<{ nodeName?: string }>(pod).nodeName,
  services: service => {
    const { type = 'ClusterIP', clusterIP } = specOf<{ type?: string; clusterIP?: string }>(service);
    return type === 'ExternalName' ? undefined : clusterIP;
  },
};

/** Kinds whose generation is one more with every change of the spec. */
const COUNTED = /^(apps|batch)\//;

export function lifecycleInvariant(dog: Watchdog): Invariant {
  const name = 'lifecycle';
  const { view } = dog;
  /** Objects that went while finalizers held them, at this moment. */
  let passed = new Map<string, string>();
  let deleted = new Set<string>();
  const tell = (about: string, message: string): void => dog.violated(name, about, message);

  const removed = ({ collection, path, before }: Commit): void => {
    const finalizers = before!.metadata.finalizers ?? [];
    if (finalizers.length > 0) passed.set(`${collection}/${path}`, finalizers.join(', '));
    if (collection !== 'namespaces') return;
    for (const each of CONTENTS)
      for (const object of view.all(each).values())
        if (object.metadata.namespace === path) tell(path, `is gone and left ${each}/${nameOf(object)} behind`);
  };
  const changed = ({ collection, path, object, before }: Commit): void => {
    const about = `${collection}/${path}`;
    if (isGoing(before!) && !isGoing(object!)) tell(about, 'is no longer being deleted though it was');
    if (before!.metadata.creationTimestamp !== object!.metadata.creationTimestamp)
      tell(about, `was made at ${before!.metadata.creationTimestamp}, now at ${object!.metadata.creationTimestamp}`);
    const kept = KEPT[collection];
    const was = kept?.(before!);
    if (was && kept!(object!) !== was) tell(about, `went from ${was} to ${kept!(object!)}`);
    if (collection === 'pods' && isEnded(before!) && phaseOf(object!) !== phaseOf(before!))
      tell(about, `went from ${phaseOf(before!)} to ${phaseOf(object!)}`);
    const steps = (object!.metadata.generation ?? 0) - (before!.metadata.generation ?? 0);
    if (steps < 0) tell(about, `generation went from ${before!.metadata.generation} to ${object!.metadata.generation}`);
    if (COUNTED.test(collection) && steps === 0 && object!.spec !== before!.spec)
      if (JSON.stringify(object!.spec) !== JSON.stringify(before!.spec))
        tell(about, 'spec changed, generation did not');
  };
  return {
    name,
    commit(commit) {
      const { object, before } = commit;
      if (!object && before) removed(commit);
      else if (object && before && isSame(object, before)) changed(commit);
      if (object && !before && object.metadata.namespace && commit.collection !== 'events') created(commit);
    },
    call({ verb, collection, path, code }: Call) {
      const about = `${collection}/${path}`;
      // A call whose answer was lost (0) may have been carried out.
      if (!passed.has(about) || (code ?? 0) !== 0) return;
      if (verb === 'delete' && code === undefined) deleted.add(about);
      // Who took the finalizers away let it go.
      else if (verb === 'patch' || verb === 'update' || verb === 'apply') passed.delete(about);
    },
    instant() {
      for (const [about, finalizers] of passed)
        if (deleted.has(about)) tell(about, `was removed by a delete though ${finalizers} held it`);
      if (passed.size > 0) passed = new Map();
      if (deleted.size > 0) deleted = new Set();
    },
  };
  function created({ collection, path, object }: Commit): void {
    const space = view.get('namespaces', object!.metadata.namespace ?? '');
    if (space && isGoing(space)) tell(`${collection}/${path}`, 'was made in a namespace that is being deleted');
  }
}

/** What a namespace holds. */
const CONTENTS = [
  'pods',
  'services',
  'configmaps',
  'secrets',
  'serviceaccounts',
  'endpoints',
  'discovery.k8s.io/endpointslices',
  'apps/deployments',
  'apps/replicasets',
  'apps/statefulsets',
  'apps/daemonsets',
  'batch/jobs',
  'batch/cronjobs',
];
