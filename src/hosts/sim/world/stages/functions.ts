/** What templates of stages may call beside the usual functions (kwok documentation, "Go Template in kwok"). */
import type { KubeObject } from '../../../../kernel/index.ts';

/** Conditions of a healthy node, as kwok gives them to templates. */
export const NODE_CONDITIONS: readonly Readonly<Record<'type' | 'status' | 'reason' | 'message', string>>[] = [
  ['Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'],
  ['MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
  ['DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
  ['PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
  ['NetworkUnavailable', 'False', 'RouteCreated', 'RouteController created a route'],
].map(([type = '', status = '', reason = '', message = '']) => ({ type, status, reason, message }));

/** What the templates of a world ask of it. */
export interface StageWorld {
  readonly start_ms: number;
  readonly nodeAddress: (node: string) => string | undefined;
  /** The pod's own address on its node; the node's where it shares its network. */
  readonly podAddress: (pod: KubeObject) => string | undefined;
}

const VERSION = 'v0.7.0';
const PORT = 10250;

/** The functions of templates over one object of the world. */
export function stageFunctions(
  world: StageWorld,
  object: KubeObject,
  now_ms: number,
): Readonly<Record<string, (...args: unknown[]) => unknown>> {
  const time = (ms: number): string => new Date(ms).toISOString();
  const spec = object.spec as { nodeName?: string } | undefined;
  const own = object.kind === 'Node' ? object.metadata.name : spec?.nodeName;
  const nodeIp = (node: unknown): string => (typeof node === 'string' ? (world.nodeAddress(node) ?? '') : '');
  const podIp = (): string => world.podAddress(object) ?? '';
  const many = (address: string): string[] => (address === '' ? [] : [address]);
  return {
    Now: () => time(now_ms),
    StartTime: () => time(world.start_ms),
    Version: () => VERSION,
    NodeConditions: () => NODE_CONDITIONS,
    NodeIP: () => nodeIp(own),
    NodeIPs: () => many(nodeIp(own)),
    NodeName: () => own ?? '',
    NodePort: () => PORT,
    NodeIPWith: nodeIp,
    NodeIPsWith: node => many(nodeIp(node)),
    PodIP: podIp,
    PodIPs: () => many(podIp()),
    PodIPWith: podIp,
    PodIPsWith: () => many(podIp()),
  };
}
