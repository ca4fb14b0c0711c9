import type { Clock } from '../../base/index.ts';
import {
  askCri,
  type ContainerRuntime,
  criImages,
  criNetwork,
  CriRuntime,
  type ImageStore,
  type PodNetwork,
  type RuntimeRegistry,
} from '../../compute/index.ts';

/** What runs the pods of a node: its own runtimes, or those of a CRI runtime that was there before. */
export interface Engine extends AsyncDisposable {
  readonly runtimes: RuntimeRegistry;
  readonly images: ImageStore;
  readonly network: PodNetwork;
  /** As `status.nodeInfo.containerRuntimeVersion` tells it; our own when absent. */
  readonly version?: string;
}

export interface CriEngineOptions {
  /** `unix:///run/containerd/containerd.sock`. */
  readonly endpoint: string;
  readonly clock: Clock;
  /** Whose pods these are; a runtime may have those of others. */
  readonly owner: string;
  readonly nodeAddresses: readonly string[];
  readonly nameservers: readonly string[];
}

/** Handler of a RuntimeClass that names the CRI runtime as a whole. */
const WHOLE = 'cri';

/**
 * Pods run by the CRI runtime at an endpoint, with its images and its network. Each of its handlers is one here, so that
 * a RuntimeClass reaches it. Disposing lets go of the runtime: its pods run on. Rejects with `compute/cri-unreachable`.
 */
export async function openCriEngine(options: CriEngineOptions): Promise<Engine> {
  const { endpoint, clock, owner } = options;
  const facts = await askCri(endpoint);
  await using stack = new AsyncDisposableStack();
  const runtimes = new Map<string, CriRuntime>();
  for (const handler of new Set(['', ...facts.handlers]))
    runtimes.set(handler, stack.use(await CriRuntime.open({ endpoint, handler, owner, clock })));
  const standard = runtimes.get('')!;
  const registry = new Map<string, ContainerRuntime>(runtimes);
  if (!registry.has(WHOLE)) registry.set(WHOLE, standard);
  const kept = stack.move();
  return {
    runtimes: registry,
    images: criImages(standard.client),
    network: criNetwork([...runtimes.values()], options.nodeAddresses, options.nameservers),
    version: `${facts.name}://${facts.version.replace(/^v/, '')}`,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
