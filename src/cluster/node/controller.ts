import { type Controller, runController, watchOf } from '../../kernel/controller.ts';
import type { KubeObject, ObjectKey, ResourceRef } from '../../kernel/object.ts';
import { isNotFound } from '../../kernel/status.ts';
import { findCondition, isTrue } from '../conditions.ts';
import { attempt, type ClusterEnv, noteAs, ownedInformer, ownKey } from '../driver.ts';
import { soonest } from '../effect.ts';
import { sameJson } from '../hash.ts';
import { byNode, isReady, isTerminated, isTerminating } from '../pods.ts';
import { LEASES, NODES, PODS } from '../refs.ts';
import { formatTime, parseTime } from '../time.ts';
import type { Lease, Node, Pod, Taint } from '../types.ts';
import { GRACE_MS, mayStay, nodeNote, silentConditions, STARTUP_GRACE_MS, taintsOf } from './step.ts';

const COMPONENT = 'node-controller';
const LEASE_NAMESPACE = 'kube-node-lease';

interface Sign {
  readonly sign: string;
  readonly at_ms: number;
}

/** Watches over nodes: silence becomes Unknown, conditions become taints, pods of unready nodes become unready. */
export function startNodeLifecycleController(env: ClusterEnv): Controller {
  const nodes = env.informers.of<Node>(NODES);
  const leases = env.informers.of<Lease>(LEASES);
  const pods = ownedInformer<Pod>(env, PODS).index('node', byNode);
  // When a node last gave a sign is measured on our own clock: its clock may be wrong.
  const signs = new Map<string, Sign>();
  return runController({
    name: COMPONENT,
    clock: env.clock,
    workers: 4,
    watches: [
      watchOf(nodes, change => {
        if (change.type === 'deleted') {
          signs.delete(change.object.metadata.name);
          noteAs(
            env,
            COMPONENT,
            nodeNote(
              change.object,
              'RemovingNode',
              `Node ${change.object.metadata.name} event: Removing Node ${change.object.metadata.name} from Controller`,
            ),
          );
          return [];
        }
        // The first node to come back, or the last to go, decides about all the others.
        const turned =
          change.old &&
          isTrue(change.old.status?.conditions, 'Ready') !== isTrue(change.object.status?.conditions, 'Ready');
        return turned ? [...nodes.list()].map(each => each.metadata.name) : ownKey(change);
      }),
      watchOf(leases, change =>
        change.object.metadata.namespace === LEASE_NAMESPACE ? [change.object.metadata.name] : [],
      ),
    ],
    report: (error, key) => env.report(error, `${COMPONENT} ${key}`),
    reconcile: async name => {
      const node = nodes.get(name);
      if (!node) return undefined;
      const now_ms = env.clock.now();
      const ready = findCondition(node.status?.conditions, 'Ready');
      const sign = `${leases.get(`${LEASE_NAMESPACE}/${name}`)?.spec?.renewTime ?? ''}|${(ready as { lastHeartbeatTime?: string } | undefined)?.lastHeartbeatTime ?? ''}`;
      const seen = signs.get(name);
      if (!seen)
        noteAs(
          env,
          COMPONENT,
          nodeNote(node, 'RegisteredNode', `Node ${name} event: Registered Node ${name} in Controller`),
        );
      // The time that passes, not the time of day: a clock that is set again makes no node silent.
      const heard_ms = env.clock.monotonic();
      if (seen?.sign !== sign) signs.set(name, { sign, at_ms: heard_ms });
      const silent_ms = heard_ms - (signs.get(name)?.at_ms ?? heard_ms);
      const conditions = silentConditions(node, silent_ms, now_ms);
      const current = conditions ? { ...node, status: { ...node.status, conditions } } : node;
      if (conditions) await env.client.update(NODES, current, { subresource: 'status' });
      const allLost = ![...nodes.list()].some(each => isTrue(each.status?.conditions, 'Ready'));
      await applyTaints(env, nodes.get(name) ?? node, now_ms, allLost);
      const state = findCondition(current.status?.conditions, 'Ready')?.status;
      if (state !== 'True' && ready !== undefined)
        await markUnready(env, current, pods.by('node', name), conditions !== undefined);
      const again_ms = (ready ? GRACE_MS : STARTUP_GRACE_MS) - silent_ms;
      return again_ms > 0 ? again_ms + 1 : undefined;
    },
  });
}

async function applyTaints(env: ClusterEnv, node: Node, now_ms: number, allLost: boolean): Promise<void> {
  const taints = taintsOf(node, now_ms, allLost);
  if (sameJson(taints, node.spec?.taints ?? [])) return;
  await env.client.update(NODES, { ...node, spec: { ...node.spec, taints } });
}

async function markUnready(env: ClusterEnv, node: Node, pods: readonly Pod[], fresh: boolean): Promise<void> {
  const { name } = node.metadata;
  if (fresh) noteAs(env, COMPONENT, nodeNote(node, 'NodeNotReady', `Node ${name} status is now: NodeNotReady`));
  for (const pod of pods) {
    if (!isReady(pod) || isTerminated(pod)) continue;
    const lastTransitionTime = formatTime(env.clock.now());
    const patch = {
      status: { conditions: [{ type: 'Ready', status: 'False', reason: 'NodeNotReady', lastTransitionTime }] },
    };
    const key = { namespace: pod.metadata.namespace ?? '', name: pod.metadata.name };
    await env.client
      .patch(PODS, key, { type: 'strategic', patch }, { subresource: 'status' })
      .catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
    noteAs(env, COMPONENT, { about: pod, type: 'Warning', reason: 'NodeNotReady', message: 'Node is not ready' });
  }
}

/** Evicts pods that do not, or no longer, tolerate a NoExecute taint of their node. */
export function startTaintEvictionController(env: ClusterEnv): Controller {
  const component = 'taint-eviction-controller';
  const nodes = env.informers.of<Node>(NODES);
  const pods = ownedInformer<Pod>(env, PODS).index('node', byNode);
  const isTainted = (node: Node): boolean => node.spec?.taints?.some(taint => taint.effect === 'NoExecute') ?? false;
  return runController({
    name: component,
    clock: env.clock,
    workers: 2,
    watches: [
      watchOf(nodes, ({ type, object, old }) =>
        type !== 'deleted' && (isTainted(object) || (old && isTainted(old))) ? [object.metadata.name] : [],
      ),
      watchOf(pods, ({ object, old }) =>
        object.spec.nodeName && object.spec.nodeName !== old?.spec.nodeName ? [object.spec.nodeName] : [],
      ),
    ],
    report: (error, key) => env.report(error, `${component} ${key}`),
    reconcile: async name => {
      const node = nodes.get(name);
      if (!node || !isTainted(node)) return undefined;
      const now_ms = env.clock.now();
      const since = (taint: Taint): number => parseTime(taint.timeAdded) ?? now_ms;
      let again_ms: number | undefined;
      for (const pod of pods.by('node', name)) {
        if (isTerminating(pod) || isTerminated(pod)) continue;
        const left_ms = mayStay(pod, node.spec?.taints ?? [], since, now_ms);
        if (left_ms === undefined) continue;
        if (left_ms > 0) again_ms = soonest(again_ms, left_ms);
        else await evict(env, component, pod);
      }
      return again_ms;
    },
  });
}

async function evict(env: ClusterEnv, component: string, pod: Pod): Promise<void> {
  const { namespace = '', name, uid } = pod.metadata;
  const key = { namespace, name };
  noteAs(env, component, {
    about: pod,
    type: 'Normal',
    reason: 'TaintManagerEviction',
    message: `Marking for deletion Pod ${namespace}/${name}`,
  });
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'DeletionByTaintManager',
    message: 'Taint manager: deleting due to NoExecute taint',
    lastTransitionTime: formatTime(env.clock.now()),
  };
  const failure = await attempt(env, component, [
    {
      do: 'patch',
      ref: PODS,
      key,
      patch: {
        status: {
          conditions: [
            ...(pod.status?.conditions ?? []).filter(each => each.type !== condition.type),
            condition,
          ] as never,
        },
      },
      subresource: 'status',
    },
    { do: 'delete', ref: PODS, key, uid },
  ]);
  if (failure && !isNotFound(failure.error)) throw failure.error;
}

/** The object as the API has it now; undefined where there is none. */
async function asItIs<T extends KubeObject>(env: ClusterEnv, ref: ResourceRef, key: ObjectKey): Promise<T | undefined> {
  try {
    return await env.client.get<T>(ref, key);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Removes pods nobody else will: those of nodes that are gone, and those deleted without ever having had a node. */
export function startPodGarbageCollector(env: ClusterEnv): Controller {
  const component = 'pod-garbage-collector';
  const nodes = env.informers.of<Node>(NODES);
  const pods = ownedInformer<Pod>(env, PODS).index('node', byNode);
  const missingSince = new Map<string, number>();
  const quarantine_ms = 40_000;
  const period_ms = 20_000;
  const remove = async (pod: Pod): Promise<void> => {
    const key = { namespace: pod.metadata.namespace ?? '', name: pod.metadata.name };
    if (!isTerminated(pod))
      await env.client
        .patch(PODS, key, { type: 'merge', patch: { status: { phase: 'Failed' } } }, { subresource: 'status' })
        .catch(() => undefined);
    const failure = await attempt(env, component, [
      { do: 'delete', ref: PODS, key, uid: pod.metadata.uid, gracePeriodSeconds: 0 },
    ]);
    if (failure && !isNotFound(failure.error)) throw failure.error;
  };
  // The cache knows of our own deletions at once and may not have heard yet that the pod was bound before them.
  const removeUnbound = async (pod: Pod): Promise<void> => {
    const { namespace = '', name, uid } = pod.metadata;
    const live = await asItIs<Pod>(env, PODS, { namespace, name });
    if (live?.metadata.uid === uid && !live?.spec.nodeName) await remove(pod);
  };
  return runController({
    name: component,
    clock: env.clock,
    watches: [
      watchOf(nodes, change => (change.type === 'deleted' ? ['sweep'] : [])),
      watchOf(pods, ({ object: pod, old }) =>
        (isTerminating(pod) && !pod.spec.nodeName) ||
        (pod.spec.nodeName && !old && nodes.synced && !nodes.get(pod.spec.nodeName))
          ? ['sweep']
          : [],
      ),
    ],
    report: (error, key) => env.report(error, `${component} ${key}`),
    reconcile: async () => {
      const now_ms = env.clock.monotonic();
      let waiting = false;
      for (const name of pods.places('node')) {
        if (nodes.get(name)) {
          missingSince.delete(name);
          continue;
        }
        const since_ms = missingSince.get(name) ?? now_ms;
        missingSince.set(name, since_ms);
        if (now_ms - since_ms < quarantine_ms) waiting = true;
        else if (!(await asItIs<Node>(env, NODES, { name })))
          for (const pod of pods.by('node', name)) await remove(pod);
      }
      for (const name of missingSince.keys()) if (pods.by('node', name).length === 0) missingSince.delete(name);
      for (const pod of pods.list().toArray()) if (isTerminating(pod) && !pod.spec.nodeName) await removeUnbound(pod);
      return waiting ? period_ms : undefined;
    },
  });
}
