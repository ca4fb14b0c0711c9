import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { compareConnections } from '../src/network/analysis/difference.ts';
import { readSnapshot, type Snapshot } from '../src/network/analysis/snapshot.ts';
import { connectionRows, differenceRow, explainedPairs, exposureRows, networkLines } from './np-guard/answers.ts';
import { readObjects } from './np-guard/documents.ts';
import { type Golden, readGolden, row } from './np-guard/goldens.ts';
import { type Question, readQuestion } from './np-guard/question.ts';
import type { CaseResult, SuiteRunner } from './runner.ts';

/** Folders of manifests, read when first asked for. */
class Folders {
  readonly #root: string;
  readonly #read = new Map<string, Snapshot>();
  readonly names: readonly string[];

  constructor(root: string) {
    this.#root = root;
    this.names = readdirSync(root)
      .filter(name => statSync(join(root, name)).isDirectory())
      .sort((left, right) => right.length - left.length);
  }

  snapshot(name: string): Snapshot {
    let found = this.#read.get(name);
    if (!found) this.#read.set(name, (found = readSnapshot(readObjects(join(this.#root, name)))));
    return found;
  }
}

/** What Tenon answers, in the shape of the golden: parts the golden does not have are not compared. */
function answer(snapshot: Snapshot, question: Question, golden: Golden): Golden {
  const result: { -readonly [Part in keyof Golden]: Golden[Part] } = {};
  const several = golden.connections?.some(line => line.split(' | ')[3] !== '') ?? false;
  if (golden.connections) {
    result.connections = connectionRows(snapshot, question).map(entry =>
      row(entry.source, entry.destination, entry.connections, several ? entry.network : ''),
    );
  }
  if (golden.exposures) {
    const { rows, open } = exposureRows(snapshot, question);
    result.exposures = rows.map(entry => row(entry.direction, entry.workload, entry.peer, entry.connections));
    if (golden.open) result.open = open;
  }
  if (golden.explained) {
    const named = golden.explained.some(line => !line.startsWith(' | '));
    const told = new Map(golden.explained.map(line => [pairOf(line), line]));
    result.explained = explainedPairs(snapshot, question)
      .map(entry => row(named ? entry.network : '', entry.pair, entry.groups.join('\n\n')))
      .map(line => onlyTold(told.get(pairOf(line)), line));
  }
  if (golden.networks) {
    const shown = new Set(golden.networks.map(line => line.split('|')[0]!));
    result.networks = networkLines(snapshot, shown);
  }
  return result;
}

const pairOf = (line: string): string => line.split(' | ').slice(0, 2).join(' | ');

/** Some recordings leave out the reasons of one side of a denied pair; only the sides they tell are compared. */
function onlyTold(recorded: string | undefined, line: string): string {
  if (recorded === undefined || recorded === line) return line;
  const groups = recorded.split('\n\n');
  return line
    .split('\n\n')
    .map((group, index) => {
      const lines = groups[index]?.split('\n') ?? [];
      const tells = (side: string): boolean => lines.some(entry => entry.startsWith(side));
      if (lines.length < 2 || (tells('Egress') && tells('Ingress'))) return group;
      const cut = group.split('\n').findIndex(entry => entry.startsWith('Ingress'));
      const all = group.split('\n');
      if (cut < 0) return group;
      return [all[0]!, ...(tells('Egress') ? all.slice(1, cut) : []), ...(tells('Ingress') ? all.slice(cut) : [])].join(
        '\n',
      );
    })
    .join('\n\n');
}

/** The first parts in which two answers differ, as text; undefined when they agree. */
function disagreement(expected: Golden, got: Golden): { expected: string; got: string } | undefined {
  for (const part of ['connections', 'exposures', 'open', 'explained', 'networks', 'differences'] as const) {
    const left = new Set(expected[part] ?? []);
    const right = new Set(got[part] ?? []);
    const missing = [...left].filter(line => !right.has(line));
    const extra = [...right].filter(line => !left.has(line));
    if (missing.length + extra.length === 0) continue;
    const show = (lines: readonly string[]): string =>
      `${part}: ${lines.length} differing${lines.length > 0 ? `, first: ${lines[0]!.replaceAll('\n', ' / ')}` : ''}`;
    return { expected: show(missing), got: show(extra) };
  }
  return undefined;
}

function runDifference(folders: Folders, stem: string): Golden | string {
  const pair = stem.slice('diff_between_'.length);
  for (const first of folders.names) {
    const second = pair.slice(first.length + '_and_'.length);
    if (!pair.startsWith(`${first}_and_`) || !folders.names.includes(second)) continue;
    const rows = compareConnections(folders.snapshot(second), folders.snapshot(first)).map(differenceRow);
    return { differences: rows.map(fields => row(...fields)) };
  }
  return 'absent';
}

/** The directory a name begins with (the longest), and what is left. */
function runQuestion(folders: Folders, stem: string, golden: Golden): Golden | string {
  const folder = folders.names.find(name => stem.startsWith(`${name}_`));
  if (folder === undefined) return 'absent';
  const snapshot = folders.snapshot(folder);
  const question = readQuestion(stem.slice(folder.length).replace(/_output$/, ''), snapshot);
  return question ? answer(snapshot, question, golden) : `Cannot read the question in "${stem}"`;
}

function runGolden(folders: Folders, group: string, name: string, text: string): CaseResult | undefined {
  const golden = readGolden(name, text);
  const stem = name.replace(/\.\w+$/, '');
  const got = stem.startsWith('diff_between_') ? runDifference(folders, stem) : runQuestion(folders, stem, golden);
  const id = `${group}/${name}`;
  if (got === 'absent') return undefined;
  if (typeof got === 'string') return { case: id, result: 'failed', expected: 'an answer', got };
  const differs = disagreement(golden, got);
  return differs ? { case: id, result: 'failed', ...differs } : { case: id, result: 'passed' };
}

/** Connection lists, exposure, reasons and comparisons of NetworkPolicy and its relatives, against recorded answers. */
export const runner: SuiteRunner = {
  suite: 'mesh/np-guard',
  async *run({ cases, signal }) {
    const folders = new Folders(join(cases, 'tests'));
    for (const group of readdirSync(join(cases, 'expected')).sort()) {
      for (const name of readdirSync(join(cases, 'expected', group)).sort()) {
        signal.throwIfAborted();
        const result = runGolden(folders, group, name, readFileSync(join(cases, 'expected', group, name), 'utf8'));
        if (result) yield result;
      }
    }
  },
};
