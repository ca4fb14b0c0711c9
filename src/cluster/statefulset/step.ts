import { claim } from '../claim.ts';
import { deleting, type Effect, soonest, type Step } from '../effect.ts';
import { recordHistory, REVISION_LABEL, templateIn, trimHistory } from '../history.ts';
import { availableIn, isReady, isTerminating } from '../pods.ts';
import { scaledValue } from '../quantity.ts';
import { PODS } from '../refs.ts';
import type { ControllerRevision, Pod, PodTemplateSpec, StatefulSet } from '../types.ts';
import { type ClaimLookup, missingClaims, ordinalOf, podOf, retainClaims } from './pod.ts';

export interface StatefulSetInput {
  readonly set: StatefulSet;
  readonly pods: readonly Pod[];
  readonly revisions: readonly ControllerRevision[];
  readonly claimNamed: ClaimLookup;
  readonly now_ms: number;
}

export type StatefulSetStatus = NonNullable<StatefulSet['status']>;

interface Plan extends StatefulSetInput {
  readonly ordered: boolean;
  readonly start: number;
  readonly wanted: number;
  readonly currentName: string;
  readonly updateName: string;
  readonly currentTemplate: PodTemplateSpec;
  /** Pods by ordinal within the wanted range; undefined where there is none. */
  readonly slots: readonly (Pod | undefined)[];
  /** Pods outside the range, highest ordinal first. */
  readonly condemned: readonly Pod[];
}

const isRunningAndReady = (pod: Pod): boolean => pod.status?.phase === 'Running' && isReady(pod);
const isFinished = (pod: Pod): boolean => pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded';
const revisionLabel = (pod: Pod): string => pod.metadata.labels?.[REVISION_LABEL] ?? '';

/** One StatefulSet brought nearer to its pods, ordinal by ordinal; there is never more than one pod of an identity. */
export function stepStatefulSet(input: StatefulSetInput): Step<StatefulSetStatus> {
  const { set } = input;
  const claimed = claim(PODS, set, set.spec.selector, input.pods);
  const owned = claimed.owned.filter(pod => ordinalOf(set, pod) !== undefined);
  const history = recordHistory(set, input.revisions, set.status?.collisionCount);
  const plan = planOf(input, owned, history.all, history.update);
  const effects: Effect[] = [...claimed.effects];
  if (!set.metadata.deletionTimestamp) {
    effects.push(...history.effects, ...converge(plan));
    const inUse = new Set([plan.currentName, plan.updateName, ...owned.map(revisionLabel)]);
    effects.push(...trimHistory(history.all, inUse, set.spec.revisionHistoryLimit ?? 10));
  }
  const again_ms = soonest(
    ...owned.map(pod => availableIn(pod, set.spec.minReadySeconds, input.now_ms)).filter(wait => wait !== 0),
  );
  return { effects, status: statusOf(plan, owned), ...(again_ms === undefined ? {} : { again_ms }) };
}

function planOf(
  input: StatefulSetInput,
  owned: readonly Pod[],
  all: readonly ControllerRevision[],
  update: ControllerRevision,
): Plan {
  const { set } = input;
  const start = set.spec.ordinals?.start ?? 0;
  const wanted = set.spec.replicas ?? 1;
  const current = all.find(revision => revision.metadata.name === set.status?.currentRevision) ?? update;
  const slots: (Pod | undefined)[] = Array.from({ length: wanted });
  const condemned: Pod[] = [];
  for (const pod of owned) {
    const at = ordinalOf(set, pod)! - start;
    if (at >= 0 && at < wanted) slots[at] = pod;
    else condemned.push(pod);
  }
  condemned.sort((a, b) => ordinalOf(set, b)! - ordinalOf(set, a)!);
  return {
    ...input,
    ordered: set.spec.podManagementPolicy !== 'Parallel',
    start,
    wanted,
    currentName: current.metadata.name,
    updateName: update.metadata.name,
    currentTemplate: templateIn(current) ?? set.spec.template,
    slots,
    condemned,
  };
}

/** Creation upward, then deletion downward, then the update; in order each waits for the one before it. */
function converge(plan: Plan): Effect[] {
  const effects: Effect[] = [];
  for (let at = 0; at < plan.wanted; at++) {
    const { effects: some, wait } = settleSlot(plan, at);
    effects.push(...some);
    if (wait && plan.ordered) return effects;
  }
  const firstUnhealthy =
    plan.slots.find(pod => pod && !isRunningAndReady(pod)) ?? plan.condemned.findLast(pod => !isRunningAndReady(pod));
  for (const pod of plan.condemned) {
    if (isTerminating(pod)) {
      if (plan.ordered) return effects;
      continue;
    }
    // A broken pod above may only go when none below it is broken too.
    if (plan.ordered && !isRunningAndReady(pod) && pod !== firstUnhealthy) return effects;
    effects.push(...retainClaims(plan.set, ordinalOf(plan.set, pod)!, pod, plan.claimNamed), removal(plan.set, pod));
    if (plan.ordered) return effects;
  }
  if (plan.set.spec.updateStrategy?.type !== 'OnDelete') effects.push(...update(plan));
  return effects;
}

function settleSlot(plan: Plan, at: number): { effects: Effect[]; wait: boolean } {
  const { set, now_ms } = plan;
  const pod = plan.slots[at];
  const ordinal = plan.start + at;
  if (!pod) {
    const old = usesCurrent(plan, at);
    const object = podOf(
      set,
      old ? plan.currentTemplate : set.spec.template,
      old ? plan.currentName : plan.updateName,
      ordinal,
    );
    return { effects: [...missingClaims(set, ordinal, plan.claimNamed), birth(set, object)], wait: true };
  }
  if (isTerminating(pod)) return { effects: [], wait: true };
  if (isFinished(pod)) return { effects: [recreation(set, pod), removal(set, pod)], wait: true };
  const effects = [
    ...missingClaims(set, ordinal, plan.claimNamed),
    ...retainClaims(set, ordinal, undefined, plan.claimNamed),
  ];
  return { effects, wait: !isRunningAndReady(pod) || availableIn(pod, set.spec.minReadySeconds, now_ms) !== 0 };
}

/** Below the partition pods stay at the current revision (StatefulSet, "Partitioned rolling updates"). */
function usesCurrent({ set, currentName, updateName }: Plan, at: number): boolean {
  if (currentName === updateName || set.spec.updateStrategy?.type === 'OnDelete') return false;
  const partition = set.spec.updateStrategy?.rollingUpdate?.partition;
  return partition === undefined
    ? at < (set.status?.currentReplicas ?? 0)
    : at < partition - (set.spec.ordinals?.start ?? 0);
}

function update(plan: Plan): Effect[] {
  const { set, slots, updateName, start, now_ms } = plan;
  const rolling = set.spec.updateStrategy?.rollingUpdate;
  const lowest = Math.max(0, (rolling?.partition ?? 0) - start);
  const allowed = Math.max(1, scaledValue(rolling?.maxUnavailable ?? 1, plan.wanted, 'down'));
  const isOut = (pod: Pod | undefined): boolean =>
    !pod || isTerminating(pod) || !isRunningAndReady(pod) || availableIn(pod, set.spec.minReadySeconds, now_ms) !== 0;
  let out = slots.filter(isOut).length;
  const effects: Effect[] = [];
  for (let at = slots.length - 1; at >= lowest; at--) {
    const pod = slots[at];
    if (!pod || isTerminating(pod) || revisionLabel(pod) === updateName) continue;
    if (!isOut(pod)) {
      if (out >= allowed) {
        if (plan.ordered) break;
        continue;
      }
      out++;
    }
    effects.push(removal(set, pod));
  }
  return effects;
}

function birth(set: StatefulSet, object: Pod): Effect {
  const told = `create Pod ${object.metadata.name} in StatefulSet ${set.metadata.name}`;
  return {
    do: 'create',
    ref: PODS,
    object,
    done: { about: set, type: 'Normal', reason: 'SuccessfulCreate', message: `${told} successful` },
    failed: { about: set, type: 'Warning', reason: 'FailedCreate', message: `${told} failed error: {error}` },
  };
}

function removal(set: StatefulSet, pod: Pod): Effect {
  const told = `delete Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name}`;
  return deleting(PODS, pod, {
    done: { about: set, type: 'Normal', reason: 'SuccessfulDelete', message: `${told} successful` },
    failed: { about: set, type: 'Warning', reason: 'FailedDelete', message: `${told} failed error: {error}` },
  });
}

function recreation(set: StatefulSet, pod: Pod): Effect {
  const failed = pod.status?.phase === 'Failed';
  const message = `StatefulSet ${set.metadata.namespace}/${set.metadata.name} is recreating ${failed ? 'failed' : 'terminated'} Pod ${pod.metadata.name}`;
  const reason = failed ? 'RecreatingFailedPod' : 'RecreatingTerminatedPod';
  return { do: 'note', note: { about: set, type: failed ? 'Warning' : 'Normal', reason, message } };
}

function statusOf(plan: Plan, owned: readonly Pod[]): StatefulSetStatus {
  const { set, currentName, updateName, now_ms } = plan;
  const living = owned.filter(pod => !isTerminating(pod));
  const ready = owned.filter(isRunningAndReady);
  const replicas = owned.length;
  const updated = living.filter(pod => revisionLabel(pod) === updateName).length;
  const complete =
    set.spec.updateStrategy?.type !== 'OnDelete' &&
    updated === replicas &&
    ready.length === replicas &&
    replicas === plan.wanted;
  const current = complete ? updated : living.filter(pod => revisionLabel(pod) === currentName).length;
  return {
    replicas,
    ...(ready.length > 0 ? { readyReplicas: ready.length } : {}),
    availableReplicas: ready.filter(pod => availableIn(pod, set.spec.minReadySeconds, now_ms) === 0).length,
    ...(current > 0 ? { currentReplicas: current } : {}),
    ...(updated > 0 ? { updatedReplicas: updated } : {}),
    currentRevision: complete ? updateName : currentName,
    updateRevision: updateName,
    ...(set.metadata.generation === undefined ? {} : { observedGeneration: set.metadata.generation }),
    collisionCount: set.status?.collisionCount ?? 0,
    ...(set.status?.conditions ? { conditions: set.status.conditions } : {}),
  };
}
