/** The words of the grammar: durations, rates, shares, quantities, distributions. */
import type { Text } from '../../../base/index.ts';
import type { JsonObject } from '../../../kernel/index.ts';
import { BAD, choice, either, into, list, mapOf, may, need, object, scalar, type Shape, text, wrong } from './shape.ts';
import type { Distribution } from './model.ts';
import { readAmount, readAmountRate, readCoreTime, readDuration, readOffset, readRate, readShare } from './units.ts';

const DURATION_SAYS = { en: 'a duration such as 90s, 1h30m or 250ms', zh: '时长,如 90s、1h30m 或 250ms' };
const textOrZero: JsonObject = { anyOf: [{ type: 'string' }, { const: 0 }] };
const textOrNumber = { type: ['string', 'number'] };

export const duration: Shape<number> = scalar(DURATION_SAYS, readDuration, textOrZero);
export const lasting: Shape<number> = scalar(
  { en: 'a duration above 0, such as 90s', zh: '大于 0 的时长,如 90s' },
  value => readDuration(value) || undefined,
  { type: 'string' },
);
export const offset: Shape<number> = scalar(
  { en: 'a duration, with a minus for behind: -250ms', zh: '时长,落后用负号:-250ms' },
  readOffset,
  textOrZero,
);
export const rate: Shape<number> = scalar(
  { en: 'a rate from 0 on, such as 100/s or 6k/min', zh: '不小于 0 的速率,如 100/s 或 6k/min' },
  readRate,
  textOrNumber,
);
export const share: Shape<number> = scalar(
  { en: 'a share from 0% to 100%', zh: '0% 到 100% 的比例' },
  readShare,
  textOrNumber,
);
export const bytes: Shape<number> = scalar(
  { en: 'a quantity of bytes such as 64Mi', zh: '字节数量,如 64Mi' },
  readAmount,
  textOrNumber,
);
export const bytesPerTime: Shape<number> = scalar(
  { en: 'a quantity of bytes a time, such as 1Mi/min', zh: '单位时间的字节数量,如 1Mi/min' },
  readAmountRate,
  { type: 'string' },
);
export const cores: Shape<number> = scalar(
  { en: 'a quantity of CPU such as 250m', zh: 'CPU 数量,如 250m' },
  readAmount,
  textOrNumber,
);
/** Core-seconds from a duration: what one request costs. */
export const coreTime: Shape<number> = scalar(DURATION_SAYS, readCoreTime, textOrZero);

/** Kubernetes names, for namespaces, nodes and the like (RFC 1123 subdomain). */
export const name: Shape<string> = text(
  { en: 'a name in lower case, digits, - and .', zh: '由小写字母、数字、- 和 . 组成的名称' },
  /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/,
  253,
);
/** A name that may hold stars. */
export const glob: Shape<string> = text(
  { en: 'a name, in which * stands for any text', zh: '名称,其中 * 代表任意文本' },
  /^[\w*./:@-]+$/,
  512,
);
export const label: Shape<string> = scalar(
  { en: 'a text', zh: '文本' },
  value => (typeof value === 'string' ? value : undefined),
  { type: 'string' },
);
export const labels = mapOf(label, { en: 'a map of texts', zh: '文本映射' });

/** 99th percentile of the standard normal distribution. */
const Z99 = 2.3263478740408408;
const QUANTILE = /^p(\d{1,2}(\.\d+)?|100)$/;

function lognormal(mean: number, deviation: number): Distribution {
  const variance = Math.log(1 + (deviation / mean) ** 2);
  return { kind: 'lognormal', mu: Math.log(mean) - variance / 2, sigma: Math.sqrt(variance) };
}

/** Points of a distribution function by names such as p50, from p0 (or the lowest) to p100 (or the highest). */
function quantiles(unit: Shape<number>): Shape<Distribution> {
  const says = {
    en: 'quantiles that rise, such as {p50: 10ms, p99: 80ms}',
    zh: '递增的分位数,如 {p50: 10ms, p99: 80ms}',
  };
  return into(mapOf(unit, says), (values, path, reader) => {
    const points = Object.entries(values)
      .map(([key, value]) => ({ share: QUANTILE.test(key) ? Number(key.slice(1)) / 100 : Number.NaN, value }))
      .sort((left, right) => left.share - right.share);
    const rising = points.every((point, index) => index === 0 || point.value >= points[index - 1]!.value);
    if (points.length === 0 || points.some(point => Number.isNaN(point.share)) || !rising)
      return wrong(values, path, reader, says);
    const first = points[0]!;
    const last = points.at(-1)!;
    const all = [...(first.share > 0 ? [{ ...first, share: 0 }] : []), ...points];
    return { kind: 'quantiles', points: last.share < 1 ? [...all, { ...last, share: 1 }] : all };
  });
}

const SAMPLES = { en: 'a list of samples', zh: '样本列表' };

/** A fixed value, or a distribution of what `unit` reads. */
export function distribution(unit: Shape<number>): Shape<Distribution> {
  const logs = into(
    object('lognormal', {
      mean: may(unit, 'with deviation'),
      deviation: may(unit, 'the standard deviation'),
      median: may(unit, 'with p99'),
      p99: may(unit, 'the 99th percentile'),
    }),
    (read, path, reader) => {
      const { mean, deviation, median, p99 } = read;
      if (mean && deviation !== undefined && median === undefined && p99 === undefined)
        return lognormal(mean, deviation);
      if (median && p99 && p99 >= median && mean === undefined && deviation === undefined)
        return { kind: 'lognormal' as const, mu: Math.log(median), sigma: Math.log(p99 / median) / Z99 };
      return wrong(reader.valueAt(path), path, reader, {
        en: '{mean, deviation} or {median, p99}, above 0',
        zh: '{mean, deviation} 或 {median, p99},均大于 0',
      });
    },
  );
  const kinds = {
    normal: may(
      object('normal', { mean: need(unit, 'the mean'), deviation: need(unit, 'the standard deviation') }),
      'negative draws count as 0',
    ),
    lognormal: may(logs, 'by {mean, deviation} or {median, p99}'),
    exponential: may(object('exponential', { mean: need(unit, 'the mean') }), 'as waiting times are'),
    uniform: may(
      object('uniform', { min: need(unit, 'the least'), max: need(unit, 'the most') }),
      'all alike between two values',
    ),
    empirical: may(
      either(
        { en: 'samples, or quantiles such as {p50: 10ms, p99: 80ms}', zh: '样本,或分位数如 {p50: 10ms, p99: 80ms}' },
        into(list(unit, SAMPLES, 100_000, 1), (values): Distribution => ({ kind: 'samples', values })),
        quantiles(unit),
      ),
      'samples to draw from, or quantiles',
    ),
  };
  const drawn = into(
    object('a distribution', kinds, ['normal', 'lognormal', 'exponential', 'uniform', 'empirical']),
    (read, path, reader): Distribution | typeof BAD => {
      if (read.normal) return { kind: 'normal', ...read.normal };
      if (read.exponential) return { kind: 'exponential', ...read.exponential };
      if (read.lognormal) return read.lognormal;
      if (read.empirical) return read.empirical;
      const { min, max } = read.uniform!;
      if (min > max)
        return wrong(reader.valueAt(path), path, reader, {
          en: 'a range with min up to max',
          zh: 'min 不大于 max 的范围',
        });
      return { kind: 'uniform', min, max };
    },
  );
  const says: Text = { en: `${unit.says.en}, or a distribution`, zh: `${unit.says.zh},或一个分布` };
  const fixed = into(unit, (value): Distribution => ({ kind: 'fixed', value }));
  return either(says, fixed, drawn);
}

export const fixedAt = (value: number): Distribution => ({ kind: 'fixed', value });
export const durations = distribution(duration);
export const effect = choice('NoSchedule', 'PreferNoSchedule', 'NoExecute');
