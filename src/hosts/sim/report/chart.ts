/** Plots as SVG text: lines over virtual time, with the range of each step behind them and disruptions as shades. */
import type { RecordedSeries } from '../series.ts';

export const PLOT = { width: 560, height: 170, left: 56, right: 10, top: 8, bottom: 22 } as const;
const INNER = { width: PLOT.width - PLOT.left - PLOT.right, height: PLOT.height - PLOT.top - PLOT.bottom };
export const COLOURS = [
  '#8a5a2b',
  '#2563a8',
  '#2da44e',
  '#cf222e',
  '#7d4cdb',
  '#0e8a8a',
  '#bf8700',
  '#6b7280',
] as const;

export type Unit = 'count' | 'ms' | 'share' | 'rate' | 'cores' | 'bytes' | 'money';

/** Text in HTML and SVG, in attributes too. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, unit => `&#${unit.charCodeAt(0)};`);
}

const BYTES = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** `1.5 GiB`, `250 ms`, `12 %`: three figures at most. */
export function written(value: number, unit: Unit): string {
  const three = (number: number): string => String(Number(number.toPrecision(3)));
  switch (unit) {
    case 'bytes': {
      let power = 0;
      let left = value;
      while (left >= 1024 && power < BYTES.length - 1) {
        left /= 1024;
        power++;
      }
      return `${three(left)} ${BYTES[power]}`;
    }
    case 'ms':
      return value >= 1_000 ? `${three(value / 1000)} s` : `${three(value)} ms`;
    case 'share':
      return `${three(value * 100)} %`;
    case 'rate':
      return `${three(value)}/s`;
    default:
      return value >= 10_000 ? `${three(value / 1000)}k` : three(value);
  }
}

/** `1:05:00`, `12:30`, `7 s`: virtual time since the start. */
export function moment(t_ms: number): string {
  const seconds = Math.floor(t_ms / 1000);
  const pad = (number: number): string => String(number).padStart(2, '0');
  if (seconds < 60) return t_ms % 1000 === 0 ? `${seconds} s` : `${(t_ms / 1000).toFixed(3)} s`;
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(rest)}` : `${minutes}:${pad(rest)}`;
}

/** A round number at or above, so that an axis has ticks people can read. */
function roundUp(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find(step => step * power >= value * 0.999) ?? 10) * power;
}

const TIME_STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400];

/** Moments an axis of this length names: at most seven. */
export function timeTicks(length_ms: number): number[] {
  const step_s =
    TIME_STEPS_S.find(step => length_ms / 1000 / step <= 7) ?? Math.ceil(length_ms / 1000 / 7 / 86_400) * 86_400;
  const ticks: number[] = [];
  for (let t = 0; t <= length_ms; t += step_s * 1000) ticks.push(t);
  return ticks;
}

const fixed = (value: number): string => String(Number(value.toFixed(1)));

export interface PlotOptions {
  readonly series: readonly RecordedSeries[];
  readonly unit: Unit;
  readonly step_ms: number;
  readonly length_ms: number;
  readonly shades: readonly { readonly from_ms: number; readonly to_ms: number }[];
}

/** One plot; the n-th series has the n-th colour. */
export function plot({ series, unit, step_ms, length_ms, shades }: PlotOptions): string {
  const top = roundUp(Math.max(0, ...series.flatMap(({ high }) => high.map(value => value ?? 0))));
  const x = (t: number): number => PLOT.left + (INNER.width * Math.min(t, length_ms)) / Math.max(1, length_ms);
  const y = (value: number): number => PLOT.top + INNER.height * (1 - Math.max(0, value) / top);
  const parts = shades.map(
    ({ from_ms, to_ms }) =>
      `<rect class="shade" x="${fixed(x(from_ms))}" y="${PLOT.top}" width="${fixed(Math.max(1, x(to_ms) - x(from_ms)))}" height="${INNER.height}"/>`,
  );
  for (const share of [0, 0.5, 1]) {
    const at = fixed(y(top * share));
    parts.push(`<line class="grid" x1="${PLOT.left}" x2="${PLOT.width - PLOT.right}" y1="${at}" y2="${at}"/>`);
    parts.push(
      `<text class="tick" x="${PLOT.left - 6}" y="${fixed(y(top * share) + 4)}" text-anchor="end">${written(top * share, unit)}</text>`,
    );
  }
  for (const t of timeTicks(length_ms))
    parts.push(`<text class="tick" x="${fixed(x(t))}" y="${PLOT.height - 6}" text-anchor="middle">${moment(t)}</text>`);
  series.forEach((one, index) => {
    const colour = COLOURS[index % COLOURS.length]!;
    const at = (point: number): number => x((point + 0.5) * step_ms);
    parts.push(...pieces(one).map(piece => rangeOf(one, piece, at, y, colour)));
    const line = pieces(one)
      .map(([from, to]) => `M${pointsOf(one.mean, from, to, at, y).join('L')}`)
      .join('');
    if (line) parts.push(`<path d="${line}" fill="none" stroke="${colour}" stroke-width="1.6"/>`);
  });
  return `<svg class="plot" viewBox="0 0 ${PLOT.width} ${PLOT.height}" role="img">${parts.join('')}<line class="cursor" y1="${PLOT.top}" y2="${PLOT.height - PLOT.bottom}"/></svg>`;
}

/** Runs of points that are known, as [first, one past the last]. */
function pieces({ mean }: RecordedSeries): [number, number][] {
  const found: [number, number][] = [];
  let from = -1;
  for (let at = 0; at <= mean.length; at++) {
    const known = at < mean.length && mean[at] !== null;
    if (known && from < 0) from = at;
    if (!known && from >= 0) {
      found.push([from, at]);
      from = -1;
    }
  }
  return found;
}

type Scale = (value: number) => number;

/** Points that lie on a straight line between their neighbours are left out. */
function pointsOf(values: readonly (number | null)[], from: number, to: number, x: Scale, y: Scale): string[] {
  const points: string[] = [];
  for (let at = from; at < to; at++) {
    const flat = at > from && at < to - 1 && values[at - 1] === values[at] && values[at + 1] === values[at];
    if (!flat) points.push(`${fixed(x(at))},${fixed(y(values[at]!))}`);
  }
  // A single point is drawn as a short stroke.
  return points.length === 1 ? [points[0]!, `${fixed(x(from) + 1)},${fixed(y(values[from]!))}`] : points;
}

function rangeOf(one: RecordedSeries, [from, to]: [number, number], x: Scale, y: Scale, colour: string): string {
  let differs = false;
  for (let at = from; at < to && !differs; at++) differs = one.high[at] !== one.low[at];
  if (!differs) return '';
  const outline = [...pointsOf(one.high, from, to, x, y), ...pointsOf(one.low, from, to, x, y).reverse()];
  return `<path d="M${outline.join('L')}Z" fill="${colour}" opacity="0.15"/>`;
}
