import { hostMounts, type Keeper, type PodNetwork, type RuntimeRegistry } from '../../compute/index.ts';

/** Pods get this long to end when the whole Tenon ends; their own grace period is for deletions. */
const STOP_MS = 5_000;

/**
 * Ends every pod of this node and takes it off the machine, with what is mounted below `pods`; the objects stay: the next start runs them again. A Tenon
 * that is killed instead leaves its pods running, and the next one takes them up.
 */
export async function drainNode(
  runtimes: RuntimeRegistry,
  network: PodNetwork,
  keeper: Keeper | undefined,
  pods: string,
  log: (line: string) => void,
): Promise<void> {
  for (const runtime of new Set(runtimes.values())) {
    const containers = await runtime.listContainers();
    await Promise.allSettled(containers.map(({ spec }) => runtime.stopContainer(spec.id, STOP_MS)));
    await Promise.allSettled(containers.map(({ spec }) => runtime.removeContainer(spec.id)));
    const sandboxes = await runtime.listSandboxes();
    const removed = await Promise.allSettled(
      sandboxes.map(async ({ spec }) => {
        await runtime.stopSandbox(spec.id);
        await runtime.removeSandbox(spec.id);
      }),
    );
    for (const result of removed) if (result.status === 'rejected') log(`drain: ${String(result.reason)}`);
  }
  for (const { sandboxId } of await network.list())
    await network.detach(sandboxId).catch((error: Error) => log(`drain: ${error.message}`));
  hostMounts().unmountBelow?.(pods);
  await keeper?.shutdown();
}
