/** A taint NoExecute takes pods away when their toleration is over, not before, not much later (Kubernetes, "Taints and Tolerations"). */
import type { KubeObject } from '../../../kernel/index.ts';
import type { Invariant, Watchdog } from './report.ts';
import { conditionOf, isEnded, isGoing, nameOf, specOf } from './view.ts';
import { DELAYING } from './weather.ts';

const SETTLED_MS = 90_000;
/** Times are whole seconds, and a controller needs a moment. */
const EARLY_MS = 2_500;
const LATE_MS = 30_000;
/** What keeps the controller from doing its work; a lost node is its work. */
const HINDERING = [...DELAYING.filter(kind => kind !== 'NodeLoss'), 'SlowNode'];

interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
}
interface Toleration {
  readonly key?: string;
  readonly operator?: string;
  readonly value?: string;
  readonly effect?: string;
  readonly tolerationSeconds?: number;
}

/** Milliseconds a pod stays under a taint. */
function stays_ms(pod: KubeObject, taint: Taint): number {
  const { tolerations = [] } = specOf<{ tolerations?: readonly Toleration[] }>(pod);
  const matching = tolerations.filter(
    ({ key, operator, value, effect }) =>
      (!effect || effect === taint.effect) &&
      (!key || key === taint.key) &&
      (operator === 'Exists' || (value ?? '') === (taint.value ?? '')),
  );
  if (matching.length === 0) return 0;
  // The shortest of those that match counts.
  return Math.min(...matching.map(each => (each.tolerationSeconds ?? Number.POSITIVE_INFINITY) * 1_000));
}

export function evictionInvariant(dog: Watchdog): Invariant {
  const name = 'eviction';
  const { view, weather } = dog;
  /** Since when a node has a taint, by both. */
  const since = new Map<string, Map<string, { readonly taint: Taint; readonly t: number }>>();
  const boundAt = new Map<string, number>();
  let looked_ms = 0;
  const due_ms = (pod: KubeObject, node: string): number => {
    let due = Number.POSITIVE_INFINITY;
    const bound = boundAt.get(pod.metadata.uid ?? '') ?? 0;
    for (const { taint, t } of since.get(node)?.values() ?? [])
      due = Math.min(due, Math.max(t, bound) + stays_ms(pod, taint));
    return due;
  };
  return {
    name,
    commit({ t, collection, path, object, before }) {
      if (collection === 'nodes') {
        const taints = (object ? (specOf<{ taints?: readonly Taint[] }>(object).taints ?? []) : []).filter(
          ({ effect }) => effect === 'NoExecute',
        );
        const were = since.get(path);
        since.set(path, new Map(taints.map(taint => [taint.key, were?.get(taint.key) ?? { taint, t }])));
        return;
      }
      if (collection !== 'pods' || !object) return;
      const { nodeName } = specOf<{ nodeName?: string }>(object);
      if (nodeName && !(before && specOf<{ nodeName?: string }>(before).nodeName))
        boundAt.set(object.metadata.uid ?? '', t);
      if (!before || !nodeName || isGoing(before) || !isGoing(object)) return;
      if (conditionOf(object, 'DisruptionTarget')?.reason !== 'DeletionByTaintManager') return;
      if (weather.calm_ms(HINDERING, t) < SETTLED_MS) return;
      const due = due_ms(object, nodeName);
      if (due - t > EARLY_MS)
        dog.violated(
          name,
          nameOf(object),
          `was evicted from ${nodeName} ${due === Number.POSITIVE_INFINITY ? 'though it may stay' : `${due - t} ms early`}`,
        );
    },
    instant(t) {
      if (t - looked_ms < 5_000) return;
      looked_ms = t;
      if (weather.calm_ms(HINDERING, t) < SETTLED_MS) return;
      for (const [node, taints] of since) {
        if (taints.size === 0) continue;
        for (const pod of view.podsOn(node))
          if (!isGoing(pod) && !isEnded(pod) && t - due_ms(pod, node) > LATE_MS)
            dog.violated(
              name,
              nameOf(pod),
              `is still on ${node} ${Math.round(t - due_ms(pod, node))} ms after it had to go`,
            );
      }
    },
  };
}
