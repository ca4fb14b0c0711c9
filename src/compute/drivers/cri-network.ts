import type { PodAttachment, PodNetwork, PodNetworkRequest } from '../ports.ts';
import type { CriRuntime } from './cri-runtime.ts';

/**
 * Pods of a CRI runtime get their addresses from its own network; we learn them when the sandbox is there. `runtimes`: its
 * handlers; `nameservers`: cluster DNS, where pods reach it.
 */
export function criNetwork(
  runtimes: readonly CriRuntime[],
  nodeAddresses: readonly string[],
  nameservers: readonly string[] = [],
): PodNetwork {
  const holder = (sandboxId: string): CriRuntime | undefined => runtimes.find(runtime => runtime.has(sandboxId));
  const attached = new Map<string, PodAttachment>();
  const learn = async (sandboxId: string): Promise<PodAttachment | undefined> => {
    const known = attached.get(sandboxId);
    if (!known || known.ips.length > 0) return known;
    const learned = { ...known, ips: (await holder(sandboxId)?.addresses(sandboxId)) ?? [] };
    attached.set(sandboxId, learned);
    return learned;
  };
  return {
    attach: ({ pod, sandboxId, hostNetwork, ports }: PodNetworkRequest) => {
      for (const runtime of runtimes) runtime.expect(sandboxId, ports);
      const ips = hostNetwork ? nodeAddresses : [];
      const made: PodAttachment = attached.get(sandboxId) ?? { pod, sandboxId, ips, nameservers };
      attached.set(sandboxId, made);
      return Promise.resolve(made);
    },
    attached: learn,
    detach: sandboxId => {
      for (const runtime of runtimes) runtime.forget(sandboxId);
      return Promise.resolve(void attached.delete(sandboxId));
    },
    list: async () => {
      const all = await Promise.all(runtimes.map(runtime => runtime.listSandboxes()));
      for (const { spec } of all.flat()) {
        const ips = spec.hostNetwork ? nodeAddresses : [];
        if (!attached.has(spec.id)) attached.set(spec.id, { pod: spec.pod, sandboxId: spec.id, ips, nameservers });
        await learn(spec.id);
      }
      return [...attached.values()];
    },
    dial: (sandboxId, port, signal) => (holder(sandboxId) ?? runtimes[0]!).dial(sandboxId, port, signal),
  };
}
