import { stringify } from 'yaml';
import { RunThread, type RunThreadOptions } from '../hosts/sim/drivers/run-thread.ts';
import type { RunResult } from '../hosts/sim/run.ts';
import { formatDuration } from '../hosts/sim/scenario/units.ts';
import { type Command, EXIT, type Invocation } from './command.ts';
import { bad, type SimOptions, simOptionsOf } from './sim-options.ts';
import { closingLines, resultLines, said } from './sim-report.ts';
import { showRun } from './sim-console.ts';
import { SimRun } from './sim-run.ts';
import { shrinkRun } from './sim-shrink.ts';
import { runSeeds } from './sim-seeds.ts';
import { stepThrough } from './sim-step.ts';

function table({ expectations, violations }: RunResult): string[] {
  const rows = [
    ['OUTCOME', 'AT', 'WHERE', 'NAME', 'MESSAGE'],
    ...expectations.map(({ outcome, t, where, name, message = '' }) => [
      outcome,
      formatDuration(t),
      where,
      name,
      message,
    ]),
    ...violations.map(({ t, invariant, about, message }) => ['broken', formatDuration(t), about, invariant, message]),
  ];
  const widths = [0, 1, 2, 3].map(column => Math.max(...rows.map(row => row[column]!.length)));
  return rows.map(row =>
    row
      .map((cell, column) => cell.padEnd((widths[column] ?? 0) + 2))
      .join('')
      .trimEnd(),
  );
}

function tell(run: SimRun, result: RunResult, options: SimOptions, invocation: Invocation): void {
  const { terminal, output } = invocation;
  const { language } = terminal;
  if (output === 'json' || output === 'yaml') {
    const whole = { ...result, revision: run.revision, again: run.again };
    return terminal.out(output === 'json' ? JSON.stringify(whole) : stringify(whole).trimEnd());
  }
  for (const line of output === 'table' ? table(result) : resultLines(result, language)) terminal.out(line);
  const { broke } = run.rest;
  if (broke !== undefined) terminal.out(said('broke', language, { at: formatDuration(result.t_ms), seen: broke }));
  for (const file of [options.html, options.events, options.snapshot])
    if (file !== undefined) terminal.out(said('wrote', language, { file }));
  for (const line of closingLines(result, run.revision, run.again, language)) terminal.out(line);
}

/** Runs what a command line asks for; `threads` says which program the worker threads run. Resolves to the exit code. */
export async function simulate(
  invocation: Invocation,
  threads: RunThreadOptions = {},
  input: NodeJS.ReadableStream = process.stdin,
): Promise<number> {
  const options = simOptionsOf(invocation);
  if (options.seeds) return runSeeds(options, invocation, threads);
  await using thread = new RunThread(threads);
  if (options.console !== undefined) return await showRun(thread, options, invocation);
  const run = await SimRun.open(thread, options, invocation);
  if (!options.step || options.breakWhen !== undefined) {
    const more = options.breakWhen === undefined ? {} : { breakWhen: options.breakWhen };
    await run.play({ until_ms: run.opened.until_ms, ...more });
  }
  if (options.step) await stepThrough(run, invocation, input);
  const result = await run.finish();
  const unknown = options.only?.find(name => !result.disruptions.includes(name));
  if (unknown !== undefined)
    bad(`no disruption is called "${unknown}" until then`, `到那时为止没有名为“${unknown}”的扰动`);
  tell(run, result, options, invocation);
  if (!result.ok && options.shrink) await shrinkRun(thread, result, options, invocation);
  return result.ok && !invocation.signal.aborted ? EXIT.yes : EXIT.no;
}

export const command: Command = {
  name: 'sim',
  summary: { en: 'Run a scenario in virtual time', zh: '在虚拟时间中运行场景' },
  usage:
    'SCENARIO.yaml [--seed N | --seeds A..B] [--until 24h] [--html FILE] [--step | --console] [-o json|yaml|table]',
  words: 1,
  options: {
    seed: { type: 'string', value: 'N', help: { en: 'Instead of the scenario’s seed', zh: '替代场景中的种子' } },
    seeds: { type: 'string', value: 'A..B', help: { en: 'Run every seed from A to B', zh: '运行 A 到 B 的每个种子' } },
    jobs: {
      type: 'string',
      value: 'N',
      help: { en: 'Seeds run at once; as many as CPUs', zh: '同时运行的种子数;默认为 CPU 数' },
    },
    until: { type: 'string', value: 'TIME', help: { en: 'Instead of the scenario’s end', zh: '替代场景中的终点' } },
    speed: {
      type: 'string',
      value: 'max|10x',
      help: { en: 'How fast virtual time goes; max unless said', zh: '虚拟时间的速度;默认 max' },
    },
    html: {
      type: 'string',
      value: 'FILE',
      help: { en: 'Draw the run as one HTML file', zh: '将运行绘制为一个 HTML 文件' },
    },
    events: {
      type: 'string',
      value: 'FILE',
      help: { en: 'Write everything that happens, a JSON line each', zh: '写出全部事件,每行一个 JSON' },
    },
    console: {
      type: 'boolean',
      help: { en: 'Show the run in the web console: play, step, seed', zh: '在网页控制台中查看:播放、单步、种子' },
    },
    shrink: {
      type: 'boolean',
      help: { en: 'Reduce a failure to the disruptions it needs', zh: '将失败缩减到必需的扰动' },
    },
    only: {
      type: 'string',
      value: 'NAMES',
      help: { en: 'Only these disruptions happen, by their names', zh: '只发生这些名称的扰动' },
    },
    step: {
      type: 'boolean',
      help: { en: 'Go instant by instant, by lines on standard input', zh: '按标准输入逐时刻推进' },
    },
    'break-when': {
      type: 'string',
      value: 'CEL',
      help: { en: "Stop where it holds: 'pods.pending > 10'", zh: '在表达式成立处停止,如 pods.pending > 10' },
    },
    snapshot: {
      type: 'string',
      value: 'FILE',
      help: { en: 'Write where the run ends, to go on from', zh: '写出运行结束处的快照' },
    },
    restore: { type: 'string', value: 'FILE', help: { en: 'Go on from a snapshot', zh: '从快照继续' } },
    scenario: {
      type: 'string',
      value: 'NAME',
      help: { en: 'Which, where the file holds several', zh: '文件含多个场景时指定其一' },
    },
    root: {
      type: 'string',
      value: 'DIR',
      help: { en: 'Paths of the scenario may reach below this folder', zh: '允许场景读取此文件夹之下的路径' },
    },
  },
  examples: [
    'tenon sim examples/sim/flash-sale/scenario.yaml --html report.html',
    "tenon sim examples/sim/flash-sale/scenario.yaml --break-when 'pods.pending > 10' --step",
    'tenon sim examples/sim/flash-sale/scenario.yaml --seeds 1..100',
  ],
  run: invocation => simulate(invocation),
};
