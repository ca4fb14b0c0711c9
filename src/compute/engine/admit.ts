import type { kinds } from '../../kernel/index.ts';
import { bytesOf, milliCpu } from './resources.ts';

/** What a node has for pods. */
export interface Room {
  readonly milliCpu: number;
  readonly memory_bytes: number;
  readonly pods: number;
}

/** Why a pod that was put on this node cannot run here; the words are kubelet's. */
export interface Rejection {
  readonly reason: string;
  readonly message: string;
}

interface PortUse {
  readonly ip: string;
  readonly protocol: string;
  readonly port: number;
}

const ANY_ADDRESS = '0.0.0.0';

function hostPorts({ spec }: kinds.Pod): PortUse[] {
  const sidecars = (spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  return [...(spec?.containers ?? []), ...sidecars]
    .flatMap(({ ports }) => ports ?? [])
    .flatMap(({ hostPort, hostIP, protocol }) =>
      hostPort ? [{ port: hostPort, ip: hostIP || ANY_ADDRESS, protocol: protocol ?? 'TCP' }] : [],
    );
}

const clash = (a: PortUse, b: PortUse): boolean =>
  a.port === b.port && a.protocol === b.protocol && (a.ip === b.ip || a.ip === ANY_ADDRESS || b.ip === ANY_ADDRESS);

/** What a pod asks for: its containers together, or an init container that asks for more (Kubernetes, "Init Containers"). */
function requestOf({ spec }: kinds.Pod, read: (amounts: never) => number | undefined): number {
  const amount = (requests: object | undefined): number => read(requests as never) ?? 0;
  const inits = spec?.initContainers ?? [];
  const sidecars = inits.filter(({ restartPolicy }) => restartPolicy === 'Always');
  const lasting = [...(spec?.containers ?? []), ...sidecars].reduce(
    (sum, { resources }) => sum + amount(resources?.requests),
    0,
  );
  const first = Math.max(
    0,
    ...inits.filter(each => !sidecars.includes(each)).map(({ resources }) => amount(resources?.requests)),
  );
  return Math.max(lasting, first, amount(spec?.resources?.requests)) + amount(spec?.overhead);
}

/** What a pod asks of a node altogether, and whether it wants ports of the node itself. */
export function podRequest(pod: kinds.Pod): {
  readonly milliCpu: number;
  readonly memory_bytes: number;
  readonly hostPorts: boolean;
} {
  return {
    milliCpu: requestOf(pod, milliCpu),
    memory_bytes: requestOf(pod, bytesOf),
    hostPorts: hostPorts(pod).length > 0,
  };
}

const insufficient = (resource: string, wanted: number, used: number, capacity: number): Rejection => ({
  reason: `OutOf${resource}`,
  message: `Pod was rejected: Node didn't have enough resource: ${resource}, requested: ${wanted}, used: ${used}, capacity: ${capacity}`,
});

/**
 * Looks once more at what the scheduler looks at: pods that name their node came past it (kubelet, general predicates). `running`
 * are the node's other pods that have not ended.
 */
export function admitPod(pod: kinds.Pod, running: readonly kinds.Pod[], room: Room): Rejection | undefined {
  if (running.length + 1 > room.pods) return insufficient('pods', 1, running.length, room.pods);
  const resources: readonly (readonly [string, (amounts: never) => number | undefined, number])[] = [
    ['cpu', milliCpu, room.milliCpu],
    ['memory', bytesOf, room.memory_bytes],
  ];
  for (const [resource, read, capacity] of resources) {
    const wanted = requestOf(pod, read);
    if (wanted === 0) continue;
    const used = running.reduce((sum, each) => sum + requestOf(each, read), 0);
    if (wanted + used > capacity) return insufficient(resource, wanted, used, capacity);
  }
  const wanted = hostPorts(pod);
  const taken = wanted.length > 0 ? running.flatMap(hostPorts) : [];
  if (!wanted.some(port => taken.some(used => clash(port, used)))) return undefined;
  return {
    reason: 'NodePorts',
    message: "Pod was rejected: Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
  };
}
