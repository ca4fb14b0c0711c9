import type { ContainerSpec, SandboxSpec } from '../model.ts';

/** Whose processes a container sees: its own, those of its pod, or the machine's. */
export function pidsOf(
  spec: Pick<ContainerSpec, 'pids'>,
  sandbox: Pick<SandboxSpec, 'hostPid' | 'sharedPid'>,
): 'pod' | 'own' | 'machine' {
  const wanted = spec.pids ?? (sandbox.hostPid ? 'machine' : sandbox.sharedPid ? 'pod' : 'own');
  // A pod in the machine's process namespace has none of its own to share.
  return wanted === 'pod' && !sandbox.sharedPid ? 'machine' : wanted;
}
