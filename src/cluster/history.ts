import type { KubeObject } from '../kernel/object.ts';
import { deleting, type Effect } from './effect.ts';
import { canonicalJson, nameHash, sameJson } from './hash.ts';
import { controllerReference } from './pods.ts';
import { CONTROLLER_REVISIONS } from './refs.ts';
import type { ControllerRevision, PodTemplateSpec, ReadMeta } from './types.ts';

export const HASH_LABEL = 'controller.kubernetes.io/hash';
/** The label that tells which revision a pod of a StatefulSet or DaemonSet was made from. */
export const REVISION_LABEL = 'controller-revision-hash';

/** The label a revision carries its hash under: DaemonSets use that of their pods (daemon/update.go, history.go). */
export const hashLabel = ({ kind }: KubeObject): string => (kind === 'DaemonSet' ? REVISION_LABEL : HASH_LABEL);

type Owner = KubeObject & { metadata: ReadMeta; spec: { template: PodTemplateSpec } };

/** A workload's revisions, the one of its present template marked, and the effects that record it. */
export interface History {
  readonly update: ControllerRevision;
  /** Oldest first, `update` among them. */
  readonly all: readonly ControllerRevision[];
  readonly effects: readonly Effect[];
}

/** Finds or makes the ControllerRevision of a workload's present template; an older equal one is moved to the front (rollback). */
export function recordHistory(
  owner: Owner,
  known: readonly ControllerRevision[],
  collisionCount: number | undefined,
): History {
  const sorted = [...known].sort((a, b) => a.revision - b.revision || (a.metadata.name < b.metadata.name ? -1 : 1));
  // In the order Go writes maps: clients compare a revision with a template byte for byte.
  const patch = { spec: { template: { ...owner.spec.template, $patch: 'replace' } } };
  const data = JSON.parse(canonicalJson(patch)) as typeof patch;
  const latest = sorted.at(-1);
  const next = (latest?.revision ?? 0) + 1;
  const equal = sorted.findLast(revision => sameJson(templateIn(revision), owner.spec.template));
  if (equal && equal === latest) return { update: equal, all: sorted, effects: [] };
  if (equal) {
    const update = { ...equal, revision: next };
    const all = [...sorted.filter(each => each !== equal), update];
    return { update, all, effects: [{ do: 'update', ref: CONTROLLER_REVISIONS, object: update }] };
  }
  const hash = nameHash(owner.spec.template, collisionCount);
  const update = {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      name: `${owner.metadata.name}-${hash}`,
      namespace: owner.metadata.namespace,
      labels: { ...owner.spec.template.metadata?.labels, [hashLabel(owner)]: hash },
      ownerReferences: [controllerReference(owner)],
    },
    data,
    revision: next,
  } as unknown as ControllerRevision;
  return { update, all: [...sorted, update], effects: [{ do: 'create', ref: CONTROLLER_REVISIONS, object: update }] };
}

/** The pod template a revision holds. */
export function templateIn(revision: ControllerRevision): PodTemplateSpec | undefined {
  const template = (revision.data as { spec?: { template?: PodTemplateSpec & { $patch?: string } } } | undefined)?.spec
    ?.template;
  if (!template) return undefined;
  const { $patch: _, ...rest } = template;
  return rest;
}

/** Revisions nobody uses beyond the limit go, oldest first. */
export function trimHistory(all: readonly ControllerRevision[], inUse: ReadonlySet<string>, limit: number): Effect[] {
  const idle = all.filter(revision => revision.metadata.uid && !inUse.has(revision.metadata.name));
  return idle.slice(0, Math.max(0, idle.length - limit)).map(revision => deleting(CONTROLLER_REVISIONS, revision));
}
