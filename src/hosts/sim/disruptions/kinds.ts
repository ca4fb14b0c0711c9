/** What can go wrong, as a table: settings with their defaults, what is done, and what undoes it. */
import type { Json, JsonObject } from '../../../kernel/index.ts';
import { API_SERVER } from '../interference.ts';
import type { LinkSettings } from '../links.ts';
import { CONTROL } from '../process-client.ts';
import { globMatches } from '../world/models.ts';
import type { Disruptable } from './ports.ts';

/** A number in a range, one of some texts, or a switch. Durations are milliseconds. */
export type SettingSchema =
  | { readonly type: 'number'; readonly default: number; readonly min: number; readonly max: number }
  | { readonly type: 'text'; readonly default: string; readonly of?: readonly string[] }
  | { readonly type: 'switch'; readonly default: boolean };

export type TargetKind = 'node' | 'process' | 'place' | 'none' | 'pattern';

export interface Applied {
  readonly on: Disruptable;
  /** Empty where none was given and none is needed. */
  readonly target: string;
  readonly number: (name: string) => number;
  readonly text: (name: string) => string;
  readonly is: (name: string) => boolean;
  /** Undefined for what happens once. */
  readonly for_ms: number | undefined;
}

export interface DisruptionKind {
  readonly name: string;
  readonly target: TargetKind;
  /** A target must be named. */
  readonly needsTarget?: boolean;
  readonly settings: Readonly<Record<string, SettingSchema>>;
  /** Happens and is over; otherwise it lasts until it is healed. */
  readonly once?: boolean;
  /** The store must lie on a disk that can lose writes. */
  readonly needsDisk?: boolean;
  /** Undefined: the world of this run does not have it. */
  readonly apply: (applied: Applied) => Disposable | undefined;
}

const number = (value: number, min: number, max: number): SettingSchema => ({
  type: 'number',
  default: value,
  min,
  max,
});
const undo = (heal: () => void): Disposable => ({ [Symbol.dispose]: heal });
const NOTHING: Disposable = undo(() => undefined);
const optional = (target: string): { by?: string } => (target === '' ? {} : { by: target });
const scoped = ({ target, text }: Applied): { by?: string; collection?: string } => {
  const collection = text('collection');
  return { ...optional(target), ...(collection === '' ? {} : { collection }) };
};
const COLLECTION: SettingSchema = { type: 'text', default: '' };
/** A crashed process or server is away for this long. */
const RESTART = number(2_000, 0, 86_400_000);

/** Fails from the next operation on until healed; a store that gave up is started again, as an operator would. */
function diskFault({ on }: Applied, kind: 'ENOSPC' | 'EIO'): Disposable {
  const plant = (): void =>
    on.api.disk?.plant({ operation: on.api.disk.operations + 1, kind, lasting: kind === 'ENOSPC' });
  plant();
  return undo(() => {
    on.api.disk?.plant(undefined);
    if (on.api.failed) on.api.crash();
  });
}

function crash({ on, target, number, for_ms }: Applied): Disposable {
  const restart_ms = for_ms === undefined ? number('restart_ms') : undefined;
  const awaits = number('awaits');
  if (awaits > 0) on.processes.crashAtAwait(target, awaits, restart_ms ?? for_ms ?? 0);
  else on.processes.crash(target, restart_ms ?? 'never');
  if (restart_ms !== undefined || awaits > 0) return NOTHING;
  return undo(() => void on.processes.revive(target));
}

function partition({ on, target, text, is }: Applied): Disposable {
  const other = text('from');
  if (other === '') {
    on.links.isolate(target);
    return undo(() => on.links.join(target));
  }
  const ways: (readonly [string, string])[] = is('oneWay')
    ? [[target, other]]
    : [
        [target, other],
        [other, target],
      ];
  for (const [from, to] of ways) on.links.cut(from, to);
  return undo(() => {
    for (const [from, to] of ways) on.links.heal(from, to);
  });
}

/** What a link was before any disruption of it, by the settings a disruption gave it: several may overlap. */
const undisrupted = new WeakMap<LinkSettings, LinkSettings | undefined>();

/** Puts settings on a link; undone, it is as it was before, unless a later disruption still holds it. */
function overlay(on: Disruptable, from: string, to: string, wanted: LinkSettings): () => void {
  const before = on.links.settings(from, to);
  const settings = { ...wanted };
  undisrupted.set(settings, before && undisrupted.has(before) ? undisrupted.get(before) : before);
  on.links.set(from, to, settings);
  return () => {
    if (on.links.settings(from, to) === settings) on.links.set(from, to, undisrupted.get(settings));
  };
}

/** Client certificates of processes, the API server's own, and serving certificates of webhooks and git hosts. */
function expire({ on, target }: Applied): Disposable | undefined {
  const holders = [...on.processes.names, API_SERVER].filter(
    name => globMatches(target, name) || name === `kubelet/${target}`,
  );
  const served = on.world.expireCertificates?.(target);
  if (holders.length === 0 && !served) return undefined;
  const undoing = holders.map(holder => on.interference.expire(holder));
  return undo(() => {
    for (const each of undoing) each[Symbol.dispose]();
    served?.[Symbol.dispose]();
  });
}

function skew({ on, target, number }: Applied): Disposable {
  on.processes.skew(target, number('skew_ms'));
  return undo(() => on.processes.skew(target, 0));
}

const KINDS: readonly DisruptionKind[] = [
  {
    name: 'NodeLoss',
    target: 'node',
    needsTarget: true,
    settings: {},
    apply: ({ on, target }) => on.world.loseNode?.(target),
  },
  {
    name: 'SlowNode',
    target: 'node',
    needsTarget: true,
    settings: { factor: number(10, 1, 10_000) },
    apply: ({ on, target, number: of }) => on.world.slowNode?.(target, of('factor')),
  },
  {
    name: 'NodeDiskFull',
    target: 'node',
    needsTarget: true,
    settings: {},
    apply: ({ on, target }) => on.world.fillDisk?.(target),
  },
  {
    name: 'Partition',
    target: 'place',
    needsTarget: true,
    settings: { from: { type: 'text', default: CONTROL }, oneWay: { type: 'switch', default: false } },
    apply: partition,
  },
  {
    name: 'ProcessCrash',
    target: 'process',
    needsTarget: true,
    settings: { restart_ms: RESTART, awaits: number(0, 0, 1_000_000) },
    apply: crash,
  },
  {
    name: 'StoreCrash',
    target: 'none',
    settings: { restart_ms: RESTART },
    once: true,
    apply: ({ on, number: of }) => {
      on.api.crash(of('restart_ms'));
      return NOTHING;
    },
  },
  { name: 'DiskFull', target: 'none', settings: {}, needsDisk: true, apply: applied => diskFault(applied, 'ENOSPC') },
  { name: 'DiskError', target: 'none', settings: {}, needsDisk: true, apply: applied => diskFault(applied, 'EIO') },
  {
    name: 'ImagePullFailure',
    target: 'pattern',
    settings: {},
    apply: ({ on, target }) => on.world.failPulls?.(target || '*'),
  },
  {
    name: 'WebhookTimeout',
    target: 'pattern',
    settings: {},
    apply: ({ on, target }) => on.world.silenceWebhooks?.(target || '*'),
  },
  {
    name: 'CertificateExpiry',
    target: 'pattern',
    needsTarget: true,
    settings: {},
    apply: expire,
  },
  {
    name: 'DnsFailure',
    target: 'pattern',
    settings: { how: { type: 'text', default: 'nxdomain', of: ['nxdomain', 'servfail', 'timeout'] } },
    apply: ({ on, target, text }) => on.world.failNames?.(target || '*', text('how')),
  },
  {
    name: 'GitUnreachable',
    target: 'pattern',
    settings: { how: { type: 'text', default: 'refused', of: ['refused', 'timeout'] } },
    apply: ({ on, target, text }) => on.world.hideGit?.(target || '*', text('how')),
  },
  {
    name: 'MetricsGap',
    target: 'pattern',
    settings: {},
    apply: ({ on, target }) => on.world.stopMetrics?.(target || '*'),
  },
  {
    name: 'CounterReset',
    target: 'pattern',
    settings: {},
    once: true,
    apply: ({ on, target }) => {
      if (!on.world.resetCounters) return undefined;
      on.world.resetCounters(target || '*');
      return NOTHING;
    },
  },
  {
    name: 'ClockSkew',
    target: 'process',
    needsTarget: true,
    settings: { skew_ms: number(60_000, -31_536_000_000, 31_536_000_000) },
    apply: skew,
  },
  {
    name: 'WatchDelay',
    target: 'process',
    settings: { delay_ms: number(2_000, 1, 600_000), collection: COLLECTION },
    apply: applied => applied.on.interference.delay({ ...scoped(applied), delay_ms: applied.number('delay_ms') }),
  },
  {
    name: 'WatchClose',
    target: 'process',
    settings: { collection: COLLECTION, compact: { type: 'switch', default: false } },
    once: true,
    apply: applied => {
      const { on, text } = applied;
      const { by, collection } = scoped(applied);
      if (applied.is('compact')) on.api.compact(text('collection') || undefined);
      on.interference.closeWatches(by, collection);
      return NOTHING;
    },
  },
  {
    // Nobody can watch for a while; with `compact` what was missed is forgotten when it is over.
    name: 'WatchOutage',
    target: 'process',
    settings: { collection: COLLECTION, compact: { type: 'switch', default: true } },
    apply: applied => {
      const { on, text, is } = applied;
      const scope = scoped(applied);
      const refusing = on.interference.refuse({ ...scope, verb: 'watch', code: 503, share: 1 });
      on.interference.closeWatches(scope.by, scope.collection);
      return undo(() => {
        refusing[Symbol.dispose]();
        if (is('compact')) on.api.compact(text('collection') || undefined);
      });
    },
  },
  {
    name: 'LostAnswer',
    target: 'process',
    settings: { share: number(0.2, 0, 1), collection: COLLECTION },
    apply: applied => applied.on.interference.lose({ ...scoped(applied), share: applied.number('share') }),
  },
  {
    name: 'ApiError',
    target: 'process',
    settings: {
      share: number(0.2, 0, 1),
      code: number(500, 400, 599),
      collection: COLLECTION,
    },
    apply: applied =>
      applied.on.interference.refuse({
        ...scoped(applied),
        share: applied.number('share'),
        code: applied.number('code'),
      }),
  },
  {
    name: 'Latency',
    target: 'place',
    needsTarget: true,
    settings: {
      from: { type: 'text', default: CONTROL },
      latency_ms: number(200, 0, 600_000),
      jitter_ms: number(100, 0, 600_000),
      loss: number(0, 0, 1),
    },
    apply: ({ on, target, number: of, text }) => {
      const settings = { latency_ms: of('latency_ms'), jitter_ms: of('jitter_ms'), loss: of('loss') };
      const undoing = [overlay(on, target, text('from'), settings), overlay(on, text('from'), target, settings)];
      return undo(() => {
        for (const each of undoing) each();
      });
    },
  },
];

export const DISRUPTION_KINDS: ReadonlyMap<string, DisruptionKind> = new Map(KINDS.map(kind => [kind.name, kind]));

/** The setting a disruption has, or its default. */
export function settingOf(kind: DisruptionKind, settings: JsonObject, name: string): Json {
  const given = settings[name];
  const schema = kind.settings[name];
  if (!schema) throw new Error(`${kind.name} has no setting ${name}`);
  return given === undefined ? schema.default : given;
}
