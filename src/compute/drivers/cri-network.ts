import type { PodAttachment, PodNetwork, PodNetworkRequest } from '../ports.ts';
import type { CriRuntime } from './cri-runtime.ts';

/** Pods of a CRI runtime get their addresses from its own network; we learn them when the sandbox is there. */
export function criNetwork(runtime: CriRuntime, nodeAddresses: readonly string[]): PodNetwork {
  const attached = new Map<string, PodAttachment>();
  const learn = async (sandboxId: string): Promise<PodAttachment | undefined> => {
    const known = attached.get(sandboxId);
    if (!known || known.ips.length > 0) return known;
    const learned = { ...known, ips: await runtime.addresses(sandboxId) };
    attached.set(sandboxId, learned);
    return learned;
  };
  return {
    attach: ({ pod, sandboxId, hostNetwork, ports }: PodNetworkRequest) => {
      runtime.expect(sandboxId, ports);
      const ips = hostNetwork ? nodeAddresses : [];
      const made: PodAttachment = attached.get(sandboxId) ?? { pod, sandboxId, ips, nameservers: [] };
      attached.set(sandboxId, made);
      return Promise.resolve(made);
    },
    attached: learn,
    detach: sandboxId => Promise.resolve(void attached.delete(sandboxId)),
    list: async () => {
      for (const { spec } of await runtime.listSandboxes()) {
        const ips = spec.hostNetwork ? nodeAddresses : [];
        if (!attached.has(spec.id)) attached.set(spec.id, { pod: spec.pod, sandboxId: spec.id, ips, nameservers: [] });
        await learn(spec.id);
      }
      return [...attached.values()];
    },
    dial: (sandboxId, port, signal) => runtime.dial(sandboxId, port, signal),
  };
}
