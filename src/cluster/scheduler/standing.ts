import type { Pod } from '../types.ts';
import type { Refusal } from './filters/filter.ts';
import type { NodeInfo } from './snapshot.ts';

/** What one node is to a pod by the rules that look at that node alone. */
export interface Standing {
  readonly refusal: Refusal | undefined;
  readonly score: number;
}

/** A standing that holds while the node stays at its generation. */
export interface KeptStanding extends Standing {
  readonly generation: number;
  /** The kind of pods it is about. */
  readonly kind: object;
}

/** Kinds of pods that are remembered: rollouts of so many workloads go on at once without looking twice. */
const KINDS_MAX = 64;

/** All that the rules of single nodes read of a pod. Pods of one workload have the same. */
function kindOf({ spec }: Pod): string {
  const taken = (list: Pod['spec']['containers'] | undefined): unknown =>
    list?.map(({ resources, ports, restartPolicy }) => [resources, ports, restartPolicy]);
  return JSON.stringify([
    spec.nodeName,
    spec.nodeSelector,
    spec.affinity?.nodeAffinity,
    spec.tolerations,
    taken(spec.containers),
    taken(spec.initContainers as Pod['spec']['containers'] | undefined),
    spec.resources,
    spec.overhead,
  ]);
}

/**
 * Remembers what nodes are to pods of one kind while nothing happens to those nodes (the equivalence of kube-scheduler's
 * opportunistic batching): of a thousand nodes one or two have changed since the last decision.
 */
export class Standings {
  readonly #kinds = new Map<string, Map<NodeInfo, KeptStanding>>();

  /** The standing of nodes to this pod; `find` is asked for those that are not known as they are now. */
  of(pod: Pod, find: (info: NodeInfo) => Standing): (info: NodeInfo) => Standing {
    const key = kindOf(pod);
    const known = this.#kinds.get(key) ?? new Map<NodeInfo, KeptStanding>();
    this.#kinds.delete(key);
    this.#kinds.set(key, known);
    if (this.#kinds.size > KINDS_MAX) this.#kinds.delete(this.#kinds.keys().next().value!);
    return info => {
      // Mostly pods of one kind follow each other.
      const last = info.standing;
      if (last !== undefined && last.kind === known && last.generation === info.generation) return last;
      let kept = known.get(info);
      if (kept?.generation !== info.generation) {
        const { refusal, score } = find(info);
        kept = { refusal, score, generation: info.generation, kind: known };
        known.set(info, kept);
      }
      info.standing = kept;
      return kept;
    };
  }

  /** Nodes that are gone are not held on to. */
  forget(): void {
    this.#kinds.clear();
  }
}
