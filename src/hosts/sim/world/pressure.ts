/** What a node runs short of, and what its kubelet does about it: by the node agent's own rules. */
import {
  admitPod,
  conditionOf,
  crossed,
  evictionMessage,
  evictionOrder,
  parseThresholds,
  podRequest,
  type PodUse,
  type Rejection,
  type Room,
  type Threshold,
} from '../../../compute/decisions.ts';
import type { KubeObject, kinds } from '../../../kernel/index.ts';
import { qosClass } from '../../../kernel/qos.ts';
import type { Machine } from './machine.ts';

/** kubelet's hard thresholds on Linux (Kubernetes documentation, "Node-pressure Eviction"). */
const THRESHOLDS = parseThresholds('memory.available<100Mi,nodefs.available<10%') as readonly Threshold[];
/** A condition stays this long after its cause (kubelet: eviction-pressure-transition-period). */
const SETTLE_MS = 300_000;

const CONDITIONS: readonly (readonly [type: string, no: readonly [string, string], yes: readonly [string, string]])[] =
  [
    [
      'MemoryPressure',
      ['KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
      ['KubeletHasInsufficientMemory', 'kubelet has insufficient memory available'],
    ],
    [
      'DiskPressure',
      ['KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
      ['KubeletHasDiskPressure', 'kubelet has disk pressure'],
    ],
    [
      'PIDPressure',
      ['KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
      ['KubeletHasInsufficientPID', 'kubelet has insufficient PID available'],
    ],
  ];

const observed = ({ memory_bytes, used_bytes, disk }: Machine): Parameters<typeof crossed>[1] => ({
  // A node without a capacity runs out of nothing.
  ...(memory_bytes > 0 ? { 'memory.available': { available: memory_bytes - used_bytes, capacity: memory_bytes } } : {}),
  'nodefs.available': disk,
});

/** True while a look at the node's pods could find something to do. */
export const runsShort = (machine: Machine): boolean => crossed(THRESHOLDS, observed(machine)).length > 0;

export class NodePressure {
  /** Condition -> until when it holds. */
  readonly #held = new Map<string, number>();

  /** True while a condition holds or may have to go. */
  get any(): boolean {
    return this.#held.size > 0;
  }

  /** One look: which conditions hold from now on, and which pod has to go. */
  look(
    machine: Machine,
    uses: readonly PodUse[],
    now_ms: number,
  ): { readonly changed: boolean; readonly evict?: { readonly pod: kinds.Pod; readonly message: string } } {
    const before = [...this.#held.keys()].join();
    const hits = crossed(THRESHOLDS, observed(machine));
    for (const { threshold } of hits) this.#held.set(conditionOf(threshold.signal), now_ms + SETTLE_MS);
    for (const [condition, until_ms] of this.#held) if (until_ms <= now_ms) this.#held.delete(condition);
    const changed = [...this.#held.keys()].join() !== before;
    const [hit] = hits;
    const first = hit && evictionOrder(hit.threshold.signal, uses)[0];
    return first ? { changed, evict: { pod: first.pod, message: evictionMessage(hit, first) } } : { changed };
  }

  /** A node under pressure takes no new pods; one short of memory those with a request (kubelet, eviction manager). */
  refuses(pod: kinds.Pod): Rejection | undefined {
    if (this.#held.size === 0 || (pod.spec?.priority ?? 0) >= 2_000_000_000) return undefined;
    const held = [...this.#held.keys()];
    if (held.length === 1 && held[0] === 'MemoryPressure') {
      const tolerates = pod.spec?.tolerations?.some(
        ({ key, operator }) =>
          key === 'node.kubernetes.io/memory-pressure' || (key === undefined && operator === 'Exists'),
      );
      if (tolerates || qosClass(pod as KubeObject) !== 'BestEffort') return undefined;
    }
    return { reason: 'Evicted', message: `Pod was rejected: The node had condition: [${held.join(' ')}]. ` };
  }

  /** Conditions of the node's status; `now` is RFC 3339. */
  conditions(before: readonly kinds.NodeCondition[], now: string): kinds.NodeCondition[] {
    const rows = CONDITIONS.map(([type, no, yes]): [string, string, string, string] =>
      this.#held.has(type) ? [type, 'True', ...yes] : [type, 'False', ...no],
    );
    rows.push(['Ready', 'True', 'KubeletReady', 'kubelet is posting ready status']);
    return rows.map(([type, status, reason, message]) => {
      const known = before.find(condition => condition.type === type);
      const lastTransitionTime = known?.status === status ? (known.lastTransitionTime ?? now) : now;
      return { type, status, reason, message, lastHeartbeatTime: now, lastTransitionTime };
    });
  }
}

/** What is left on a node for pods; sums are kept so that a thousand pods cost a thousand looks, not a million. */
export class NodeRoom {
  readonly #room: Room;
  #milliCpu = 0;
  #memory_bytes = 0;
  #pods = 0;

  constructor(room: Room) {
    this.#room = room;
  }

  /** Why the pod cannot run beside those that do; the sums take it in where it can. */
  reject(pod: kinds.Pod, running: () => readonly kinds.Pod[]): Rejection | undefined {
    const { milliCpu, memory_bytes, hostPorts } = podRequest(pod);
    const fits =
      !hostPorts &&
      this.#pods < this.#room.pods &&
      this.#milliCpu + milliCpu <= this.#room.milliCpu &&
      this.#memory_bytes + memory_bytes <= this.#room.memory_bytes;
    if (!fits) {
      // Some may have ended since: count again.
      const others = running();
      const rejection = admitPod(pod, others, this.#room);
      const all = others.map(podRequest);
      this.#pods = others.length;
      this.#milliCpu = all.reduce((sum, each) => sum + each.milliCpu, 0);
      this.#memory_bytes = all.reduce((sum, each) => sum + each.memory_bytes, 0);
      if (rejection) return rejection;
    }
    this.#pods++;
    this.#milliCpu += milliCpu;
    this.#memory_bytes += memory_bytes;
    return undefined;
  }
}
