import type { Clock } from '../../base/index.ts';
import {
  type Client,
  type Controller,
  type Informers,
  type kinds,
  runController,
  watchOf,
} from '../../kernel/index.ts';
import { podRange } from './addresses.ts';
import { NODES } from './node-name.ts';

/** A node's ranges as its Node names them. */
export const podRangePatch = (ranges: readonly string[]) => ({ spec: { podCIDR: ranges[0]!, podCIDRs: [...ranges] } });

/** The lowest free part of each pod range, the same of all; undefined when all 256 are given out. */
export function nextRanges(podCidrs: readonly string[], taken: ReadonlySet<string>): string[] | undefined {
  for (let number = 0; number < 256; number++) {
    const ranges = podCidrs.map(cidr => podRange(cidr, number));
    if (!ranges.some(range => taken.has(range))) return ranges;
  }
  return undefined;
}

export interface PodRangesOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly informers: Informers;
  readonly podCidrs: readonly string[];
  /** The node of this process: the first range is its own, whoever comes first. */
  readonly ownNode: string;
  readonly report: (error: unknown) => void;
}

/** Gives every Node without pod ranges some of its own. */
export function startPodRanges(options: PodRangesOptions): Controller {
  const { client, informers, podCidrs, ownNode } = options;
  const nodes = informers.of<kinds.Node & { apiVersion: string; kind: string }>(NODES);
  const own = nextRanges(podCidrs, new Set())!;
  // The informer may lag behind what was just given out.
  const given = new Map<string, string[]>();
  return runController({
    name: 'pod-ranges',
    clock: options.clock,
    watches: [watchOf(nodes, ({ object }) => [object.metadata.name ?? ''])],
    report: options.report,
    reconcile: async name => {
      const node = nodes.get(name);
      if (!node) given.delete(name);
      if (!node || node.spec?.podCIDR) return undefined;
      const taken = new Set([...own, ...[...given.values()].flat()]);
      for (const other of nodes.list()) for (const range of other.spec?.podCIDRs ?? []) taken.add(range);
      const ranges = name === ownNode ? own : (given.get(name) ?? nextRanges(podCidrs, taken));
      if (!ranges) return undefined;
      given.set(name, ranges);
      await client.patch(NODES, { name }, { type: 'merge', patch: podRangePatch(ranges) });
      return undefined;
    },
  });
}
