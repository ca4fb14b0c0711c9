/** The words of `spec.steps`. */
import { FaultError } from '../../../base/index.ts';
import { type Json, kindOf, type KubeObject, type Path } from '../../../kernel/index.ts';
import type { Disruption } from '../model.ts';
import { disruptionKind, settingsOf } from './disrupt.ts';
import { commit } from './grammar-delivery.ts';
import { expectationOf, expectations, expression, WHEN } from './grammar-expect.ts';
import { rateTrace } from './grammar-traces.ts';
import { headers, method, target } from './grammar-world.ts';
import type { Load, ObjectRef, Placed, Step, Storm } from './model.ts';
import type { Rate } from './rate.ts';
import { objectRef } from './refs.ts';
import {
  anything,
  BAD,
  type Bad,
  choice,
  either,
  into,
  isObject,
  list,
  mapOf,
  may,
  need,
  object,
  onlyTrue,
  or,
  type Reader,
  type Shape,
  type ShapeOf,
  some,
  text,
  truth,
  whole,
  wrong,
} from './shape.ts';
import { formatDuration } from './units.ts';
import { duration, durations, fixedAt, lasting, name, rate as rateValue } from './values.ts';

const PATH = /^\.{0,2}\/|\/$|\.(ya?ml|json)$/;
const any = <T>(shape: Shape<T>, en: string, zh: string): Shape<readonly T[]> =>
  list(shape, { en: `a list of ${en}`, zh: `${zh}列表` });

/** Objects of a file or folder, or one written here. */
const manifest: Shape<readonly Placed[]> = {
  says: { en: 'a path, or an object', zh: '路径或对象' },
  takes: value => typeof value === 'string' || isObject(value),
  read(value, path, reader) {
    if (isObject(value)) {
      const { apiVersion, kind, metadata } = value;
      const good = typeof apiVersion === 'string' && typeof kind === 'string' && isObject(metadata);
      if (!good || (typeof metadata.name !== 'string' && typeof metadata.generateName !== 'string'))
        return wrong(value, path, reader, {
          en: 'an object with apiVersion, kind and metadata.name',
          zh: '带 apiVersion、kind 与 metadata.name 的对象',
        });
      return [{ object: value as unknown as KubeObject, where: reader.at(path) }];
    }
    if (typeof value !== 'string' || value === '') return wrong(value, path, reader, this.says);
    try {
      return reader.files.manifests(value, reader.at(path));
    } catch (error) {
      if (error instanceof FaultError) return reader.fault(error.fault);
      throw error;
    }
  },
  schema: {
    anyOf: [
      { type: 'string', description: 'a manifest file or folder, relative to this file' },
      { type: 'object', required: ['apiVersion', 'kind', 'metadata'] },
    ],
  },
};

const refOf = ({ object: { apiVersion, kind, metadata } }: Placed): ObjectRef => ({
  apiVersion,
  kind,
  ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
  name: metadata.name ?? '',
});

const gone: Shape<readonly ObjectRef[]> = {
  says: { en: 'an object such as deploy/shop/web, or a path', zh: '对象(如 deploy/shop/web)或路径' },
  takes: () => true,
  read(value, path, reader) {
    const isManifest = typeof value === 'string' ? PATH.test(value) : isObject(value) && value.metadata !== undefined;
    if (isManifest) {
      const read = manifest.read(value, path, reader);
      return read === BAD ? BAD : read.map(refOf);
    }
    const ref = objectRef.read(value, path, reader);
    return ref === BAD ? BAD : [ref];
  },
  schema: { anyOf: [manifest.schema, objectRef.schema] },
};

const patch = object(
  'patch',
  {
    object: need(objectRef, 'the object: deploy/shop/web'),
    merge: may(mapOf(anything, { en: 'a map', zh: '映射' }), 'a JSON merge patch (RFC 7386)'),
    strategic: may(mapOf(anything, { en: 'a map', zh: '映射' }), 'a strategic merge patch'),
    json: may(any(anything, 'operations', '操作'), 'a JSON patch (RFC 6902)'),
  },
  ['merge', 'strategic', 'json'],
);

const scale = object('scale', {
  object: need(objectRef, 'the workload: deploy/shop/web'),
  replicas: need(whole({ en: 'a number from 0 on', zh: '不小于 0 的整数' }, 0, 1_000_000), 'how many'),
});

const rateStep = object('a rate step', {
  after: need(duration, 'since the beginning of the load'),
  rate: need(rateValue, 'from then on'),
  ramp: or(truth, false, 'in a straight line from the rate before'),
});

const rateSteps: Shape<Rate> = into(any(rateStep, 'rate steps', '速率步骤'), (read, path, reader): Rate | Bad => {
  const index = read.findIndex(({ after }, at) => at > 0 && after <= read[at - 1]!.after);
  if (read.length === 0 || index > 0) {
    const place = index > 0 ? [...path, index, 'after'] : path;
    return wrong(reader.valueAt(place), place, reader, { en: 'later than the step before', zh: '晚于前一步' });
  }
  return { kind: 'steps', steps: read.map(({ after, rate, ramp }) => ({ after_ms: after, per_s: rate, ramp })) };
});

const wave: Shape<Rate> = into(
  object('a wave', {
    low: need(rateValue, 'the least'),
    high: need(rateValue, 'the most'),
    period: or(lasting, 86_400_000, 'from peak to peak; a day where absent'),
    peak: or(duration, 0, 'when the first peak is, since the beginning of the load'),
  }),
  ({ low, high, period, peak }): Rate => ({ kind: 'wave', low, high, period_ms: period, peak_ms: peak }),
);

type Party = Load['from'];
const party: Shape<Party> = either(
  { en: 'internet, namespace/workload or {zone}', zh: 'internet、命名空间/工作负载 或 {zone}' },
  into(
    text(
      { en: 'internet or namespace/workload', zh: 'internet 或 命名空间/工作负载' },
      /^(internet|[a-z0-9][a-z0-9-]*\/[a-z0-9][a-z0-9.-]*)$/,
    ),
    (written): Party => {
      const [namespace = '', workload] = written.split('/');
      return workload === undefined ? { kind: 'internet' } : { kind: 'workload', namespace, name: workload };
    },
  ),
  into(object('a place', { zone: need(name, 'a zone') }), ({ zone }): Party => ({ kind: 'zone', zone })),
);

const send = object(
  'send',
  {
    name: may(text({ en: 'a name', zh: '名称' }, /^[\w.-]+$/, 100), 'what expectations and reports call it'),
    from: or(party, { kind: 'internet' }, 'who asks: internet, namespace/workload or {zone: a}'),
    to: need(target, 'whom: namespace/service:port/path, or a host that Ingress or routes lead on'),
    rate: may(rateValue, 'requests such as 100/s'),
    steps: may(rateSteps, 'a rate that changes'),
    wave: may(wave, 'a rate that goes up and down'),
    trace: may(rateTrace, 'a recorded rate, or recorded requests'),
    spacing: or(choice('poisson', 'even'), 'poisson', 'requests come by chance or evenly'),
    for: may(lasting, 'how long; to the end of the run (or of the trace) where absent'),
    method: or(method, 'GET', 'the method'),
    headers: or(headers, {}, 'headers of the requests'),
    timeout: or(lasting, 30_000, 'given up after this'),
    retries: or(whole({ en: 'a number from 0 on', zh: '不小于 0 的整数' }, 0, 100), 0, 'tried again after a failure'),
  },
  ['rate', 'steps', 'wave', 'trace'],
);

const settings = mapOf(anything, { en: 'a map of settings', zh: '设置映射' });
const disrupt = object('disrupt', {
  name: may(text({ en: 'a name', zh: '名称' }), 'to heal it by, and in reports'),
  kind: need(disruptionKind, 'what goes wrong'),
  target: may(text({ en: 'a target', zh: '目标' }), 'whom it strikes'),
  for: may(lasting, 'healed after this'),
  settings: or(settings, {}, 'what this kind takes beside'),
});

const storm = object('storm', {
  name: or(text({ en: 'a name', zh: '名称' }), 'storm', 'in reports'),
  kinds: may(
    list(disruptionKind, { en: 'a list of kinds', zh: '类型列表' }, 100, 1),
    'drawn from these; from those of the standard storm where absent',
  ),
  for: need(lasting, 'disruptions begin in this time'),
  rate: or(rateValue, 6 / 3600, 'how many, such as 6/h'),
  heal: or(durations, fixedAt(60_000), 'how long each lasts'),
  atOnce: or(whole({ en: 'a number from 1 on', zh: '不小于 1 的整数' }, 1, 1000), 3, 'at most so many at a time'),
});

const namedText = text({ en: 'a name', zh: '名称' });
const VERBS = [
  'apply',
  'delete',
  'patch',
  'scale',
  'undo',
  'commit',
  'send',
  'stop',
  'disrupt',
  'heal',
  'storm',
  'expect',
] as const;

const step = object(
  { en: 'a step', zh: '步骤' },
  {
    at: may(duration, 'the virtual time since the start; that of the step before where absent'),
    after: may(duration, 'instead of at: since the step before'),
    when: may(expression('run'), 'not before this CEL expression holds; then once'),
    refused: may(
      either(
        { en: 'true, or a part of the message', zh: 'true,或消息中的一段文本' },
        into(onlyTrue, (): string => '', { takes: value => typeof value === 'boolean' }),
        namedText,
      ),
      'beside apply, delete, patch and scale: the API must refuse it, with a message that holds this text',
    ),
    apply: may(
      some(manifest, { en: 'a list of paths and objects', zh: '路径与对象的列表' }),
      'objects, or paths of manifests: server-side apply',
    ),
    delete: may(
      some(gone, { en: 'a list of objects and paths', zh: '对象与路径的列表' }),
      'objects, or paths of manifests',
    ),
    patch: may(patch, 'a change of one object'),
    scale: may(scale, 'the number of replicas of one workload'),
    undo: may(objectRef, 'a Deployment that goes back to the revision before, as kubectl rollout undo'),
    commit: may(commit, 'a new revision of a repository'),
    send: may(send, 'requests'),
    stop: may(namedText, 'the name of a load that ends'),
    disrupt: may(disrupt, 'something goes wrong'),
    heal: may(namedText, 'the name of a disruption that ends'),
    storm: may(storm, 'disruptions drawn from the seed'),
    expect: may(expectations, 'what must hold'),
    ...WHEN,
  },
  VERBS,
);
type ReadStep = ShapeOf<typeof step>;

function loadOf(read: NonNullable<ReadStep['send']>, index: number): Load {
  const { name: own, rate: constant, steps: changing, wave: waving, trace, for: time, timeout, ...rest } = read;
  const rate = changing ?? waving ?? trace ?? ({ kind: 'constant', per_s: constant! } as const);
  return {
    ...rest,
    name: own ?? `load-${index + 1}`,
    rate,
    timeout_ms: timeout,
    ...(time === undefined ? {} : { for_ms: time }),
  };
}

function stormOf(
  { for: time, rate: perSecond, ...rest }: NonNullable<ReadStep['storm']>,
  path: Path,
  reader: Reader,
): Storm {
  return { ...rest, for_ms: time, rate_per_hour: perSecond * 3600, where: reader.at([...path, 'storm']) };
}

function disruptionOf(read: NonNullable<ReadStep['disrupt']>, at_ms: number, path: Path, reader: Reader): Disruption {
  const { for: time, name: own, ...rest } = read;
  return {
    ...rest,
    name: own ?? [read.kind, ...(read.target === undefined ? [] : [read.target]), formatDuration(at_ms)].join('-'),
    at_ms,
    settings: settingsOf(read.kind, rest.settings),
    ...(time === undefined ? {} : { for_ms: time }),
    where: reader.at([...path, 'disrupt']),
  };
}

type Action = Step extends infer S ? (S extends Step ? Omit<S, 'at_ms' | 'where' | 'when'> : never) : never;

/** What a step does; several expectations of one step are several actions. */
function actionsOf(read: ReadStep, at_ms: number, path: Path, reader: Reader): readonly Action[] {
  const index = Number(path.at(-1) ?? 0);
  if (read.apply) return [{ do: 'apply', objects: read.apply.flat() }];
  if (read.delete) return [{ do: 'delete', objects: read.delete.flat() }];
  if (read.patch) {
    const { object: ref, merge, strategic, json } = read.patch;
    const type = merge ? 'merge' : strategic ? 'strategic' : 'json';
    return [{ do: 'patch', object: ref, type, patch: (merge ?? strategic ?? json) as Json }];
  }
  if (read.scale) {
    const { object: ref, replicas } = read.scale;
    return [{ do: 'patch', object: ref, type: 'merge', patch: { spec: { replicas } } }];
  }
  if (read.undo) return [{ do: 'undo', object: read.undo }];
  if (read.commit) return [{ do: 'commit', commit: read.commit }];
  if (read.send) return [{ do: 'send', load: loadOf(read.send, index) }];
  if (read.stop !== undefined) return [{ do: 'stop', load: read.stop }];
  if (read.disrupt) return [{ do: 'disrupt', disruption: disruptionOf(read.disrupt, at_ms, path, reader) }];
  if (read.heal !== undefined) return [{ do: 'heal', disruption: read.heal }];
  if (read.storm) return [{ do: 'storm', storm: stormOf(read.storm, path, reader) }];
  return (read.expect ?? []).map(told => ({ do: 'expect', expectation: expectationOf(told, read, reader) }));
}

/** A step as it was read, its time not yet known. */
export interface TimedStep {
  readonly at?: number;
  readonly after?: number;
  readonly path: Path;
  readonly steps: (at_ms: number) => readonly Step[];
}

const timed: Shape<TimedStep> = into(step, (read, path, reader): TimedStep | Bad => {
  const { at, after, when, refused } = read;
  if (at !== undefined && after !== undefined)
    return wrong('at and after', path, reader, { en: 'timed by one of at and after', zh: '只写 at 与 after 之一' });
  if (read.expect === undefined) {
    const extra = Object.keys(WHEN).find(key => (read as Readonly<Record<string, unknown>>)[key] !== undefined);
    if (extra !== undefined)
      return wrong(extra, [...path, extra], reader, { en: 'beside expect', zh: '与 expect 同写' });
  }
  if (read.undo && kindOf(read.undo as unknown as KubeObject).kind !== 'Deployment')
    return wrong(read.undo.kind, [...path, 'undo'], reader, { en: 'a Deployment', zh: 'Deployment' });
  if (refused !== undefined && !(read.apply || read.delete || read.patch || read.scale))
    return wrong('refused', [...path, 'refused'], reader, {
      en: 'beside apply, delete, patch or scale',
      zh: '与 apply、delete、patch 或 scale 同写',
    });
  const where = reader.at(path);
  return {
    at,
    after,
    path,
    steps: at_ms =>
      actionsOf(read, at_ms, path, reader).map(
        action =>
          ({
            ...action,
            at_ms,
            where,
            ...(when === undefined ? {} : { when }),
            ...(refused === undefined ? {} : { refused }),
          }) as Step,
      ),
  };
});

export const steps = list(timed, { en: 'a list of steps', zh: '步骤列表' }, 100_000);
