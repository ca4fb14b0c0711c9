import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fillText, type Language, type Text } from '../base/index.ts';
import type { RunResult } from '../hosts/sim/run.ts';
import { formatDuration } from '../hosts/sim/scenario/units.ts';

const TEXTS = {
  head: {
    en: '{scenario}: {virtual} of virtual time in {wall} s ({times}x), {events} events',
    zh: '{scenario}:虚拟时间 {virtual},用时 {wall} 秒({times} 倍),{events} 个事件',
  },
  held: { en: 'held', zh: '成立' },
  failed: { en: 'FAILED', zh: '失败' },
  open: { en: 'not decided', zh: '未决' },
  broken: { en: 'BROKEN', zh: '被破坏' },
  refused: { en: 'REFUSED', zh: '被拒绝' },
  stopped: { en: 'STOPPED at {at}: {reason}', zh: '停止于 {at}:{reason}' },
  broke: { en: 'Broke at {at}: {seen}', zh: '在 {at} 中断:{seen}' },
  counts: {
    en: '{held} held, {failed} failed, {open} not decided, {broken} invariants broken',
    zh: '{held} 项成立,{failed} 项失败,{open} 项未决,{broken} 项不变量被破坏',
  },
  identity: { en: 'seed {seed}  commit {revision}  hash {hash}', zh: '种子 {seed}  提交 {revision}  哈希 {hash}' },
  again: { en: 'Again: {command}', zh: '重放:{command}' },
  wrote: { en: 'Wrote {file}', zh: '已写入 {file}' },
  seeds: {
    en: '{count} seeds: {held} held, {failed} failed ({rate} an hour)',
    zh: '{count} 个种子:{held} 个成立,{failed} 个失败(每小时 {rate} 个)',
  },
  progress: { en: '{at} of {until}', zh: '{at} / {until}' },
  seedsProgress: { en: '{done} of {count} seeds, {failed} failed', zh: '{done} / {count} 个种子,{failed} 个失败' },
  shrinking: {
    en: 'Reducing {count} disruptions to those that {failure} needs …',
    zh: '正在从 {count} 个扰动中找出“{failure}”所必需的……',
  },
  shrunk: {
    en: '{before} disruptions reduced to {after} in {runs} runs: {names}',
    zh: '经 {runs} 次运行,{before} 个扰动缩减为 {after} 个:{names}',
  },
  steps: {
    en: 'Enter: next instant. t 5m: on by 5m. u EXPRESSION: until it holds. p [EXPRESSION]: what is seen. c: to the end. q: end here',
    zh: '回车:下一时刻。t 5m:前进 5m。u 表达式:直到成立。p [表达式]:查看。c:运行到底。q:在此结束',
  },
  now: { en: '{at}', zh: '{at}' },
  unknownWord: { en: 'No such word: {word}', zh: '未知指令:{word}' },
} as const satisfies Record<string, Text>;

export type SimText = keyof typeof TEXTS;

export const said = (name: SimText, language: Language, params: Record<string, string | number> = {}): string =>
  fillText(TEXTS[name][language], params, language);

/** The commit of the checkout, or the version of the package. */
export function revisionOf(root: string): string {
  try {
    const stdio: ['ignore', 'pipe', 'ignore'] = ['ignore', 'pipe', 'ignore'];
    const git = (...args: string[]): string => execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio }).trim();
    return `${git('rev-parse', '--short=10', 'HEAD')}${git('status', '--porcelain', '-uno') === '' ? '' : '+'}`;
  } catch {
    return (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version;
  }
}

const short = (text: string): string => (text.length > 200 ? `${text.slice(0, 200)}…` : text);

/** What became of a run, a line each. */
export function resultLines(result: RunResult, language: Language): string[] {
  const { scenario, t_ms, wall_ms, events, expectations, violations, refusals, stopped } = result;
  const head = said('head', language, {
    scenario,
    virtual: formatDuration(t_ms),
    wall: (wall_ms / 1000).toFixed(1),
    times: Math.round(t_ms / Math.max(1, wall_ms)),
    events,
  });
  const judged = expectations.map(({ name, where, outcome, t, message }) => {
    const place = outcome === 'held' ? '' : `${where} `;
    const reason = message === undefined || outcome === 'held' ? '' : `: ${short(message)}`;
    return `  ${said(outcome, language)} ${place}${name} (${formatDuration(t)})${reason}`;
  });
  return [
    head,
    ...judged,
    ...refusals.map(
      ({ t, what, where, message }) =>
        `  ${said('refused', language)} ${where} ${what} (${formatDuration(t)}): ${short(message)}`,
    ),
    ...violations.map(
      ({ t, invariant, about, message }) =>
        `  ${said('broken', language)} ${invariant} ${about} (${formatDuration(t)}): ${short(message)}`,
    ),
    ...(stopped === undefined ? [] : [said('stopped', language, { at: formatDuration(t_ms), reason: stopped })]),
  ];
}

/** What did not hold, a line each. */
export const failureLines = (result: RunResult, language: Language): string[] =>
  resultLines(
    { ...result, expectations: result.expectations.filter(({ outcome }) => outcome !== 'held') },
    language,
  ).slice(1);

/** The last lines: counts, and what the run is known by. */
export function closingLines(result: RunResult, revision: string, again: string, language: Language): string[] {
  const { expectations, violations, seed, hash, ok } = result;
  const count = (wanted: string): number => expectations.filter(({ outcome }) => outcome === wanted).length;
  return [
    said('counts', language, {
      held: count('held'),
      failed: count('failed') + result.refusals.length,
      open: count('open'),
      broken: violations.length,
    }),
    said('identity', language, { seed, revision, hash }),
    ...(ok ? [] : [said('again', language, { command: again })]),
  ];
}
