/** What people do to a cluster while it storms, drawn from the seed; each can be left out when a failure is shrunk. */
import type { Draw } from './workload.ts';
import { DEPLOYED } from './workload.ts';

/** One deed of the operator. */
export interface Deed {
  readonly at_ms: number;
  readonly do:
    | 'roll'
    | 'scale'
    | 'delete-pods'
    | 'evict-pods'
    | 'drain'
    | 'uncordon'
    | 'recreate'
    | 'run-job'
    | 'burst'
    | 'counter'
    | 'service'
    | 'restart'
    | 'pause'
    | 'maps';
  readonly target: string;
  /** What of it: an image, a number, a policy. */
  readonly value: string;
}

const SETS = ['db', 'flock'] as const;

function deedOf(draw: Draw, at_ms: number, number: number, nodes: readonly string[]): Deed {
  const app = draw.of(DEPLOYED);
  const any = draw.of([...DEPLOYED, ...SETS]);
  const image = `${draw.chance(0.2) ? 'broken' : 'serve'}:${number}`;
  const deeds: readonly Deed[] = [
    { at_ms, do: 'roll', target: draw.of([...DEPLOYED, ...DEPLOYED, ...SETS, 'agent']), value: image },
    { at_ms, do: 'roll', target: draw.of(DEPLOYED), value: image },
    { at_ms, do: 'roll', target: draw.of([...SETS, 'agent']), value: image },
    { at_ms, do: 'scale', target: any, value: String(any === 'again' ? draw.from(0, 2) : draw.from(1, 6)) },
    {
      at_ms,
      do: 'delete-pods',
      target: draw.of([...DEPLOYED, ...SETS, 'agent', 'job', 'index']),
      value: String(draw.from(1, 3)),
    },
    { at_ms, do: 'evict-pods', target: draw.of(['web', 'lone', 'db']), value: String(draw.from(2, 6)) },
    { at_ms, do: 'drain', target: draw.of(nodes), value: String(draw.from(10, 60)) },
    {
      at_ms,
      do: 'recreate',
      target: draw.of([app, ...SETS]),
      value: draw.of(['Background', 'Foreground', 'Orphan']),
    },
    { at_ms, do: 'run-job', target: `job-${number}`, value: draw.of(['plain', 'indexed']) },
    { at_ms, do: 'burst', target: `burst-${number}`, value: String(draw.from(3, 10)) },
    { at_ms, do: 'counter', target: 'counter', value: String(draw.from(2, 5)) },
    { at_ms, do: 'service', target: `svc-${number}`, value: draw.of(['ClusterIP', 'NodePort']) },
    { at_ms, do: 'pause', target: app, value: String(draw.from(5, 40)) },
    { at_ms, do: 'maps', target: `map-${number}`, value: String(draw.from(3, 8)) },
  ];
  return draw.of(deeds);
}

/** Deeds between two moments, by time. */
export function drawDeeds(draw: Draw, from_ms: number, to_ms: number, nodes: readonly string[]): Deed[] {
  const count = draw.from(8, 22);
  const times = Array.from({ length: count }, () => draw.from(from_ms, to_ms)).sort((a, b) => a - b);
  return times.map((at_ms, number) => deedOf(draw, at_ms, number + 2, nodes));
}
