/** A run as one HTML file that asks nobody for anything: timeline, plots, outcomes, in English and Chinese. */
import type { Text } from '../../../base/index.ts';
import { COLOURS, escaped, moment, PLOT, plot, written } from './chart.ts';
import type { Mark, RunReport } from './model.ts';
import { SCRIPT, STYLE } from './page.ts';
import { type PlotPlan, plotsOf } from './plots.ts';
import { REPORT_TEXTS, type ReportText } from './texts.ts';
import { timeline } from './timeline.ts';

const ROWS_MAX = 300;

const both = ({ en, zh }: Text): string =>
  `<span class="en">${escaped(en)}</span><span class="zh">${escaped(zh)}</span>`;
const told = (key: ReportText): string => both(REPORT_TEXTS[key]);
/** Inside SVG only its own elements are drawn. */
const toldInSvg = (key: ReportText): string => {
  const { en, zh } = REPORT_TEXTS[key];
  return `<tspan class="en">${escaped(en)}</tspan><tspan class="zh">${escaped(zh)}</tspan>`;
};

interface Cell {
  readonly html: string;
}
const html = (text: string): Cell => ({ html: text });

function table(
  heads: readonly ReportText[],
  rows: readonly { readonly cells: readonly (string | Cell)[]; readonly warn?: boolean }[],
): string {
  const shown = rows.slice(0, ROWS_MAX).map(({ cells, warn }) => {
    const inner = cells.map(cell => `<td>${typeof cell === 'string' ? escaped(cell) : cell.html}</td>`).join('');
    return `<tr${warn ? ' class="warn"' : ''}>${inner}</tr>`;
  });
  const more = rows.length > ROWS_MAX ? `<p class="empty">${rows.length - ROWS_MAX} ${told('more')}</p>` : '';
  return `<table><thead><tr>${heads.map(head => `<th>${told(head)}</th>`).join('')}</tr></thead><tbody>${shown.join('')}</tbody></table>${more}`;
}

const section = (title: ReportText, body: string): string =>
  `<section id="${title}"><h2>${told(title)}</h2>${body}</section>`;
const empty = (key: ReportText): string => `<p class="empty">${told(key)}</p>`;

function facts({ run, revision, replay }: RunReport): string {
  const { seed, hash, digest, t_ms, wall_ms, events, observables } = run;
  const speed = wall_ms > 0 ? String(Math.round(t_ms / wall_ms)) : '';
  const pairs: [ReportText, string][] = [
    ['seed', String(seed)],
    ['virtual', moment(t_ms)],
    ['speed', speed],
    ['lines', String(events)],
    ...(observables.cost > 0 ? ([['cost', written(observables.cost, 'money')]] as [ReportText, string][]) : []),
    ['revision', revision],
    ['hash', hash],
    ['digest', digest],
  ];
  const list = pairs.map(([key, value]) => `<div><dt>${told(key)}</dt><dd>${escaped(value)}</dd></div>`).join('');
  return `<dl>${list}<div><dt>${told('replay')}</dt><dd><code>${escaped(replay)}</code></dd></div></dl>`;
}

function outcomes({ run, invariants }: RunReport): string {
  const judged = run.expectations.map(({ name, where, outcome, t, message = '' }) => ({
    cells: [
      html(`<b class="${outcome}">${told(outcome)}</b>`),
      name,
      moment(t),
      message,
      html(`<code>${escaped(where)}</code>`),
    ],
    warn: outcome === 'failed',
  }));
  const broken = run.violations.map(({ t, invariant, about, message }) => ({
    cells: [invariant, moment(t), about, message],
    warn: true,
  }));
  const good = invariants.filter(name => !run.violations.some(({ invariant }) => invariant === name));
  const names = good.map(name => `<code>${escaped(name)}</code>`).join(' ');
  const intact = good.length === 0 ? '' : `<p><b class="held">${told('held')}</b> ${names}</p>`;
  const judgedBody =
    judged.length > 0 ? table(['outcome', 'name', 'time', 'message', 'where'], judged) : empty('noExpectations');
  const brokenBody =
    broken.length > 0
      ? table(['name', 'time', 'about', 'message'], broken)
      : empty(invariants.length > 0 ? 'noViolations' : 'noInvariants');
  const refused = run.refusals.map(({ t, what, where, message }) => ({
    cells: [moment(t), what, message, html(`<code>${escaped(where)}</code>`)],
    warn: true,
  }));
  return [
    section('expectations', judgedBody),
    section('invariants', intact + brokenBody),
    ...(refused.length > 0 ? [section('refusals', table(['time', 'what', 'message', 'where'], refused))] : []),
  ].join('');
}

function figure({ title, about, unit, series }: PlotPlan, report: RunReport): string {
  const { step_ms } = report.series;
  const length_ms = report.run.t_ms;
  const shades = report.disruptions.map(({ from_ms, to_ms = length_ms }) => ({ from_ms, to_ms }));
  const drawn = plot({ series: series.map(one => one.series), unit, step_ms, length_ms, shades });
  const legend = series.map(
    ({ label }, index) =>
      `<span><s style="background:${COLOURS[index % COLOURS.length]}"></s>${escaped(label)}<output></output></span>`,
  );
  return `<figure><figcaption>${both(title)} <i>${escaped(about)} <time></time></i></figcaption>${drawn}<div class="legend">${legend.join('')}</div></figure>`;
}

function disruptions(report: RunReport): string {
  if (report.disruptions.length === 0) return '';
  const rows = report.disruptions.map(({ name, kind, target = '', from_ms, to_ms = report.run.t_ms }) => ({
    cells: [moment(from_ms), kind, name, target, to_ms > from_ms ? moment(to_ms - from_ms) : html(told('atOnce'))],
  }));
  return section('disruptions', table(['time', 'what', 'name', 'target', 'lasted'], rows));
}

function events({ marks, marksLeftOut }: RunReport): string {
  const rows = marks
    .filter(({ kind }) => kind !== 'step')
    .map(({ t, what, about, message = '', warning, count }: Mark) => ({
      cells: [moment(t), count > 1 ? `${what} ×${count}` : what, about, message],
      warn: warning,
    }));
  if (rows.length === 0) return '';
  const more = marksLeftOut > 0 ? `<p class="empty">${marksLeftOut} ${told('more')}</p>` : '';
  return section('events', table(['time', 'what', 'about', 'message'], rows) + more);
}

/** Values for the cursor, as the page's script reads them: no text of it can end the element it stands in. */
function data(report: RunReport, plans: readonly PlotPlan[]): string {
  const { step_ms, points } = report.series;
  const values = plans.map(({ series, unit }) =>
    series.map(one => one.series.mean.map(value => (value === null ? null : written(value, unit)))),
  );
  const width = PLOT.width - PLOT.left - PLOT.right;
  const page = { step_ms, points, length_ms: report.run.t_ms, left: PLOT.left, width, whole: PLOT.width, values };
  return JSON.stringify(page).replaceAll('<', '\\u003c');
}

/** The whole file. Every text out of the run is data: it is shown, never run. */
export function reportHtml(report: RunReport): string {
  const { run } = report;
  const plans = plotsOf(report.series);
  const labels = { steps: toldInSvg('steps'), warnings: toldInSvg('warnings'), broken: toldInSvg('broken') };
  const stopped =
    run.stopped === undefined ? '' : `<p class="failed"><b>${told('stopped')}</b> ${escaped(run.stopped)}</p>`;
  const body = [
    facts(report),
    stopped,
    section('timeline', timeline(report, labels)),
    outcomes(report),
    section('plots', `<div class="plots">${plans.map(plan => figure(plan, report)).join('')}</div>`),
    disruptions(report),
    events(report),
  ].join('');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="content-security-policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<title>${escaped(run.scenario)} · Tenon</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<header><h1><b>Tenon 榫</b> ${escaped(run.scenario)}</h1><span class="badge${run.ok ? ' good' : ''}">${told(run.ok ? 'good' : 'bad')}</span><button type="button" id="language">EN / 中文</button></header>
<main>${body}</main>
<script type="application/json" id="data">${data(report, plans)}</script>
<script>${SCRIPT}</script>
</body>
</html>
`;
}
