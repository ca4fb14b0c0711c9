import type { Clock } from '../../base/index.ts';
import {
  type Client,
  type Controller,
  type Informers,
  type kinds,
  runController,
  watchOf,
} from '../../kernel/index.ts';
import { NODES } from './node-name.ts';

/** The lowest free /24 of a /16 pod range; undefined when all 256 are given out. */
export function nextRange(podCidr: string, taken: ReadonlySet<string>): string | undefined {
  const [first, second] = podCidr.split('.');
  for (let third = 0; third < 256; third++) {
    const range = `${first}.${second}.${third}.0/24`;
    if (!taken.has(range)) return range;
  }
  return undefined;
}

export interface PodRangesOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly informers: Informers;
  readonly podCidr: string;
  /** The node of this process: the first range is its own, whoever comes first. */
  readonly ownNode: string;
  readonly report: (error: unknown) => void;
}

/** Gives every Node without a pod range one of its own. */
export function startPodRanges(options: PodRangesOptions): Controller {
  const { client, informers, podCidr, ownNode } = options;
  const nodes = informers.of<kinds.Node & { apiVersion: string; kind: string }>(NODES);
  const own = nextRange(podCidr, new Set())!;
  // The informer may lag behind what was just given out.
  const given = new Map<string, string>();
  return runController({
    name: 'pod-ranges',
    clock: options.clock,
    watches: [watchOf(nodes, ({ object }) => [object.metadata.name ?? ''])],
    report: options.report,
    reconcile: async name => {
      const node = nodes.get(name);
      if (!node) given.delete(name);
      if (!node || node.spec?.podCIDR) return undefined;
      const taken = new Set([own, ...given.values()]);
      for (const other of nodes.list()) for (const range of other.spec?.podCIDRs ?? []) taken.add(range);
      const range = name === ownNode ? own : (given.get(name) ?? nextRange(podCidr, taken));
      if (!range) return undefined;
      given.set(name, range);
      const patch = { spec: { podCIDR: range, podCIDRs: [range] } };
      await client.patch(NODES, { name }, { type: 'merge', patch });
      return undefined;
    },
  });
}
