import { sameJson } from '../hash.ts';
import { parseTime } from '../time.ts';
import type { Deployment, PodTemplateSpec, ReplicaSet } from '../types.ts';

export const HASH_LABEL = 'pod-template-hash';
export const REVISION = 'deployment.kubernetes.io/revision';
export const REVISION_HISTORY = 'deployment.kubernetes.io/revision-history';
export const DESIRED_REPLICAS = 'deployment.kubernetes.io/desired-replicas';
export const MAX_REPLICAS = 'deployment.kubernetes.io/max-replicas';

/** Annotations of a Deployment its ReplicaSets do not inherit. */
const NOT_INHERITED = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  REVISION,
  REVISION_HISTORY,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
  'deprecated.deployment.rollback.to',
]);

const REVISION_MAX = 2n ** 63n - 1n;

/** A ReplicaSet's revision, an int64 that people may have set; 0 when it has none that can be read. */
export function revisionOf(set: ReplicaSet): bigint {
  const text = set.metadata.annotations?.[REVISION] ?? '';
  if (!/^[-+]?\d{1,19}$/.test(text)) return 0n;
  const revision = BigInt(text.replace('+', ''));
  return revision > REVISION_MAX || revision < -REVISION_MAX - 1n ? 0n : revision;
}

export const replicasOf = (set: ReplicaSet): number => set.spec.replicas ?? 1;

const withoutHash = (template: PodTemplateSpec): unknown => {
  const labels = Object.fromEntries(
    Object.entries(template.metadata?.labels ?? {}).filter(([key]) => key !== HASH_LABEL),
  );
  const metadata = { ...template.metadata, labels };
  return { ...template, metadata: { ...metadata, creationTimestamp: undefined } };
};

/** True when two pod templates make the same pods (the hash label aside). */
export const sameTemplate = (left: PodTemplateSpec, right: PodTemplateSpec): boolean =>
  sameJson(withoutHash(left), withoutHash(right));

export const oldestFirst = (a: ReplicaSet, b: ReplicaSet): number =>
  (parseTime(a.metadata.creationTimestamp) ?? 0) - (parseTime(b.metadata.creationTimestamp) ?? 0) ||
  (a.metadata.name < b.metadata.name ? -1 : 1);

export const newestFirst = (a: ReplicaSet, b: ReplicaSet): number => oldestFirst(b, a);

/** The ReplicaSet of the present template (the oldest, should there be several) and all others, oldest first. */
export function splitByTemplate(
  deployment: Deployment,
  sets: readonly ReplicaSet[],
): { current: ReplicaSet | undefined; old: ReplicaSet[] } {
  const sorted = [...sets].sort(oldestFirst);
  const current = sorted.find(set => sameTemplate(set.spec.template, deployment.spec.template));
  return { current, old: sorted.filter(set => set !== current) };
}

export const larger = (left: bigint, right: bigint): bigint => (left > right ? left : right);

export const nextRevision = (old: readonly ReplicaSet[]): bigint => old.map(revisionOf).reduce(larger, 0n) + 1n;

/** A ReplicaSet's annotations for its Deployment: inherited ones, and the revision with its history. */
export function annotationsFor(
  deployment: Deployment,
  set: ReplicaSet | undefined,
  revision: bigint,
): { [key: string]: string } {
  const annotations: { [key: string]: string } = { ...set?.metadata.annotations };
  for (const [key, value] of Object.entries(deployment.metadata.annotations ?? {}))
    if (!NOT_INHERITED.has(key)) annotations[key] = value;
  const old = set ? revisionOf(set) : 0n;
  if (old < revision) {
    annotations[REVISION] = String(revision);
    if (old > 0n) {
      const history = annotations[REVISION_HISTORY];
      annotations[REVISION_HISTORY] = history ? `${history},${old}` : String(old);
    }
  }
  return annotations;
}
