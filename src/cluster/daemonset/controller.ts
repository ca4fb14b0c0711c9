import { type Controller, runController, watchOf } from '../../kernel/controller.ts';
import { objectKey } from '../../kernel/indexer.ts';
import { isAlreadyExists } from '../../kernel/status.ts';
import {
  attempt,
  claimable,
  type ClusterEnv,
  ownedInformer,
  ownerKeys,
  ownerPace,
  ownKey,
  specSelector,
  writeStatus,
} from '../driver.ts';
import { isNamespaceGone } from '../effect.ts';
import { sameJson } from '../hash.ts';
import { CONTROLLER_REVISIONS, DAEMON_SETS, NODES, PODS } from '../refs.ts';
import type { ControllerRevision, DaemonSet, Node, Pod } from '../types.ts';
import { nodeOf } from './pod.ts';
import { stepDaemonSet } from './step.ts';

const COMPONENT = 'daemonset-controller';
const BACKOFF_MS_MIN = 1_000;
const BACKOFF_MS_MAX = 900_000;

/** Keeps a pod of every DaemonSet on every eligible node. */
export function startDaemonSetController(env: ClusterEnv): Controller {
  const sets = ownedInformer<DaemonSet>(env, DAEMON_SETS);
  const pods = ownedInformer<Pod>(env, PODS);
  const nodes = env.informers.of<Node>(NODES);
  const revisions = ownedInformer<ControllerRevision>(env, CONTROLLER_REVISIONS);
  const backoff = failureBackoff(env);
  return runController({
    name: COMPONENT,
    clock: env.clock,
    workers: 4,
    watches: [
      watchOf(sets, ownKey),
      watchOf(pods, ownerKeys('DaemonSet', sets as never, specSelector), ownerPace(sets as never, pods as never)),
      watchOf(revisions, ownerKeys('DaemonSet', sets as never)),
      watchOf(nodes, change =>
        change.old && samePlace(change.object, change.old) ? [] : [...sets.list()].map(objectKey),
      ),
    ],
    report: (error, key) => env.report(error, `${COMPONENT} ${key}`),
    reconcile: async key => {
      const set = sets.get(key);
      if (!set) return undefined;
      const step = stepDaemonSet({
        set,
        pods: claimable(pods, set, set.spec.selector),
        nodes: [...nodes.list()],
        revisions: revisions.by('controller', set.metadata.uid),
        retryIn: node => backoff.wait(`${set.metadata.uid}/${node}`),
        now_ms: env.clock.now(),
      });
      for (const effect of step.effects)
        if (effect.do === 'note' && effect.note.reason === 'FailedDaemonPod')
          backoff.fail(failedNodes(set, pods.by('controller', set.metadata.uid)));
      const failure = await attempt(env, COMPONENT, step.effects);
      const current = sets.get(key);
      if (current?.metadata.uid !== set.metadata.uid) return undefined;
      if (
        failure?.effect.do === 'create' &&
        failure.effect.object.kind === 'ControllerRevision' &&
        isAlreadyExists(failure.error)
      ) {
        await writeStatus(env, DAEMON_SETS, current, {
          ...step.status,
          collisionCount: (set.status?.collisionCount ?? 0) + 1,
        });
        return undefined;
      }
      await writeStatus(env, DAEMON_SETS, current, step.status);
      if (failure && !isNamespaceGone(failure.error)) throw failure.error;
      return step.again_ms;
    },
  });
}

const samePlace = (a: Node, b: Node): boolean =>
  sameJson(a.metadata.labels, b.metadata.labels) &&
  sameJson(a.spec?.taints, b.spec?.taints) &&
  a.spec?.unschedulable === b.spec?.unschedulable;

const failedNodes = (set: DaemonSet, pods: readonly Pod[]): string[] =>
  pods.filter(pod => pod.status?.phase === 'Failed').map(pod => `${set.metadata.uid}/${nodeOf(pod)}`);

/** A daemon that fails again and again is replaced after 1 s, 2 s … 15 min. */
function failureBackoff(env: ClusterEnv): { wait(place: string): number; fail(places: readonly string[]): void } {
  const failures = new Map<string, { count: number; until_ms: number }>();
  return {
    wait: place => Math.max(0, (failures.get(place)?.until_ms ?? 0) - env.clock.monotonic()),
    fail: places => {
      for (const place of places) {
        const count = (failures.get(place)?.count ?? 0) + 1;
        const pause_ms = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** Math.min(count - 1, 20));
        failures.set(place, { count, until_ms: env.clock.monotonic() + pause_ms });
      }
    },
  };
}
