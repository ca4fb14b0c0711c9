/** The timeline of a run as SVG: what was done to it above, what it said of itself below. */
import { escaped, moment, timeTicks } from './chart.ts';
import type { DisruptionSpan, Mark, RunReport } from './model.ts';

const WIDTH = 1180;
const LEFT = 130;
const ROW = 18;
/** Lanes of disruptions; more are laid over each other in the last. */
const LANES_MAX = 14;

const fixed = (value: number): string => String(Number(value.toFixed(1)));

interface Lane {
  readonly label: string;
  readonly spans: DisruptionSpan[];
}

/** One lane a kind of disruption. */
function lanesOf(spans: readonly DisruptionSpan[]): Lane[] {
  const lanes = new Map<string, Lane>();
  for (const span of spans) {
    const label = lanes.size < LANES_MAX || lanes.has(span.kind) ? span.kind : '…';
    const lane = lanes.get(label) ?? { label, spans: [] };
    lanes.set(label, lane);
    lane.spans.push(span);
  }
  return [...lanes.values()];
}

/** `labels` names the rows of steps, warnings and broken invariants as SVG text. */
export function timeline(
  report: RunReport,
  labels: { readonly steps: string; readonly warnings: string; readonly broken: string },
): string {
  const length_ms = Math.max(1, report.run.t_ms);
  const x = (t: number): number => LEFT + ((WIDTH - LEFT - 16) * Math.min(t, length_ms)) / length_ms;
  const parts: string[] = [];
  let y = 6;
  const row = (label: string, draw: (middle: number) => string): void => {
    parts.push(`<text class="lane" x="0" y="${y + 13}">${label}</text>`, draw(y + ROW / 2));
    parts.push(`<line class="grid" x1="0" x2="${WIDTH}" y1="${y + ROW}" y2="${y + ROW}"/>`);
    y += ROW;
  };
  const marks = (kind: Mark['kind'], draw: (mark: Mark) => string): string =>
    report.marks
      .filter(mark => mark.kind === kind)
      .map(draw)
      .join('');
  row(labels.steps, middle =>
    marks(
      'step',
      ({ t, what, about }) =>
        `<path class="step" d="M${fixed(x(t))},${middle - 6}v12"><title>${escaped(`${moment(t)} ${what} ${about}`)}</title></path>`,
    ),
  );
  for (const { label, spans } of lanesOf(report.disruptions))
    row(escaped(label), middle => spans.map(span => barOf(span, x, middle, length_ms)).join(''));
  row(labels.warnings, middle =>
    [...report.marks]
      .filter(({ kind, warning }) => kind === 'crash' || (kind === 'event' && warning))
      .map(
        ({ kind, t, what, about, message = '', count }) =>
          `<circle class="${kind}" cx="${fixed(x(t))}" cy="${middle}" r="${count > 5 ? 5 : 3.5}"><title>${escaped(`${moment(t)} ${what} ${about} ${message}${count > 1 ? ` ×${count}` : ''}`)}</title></circle>`,
      )
      .join(''),
  );
  row(labels.broken, middle =>
    report.run.violations
      .map(
        ({ t, invariant, message }) =>
          `<path class="violation" d="M${fixed(x(t))},${middle - 6}l6,12h-12z"><title>${escaped(`${moment(t)} ${invariant}: ${message}`)}</title></path>`,
      )
      .join(''),
  );
  for (const t of timeTicks(length_ms))
    parts.push(`<text class="tick" x="${fixed(x(t))}" y="${y + 14}" text-anchor="middle">${moment(t)}</text>`);
  return `<svg class="timeline" viewBox="0 0 ${WIDTH} ${y + 20}" role="img">${parts.join('')}</svg>`;
}

function barOf(span: DisruptionSpan, x: (t: number) => number, middle: number, length_ms: number): string {
  const { name, kind, target, from_ms, to_ms = length_ms } = span;
  const width = Math.max(3, x(to_ms) - x(from_ms));
  const title = escaped(
    `${moment(from_ms)}–${moment(to_ms)} ${kind} ${name}${target === undefined ? '' : ` ${target}`}`,
  );
  return `<rect class="bar" x="${fixed(x(from_ms))}" y="${middle - 6}" width="${fixed(width)}" height="12" rx="3"><title>${title}</title></rect>`;
}
