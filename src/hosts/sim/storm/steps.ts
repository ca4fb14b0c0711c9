/** What people do to a cluster while it storms, drawn from the seed; each can be left out when a failure is shrunk. */
import { DEPLOYED, type Draw, JOBS_KINDS } from './workload.ts';

/** One deed of the operator, or of what the workload goes through (`load`). */
export interface Deed {
  readonly at_ms: number;
  readonly do:
    | 'roll'
    | 'scale'
    | 'surge'
    | 'delete-pods'
    | 'evict-pods'
    | 'disturb'
    | 'inherit'
    | 'crowd'
    | 'squeeze'
    | 'drain'
    | 'recreate'
    | 'run-job'
    | 'burst'
    | 'press'
    | 'counter'
    | 'service'
    | 'pause'
    | 'maps'
    | 'stale-delete'
    | 'steal'
    | 'owners'
    | 'taint'
    | 'relabel'
    | 'suspend'
    | 'namespace'
    | 'partition'
    | 'autoscale'
    | 'load';
  readonly target: string;
  /** What of it: an image, a number, a policy. */
  readonly value: string;
}

const SETS = ['db', 'flock'] as const;
const DAEMONS = ['agent', 'fleet'] as const;
const PROPAGATION = ['Background', 'Foreground', 'Orphan'] as const;
const EFFECTS = ['NoSchedule', 'NoExecute'] as const;

type Made = readonly [target: string, value: string];

/** What each deed is done to; as often as it stands here. */
const MAKERS: readonly (readonly [
  Deed['do'],
  (draw: Draw, number: number, image: string, nodes: readonly string[]) => Made,
])[] = [
  ['roll', (draw, _, image) => [draw.of([...DEPLOYED, ...DEPLOYED, ...SETS, ...DAEMONS]), image]],
  ['roll', (draw, _, image) => [draw.of(DEPLOYED), image]],
  ['roll', (draw, _, image) => [draw.of([...SETS, ...DAEMONS]), image]],
  ['surge', (draw, number) => [draw.of(['web', 'api', 'lone']), String(number)]],
  [
    'scale',
    draw => {
      const any = draw.of([...DEPLOYED, ...SETS]);
      return [any, String(any === 'again' ? draw.from(0, 2) : draw.from(1, 6))];
    },
  ],
  ['delete-pods', draw => [draw.of([...DEPLOYED, ...SETS, ...DAEMONS, 'job', 'index']), String(draw.from(1, 3))]],
  ['evict-pods', draw => [draw.of(['web', 'lone', 'db']), String(draw.from(2, 6))]],
  ['drain', (draw, _, __, nodes) => [draw.of(nodes), String(draw.from(10, 60))]],
  ['recreate', draw => [draw.of([...DEPLOYED, ...SETS]), draw.of(PROPAGATION)]],
  ['run-job', (draw, number) => [`job-${number}`, draw.of(JOBS_KINDS)]],
  ['run-job', (draw, number) => [`job-${number}`, draw.of(JOBS_KINDS)]],
  ['burst', (draw, number) => [`burst-${number}`, String(draw.from(3, 10))]],
  ['press', (draw, number) => [`press-${number}`, String(draw.from(3, 10))]],
  ['counter', draw => ['counter', String(draw.from(2, 5))]],
  ['service', (draw, number) => [`svc-${number}`, draw.of(['ClusterIP', 'NodePort'])]],
  ['pause', draw => [draw.of(DEPLOYED), String(draw.from(5, 40))]],
  ['maps', (draw, number) => [`map-${number}`, String(draw.from(3, 8))]],
  ['stale-delete', (_, number) => [`stale-${number}`, '']],
  ['steal', (draw, number) => [`thief-${number}`, draw.of(['address', 'port'])]],
  ['owners', (draw, number) => [`owner-${number}`, draw.of(PROPAGATION)]],
  ['disturb', draw => [draw.of(['web', 'lone', 'db']), String(draw.from(1, 3))]],
  ['inherit', (draw, number) => [`heir-${number}`, draw.of(PROPAGATION)]],
  ['crowd', (draw, number) => [`crowd-${number}`, String(draw.from(8, 24))]],
  ['squeeze', draw => ['all', String(draw.from(0, 3))]],
  ['taint', (draw, _, __, nodes) => [draw.of(nodes), draw.of(EFFECTS)]],
  ['relabel', draw => [draw.of(DEPLOYED), '']],
  ['suspend', draw => [draw.of(['job', 'index']), String(draw.from(5, 40))]],
  ['namespace', (_, number) => [`guest-${number}`, '']],
  ['partition', draw => [draw.of(SETS), String(draw.from(0, 3))]],
  ['autoscale', draw => ['elastic', draw.of(['2-6', '1-3', '3-5', '2-4'])]],
  ['load', draw => ['elastic', String(draw.of([0, 40, 90, 140, 190, 240, 290, 400]))]],
  ['load', draw => ['elastic', String(draw.of([20, 60, 120, 260, 340, 600]))]],
];

function deedOf(draw: Draw, at_ms: number, number: number, nodes: readonly string[]): Deed {
  // Some rollouts never come up, some go back to what was.
  const image = `${draw.chance(0.25) ? 'broken' : draw.of(['serve', 'serve', 'linger'])}:${draw.chance(0.2) ? 1 : number}`;
  const [what, make] = draw.of(MAKERS);
  const [target, value] = make(draw, number, image, nodes);
  return { at_ms, do: what, target, value };
}

/** Deeds between two moments, by time. */
export function drawDeeds(draw: Draw, from_ms: number, to_ms: number, nodes: readonly string[]): Deed[] {
  const count = draw.from(10, 26);
  const times = Array.from({ length: count }, () => draw.from(from_ms, to_ms)).sort((a, b) => a - b);
  return times.map((at_ms, number) => deedOf(draw, at_ms, number + 2, nodes));
}
