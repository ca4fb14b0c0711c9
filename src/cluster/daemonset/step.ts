import { claim } from '../claim.ts';
import { deleting, type Effect, soonest, type Step } from '../effect.ts';
import { HASH_LABEL, recordHistory, REVISION_LABEL, trimHistory } from '../history.ts';
import { availableIn, isReady, isTerminated, isTerminating } from '../pods.ts';
import { scaledValue } from '../quantity.ts';
import { PODS } from '../refs.ts';
import { creation } from '../replicaset/step.ts';
import { parseTime } from '../time.ts';
import type { ControllerRevision, DaemonSet, Node, Pod } from '../types.ts';
import { daemonPod, eligibility, nodeOf } from './pod.ts';

export interface DaemonSetInput {
  readonly set: DaemonSet;
  readonly pods: readonly Pod[];
  readonly nodes: readonly Node[];
  readonly revisions: readonly ControllerRevision[];
  /** Milliseconds until a failed pod of a node may be replaced; 0 is now. */
  readonly retryIn: (node: string) => number;
  readonly now_ms: number;
}

export type DaemonSetStatus = NonNullable<DaemonSet['status']>;

interface Place {
  readonly node: Node | undefined;
  readonly name: string;
  readonly run: boolean;
  readonly stay: boolean;
  readonly pods: readonly Pod[];
}

interface Plan extends DaemonSetInput {
  readonly hash: string;
  readonly places: readonly Place[];
}

const oldest = (a: Pod, b: Pod): number =>
  (parseTime(a.metadata.creationTimestamp) ?? 0) - (parseTime(b.metadata.creationTimestamp) ?? 0) ||
  (a.metadata.name < b.metadata.name ? -1 : 1);

/** One DaemonSet brought nearer to a pod on every eligible node. */
export function stepDaemonSet(input: DaemonSetInput): Step<DaemonSetStatus> {
  const { set } = input;
  const claimed = claim(PODS, set, set.spec.selector, input.pods);
  const history = recordHistory(set, input.revisions, set.status?.collisionCount);
  const hash = hashOf(history.update);
  const plan: Plan = { ...input, hash, places: placesOf(input, claimed.owned) };
  const effects: Effect[] = [...claimed.effects];
  const waits: (number | undefined)[] = [];
  if (!set.metadata.deletionTimestamp) {
    const manage = place(plan, waits);
    effects.push(...history.effects, ...manage);
    // As long as pods are missing or superfluous the update waits for what they will be.
    if (manage.length === 0 && set.spec.updateStrategy?.type !== 'OnDelete')
      effects.push(...(surgeOf(plan) > 0 ? surge(plan) : roll(plan)));
    const inUse = new Set([history.update.metadata.name]);
    for (const pod of claimed.owned)
      for (const each of history.all) if (hashOf(each) === revisionLabel(pod)) inUse.add(each.metadata.name);
    effects.push(...trimHistory(history.all, inUse, set.spec.revisionHistoryLimit ?? 10));
  }
  for (const pod of claimed.owned) waits.push(availableIn(pod, set.spec.minReadySeconds, input.now_ms));
  const again_ms = soonest(...waits.filter(wait => wait !== 0));
  return { effects, status: statusOf(plan), ...(again_ms === undefined ? {} : { again_ms }) };
}

/** Revisions of earlier releases carry StatefulSets' label. */
const hashOf = ({ metadata: { labels } }: ControllerRevision): string =>
  labels?.[REVISION_LABEL] ?? labels?.[HASH_LABEL] ?? '';

const revisionLabel = (pod: Pod): string => pod.metadata.labels?.[REVISION_LABEL] ?? '';

function placesOf({ set, nodes }: DaemonSetInput, owned: readonly Pod[]): Place[] {
  const byNode = new Map<string, Pod[]>();
  for (const pod of owned) {
    const name = nodeOf(pod) ?? '';
    byNode.set(name, [...(byNode.get(name) ?? []), pod]);
  }
  const places: Place[] = nodes.map(node => {
    const pods = (byNode.get(node.metadata.name) ?? []).sort(oldest);
    byNode.delete(node.metadata.name);
    return { node, name: node.metadata.name, ...eligibility(set, node), pods };
  });
  // Pods of nodes that are gone belong to pod garbage collection; unassigned ones are superfluous.
  for (const [name, pods] of byNode) places.push({ node: undefined, name, run: false, stay: name !== '', pods });
  return places;
}

function place(plan: Plan, waits: (number | undefined)[]): Effect[] {
  const { set, hash, now_ms } = plan;
  const removals: Effect[] = [];
  const creations: Effect[] = [];
  const mayDouble = surgeOf(plan) > 0;
  for (const { name, node, run, stay, pods } of plan.places) {
    const living = pods.filter(pod => !isTerminating(pod));
    if (node && run && pods.length === 0) creations.push(creation(set as never, daemonPod(set, hash, name)));
    if (!stay) removals.push(...living.map(pod => removal(set, pod)));
    if (!stay || !node) continue;
    const sound: Pod[] = [];
    for (const pod of living) {
      if (pod.status?.phase !== 'Failed' && pod.status?.phase !== 'Succeeded') sound.push(pod);
      else if (plan.retryIn(name) > 0) waits.push(plan.retryIn(name));
      else removals.push(ended(set, pod, name), removal(set, pod));
    }
    if (sound.length <= 1) continue;
    const old = sound.filter(pod => revisionLabel(pod) !== hash);
    const fresh = sound.filter(pod => revisionLabel(pod) === hash);
    if (!mayDouble || old.length === 0 || fresh.length === 0)
      removals.push(...sound.slice(1).map(pod => removal(set, pod)));
    else {
      removals.push(...old.slice(1).map(pod => removal(set, pod)), ...fresh.slice(1).map(pod => removal(set, pod)));
      if (availableIn(fresh[0]!, set.spec.minReadySeconds, now_ms) === 0) removals.push(removal(set, old[0]!));
    }
  }
  return [...removals, ...creations];
}

const wantedCount = (plan: Plan): number => plan.places.filter(each => each.run).length;
const surgeOf = (plan: Plan): number =>
  scaledValue(plan.set.spec.updateStrategy?.rollingUpdate?.maxSurge, wantedCount(plan), 'up');

const isAvailableNow = ({ set, now_ms }: Plan, pod: Pod): boolean =>
  !isTerminating(pod) && availableIn(pod, set.spec.minReadySeconds, now_ms) === 0;

/**
 * Old pods go while no more than maxUnavailable nodes are without an available one; broken old pods go for free. Nodes that may not
 * run a daemon but keep the one they have are nodes like the others: no new one follows there (kube-controller-manager,
 * daemon/update.go, rollingUpdate).
 */
function roll(plan: Plan): Effect[] {
  const { set, hash } = plan;
  const rolling = set.spec.updateStrategy?.rollingUpdate;
  const allowed = Math.max(1, scaledValue(rolling?.maxUnavailable ?? 1, wantedCount(plan), 'up'));
  let out = 0;
  const broken: Pod[] = [];
  const candidates: Pod[] = [];
  for (const { run, pods } of plan.places) {
    if (!run && pods.length === 0) continue;
    const available = pods.some(pod => isAvailableNow(plan, pod));
    if (!available) out++;
    for (const pod of pods)
      if (!isTerminating(pod) && revisionLabel(pod) !== hash)
        (isAvailableNow(plan, pod) ? candidates : broken).push(pod);
  }
  return [...broken, ...candidates.slice(0, Math.max(0, allowed - out))].map(pod => removal(set, pod));
}

/**
 * A new pod beside each old one, maxSurge nodes at a time; the old one goes when the new one is available (KEP-1591). On a node that
 * may not run a daemon an old one that serves goes when more nodes than wanted have one that does, a broken one at once.
 */
function surge(plan: Plan): Effect[] {
  const { set, hash } = plan;
  let room = surgeOf(plan);
  let serving = 0;
  const effects: Effect[] = [];
  const waiting: string[] = [];
  const leaving: Pod[] = [];
  for (const { name, node, run, pods } of plan.places) {
    if (!node) continue;
    const living = pods.filter(pod => !isTerminating(pod));
    const fresh = living.find(pod => revisionLabel(pod) === hash);
    const old = living.find(pod => revisionLabel(pod) !== hash);
    const counted = old ?? fresh;
    if (counted && isAvailableNow(plan, counted)) serving++;
    if (!old) continue;
    if (fresh) {
      if (!isAvailableNow(plan, fresh)) room--;
    } else if (isAvailableNow(plan, old)) {
      if (run) waiting.push(name);
      else leaving.push(old);
    } else {
      // An old pod that does not work needs no surge: its replacement is made at once, where there may be one.
      effects.push(run ? creation(set as never, daemonPod(set, hash, name)) : removal(set, old));
    }
  }
  for (const pod of leaving.slice(0, Math.max(0, serving - wantedCount(plan)))) effects.push(removal(set, pod));
  for (const name of waiting.slice(0, Math.max(0, room)))
    effects.push(creation(set as never, daemonPod(set, hash, name)));
  return effects;
}

const removal = (set: DaemonSet, pod: Pod): Effect =>
  deleting(PODS, pod, {
    done: { about: set, type: 'Normal', reason: 'SuccessfulDelete', message: 'Deleted pod: {name}' },
    failed: { about: set, type: 'Warning', reason: 'FailedDelete', message: 'Error deleting: {error}' },
  });

function ended(set: DaemonSet, pod: Pod, node: string): Effect {
  const failed = pod.status?.phase === 'Failed';
  const message = failed
    ? `Found failed daemon pod ${pod.metadata.namespace}/${pod.metadata.name} on node ${node}, will try to kill it`
    : `Found succeeded daemon pod ${pod.metadata.namespace}/${pod.metadata.name} on node ${node}, will try to delete it`;
  const reason = failed ? 'FailedDaemonPod' : 'SucceededDaemonPod';
  return { do: 'note', note: { about: set, type: failed ? 'Warning' : 'Normal', reason, message } };
}

/**
 * The pod a node is counted by: the oldest of those that have been put on it. While an update surges that is the old one, until it
 * has gone: a new pod that waits for room does not make the node an updated one.
 */
const standing = (pods: readonly Pod[]): Pod | undefined => {
  const left = pods.filter(pod => !(isTerminating(pod) && isTerminated(pod)));
  return left.find(pod => pod.spec.nodeName) ?? left[0];
};

function statusOf(plan: Plan): DaemonSetStatus {
  const { set, hash, places } = plan;
  const wanted = places.filter(each => each.node && each.run);
  const count = (holds: (pod: Pod) => boolean): number =>
    wanted.filter(({ pods }) => {
      const pod = standing(pods);
      return pod !== undefined && holds(pod);
    }).length;
  const desired = wanted.length;
  const available = count(pod => availableIn(pod, set.spec.minReadySeconds, plan.now_ms) === 0);
  const updated = count(pod => revisionLabel(pod) === hash);
  return {
    currentNumberScheduled: wanted.filter(each => each.pods.length > 0).length,
    numberMisscheduled: places.filter(each => each.node && !each.run && each.pods.length > 0).length,
    desiredNumberScheduled: desired,
    numberReady: count(isReady),
    ...(set.metadata.generation === undefined ? {} : { observedGeneration: set.metadata.generation }),
    ...(updated > 0 ? { updatedNumberScheduled: updated } : {}),
    ...(available > 0 ? { numberAvailable: available } : {}),
    ...(desired > available ? { numberUnavailable: desired - available } : {}),
    ...(set.status?.collisionCount ? { collisionCount: set.status.collisionCount } : {}),
    ...(set.status?.conditions ? { conditions: set.status.conditions } : {}),
  };
}
