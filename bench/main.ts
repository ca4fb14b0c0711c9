/** Runs benches (CONTRACTS, "tenon bench"). Every `bench/<name>.ts` that exports `bench` is one. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Bench, isMet, type Measure } from './runner.ts';

const here = import.meta.dirname;
const SUPPORT = new Set(['api-load.ts', 'compute-bare.ts', 'main.ts', 'runner.ts', 'sim-run.ts']);

const number = (value: number): string =>
  value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(2) : value.toPrecision(3);

function line(measure: Measure): string {
  const { name, ours, unit, peer, missingPeer, better, n, spread, cpu_s, target } = measure;
  const met = isMet(measure);
  const parts = [`${name}  ours=${number(ours)}`, `unit=${unit}`];
  if (peer)
    parts.push(
      `peer=${number(peer.value)} (${peer.which}, ${peer.version})`,
      `ratio=${(ours / peer.value).toFixed(3)}`,
    );
  else if (missingPeer) parts.push(`peer=absent (${missingPeer})`);
  parts.push(`better=${better}`, `n=${n}`, `spread=${(spread * 100).toFixed(0)}%`);
  if (cpu_s !== undefined) parts.push(`cpu=${cpu_s.toFixed(2)}s`);
  if (target)
    parts.push(`target=${better === 'lower' ? '<=' : '>='}${target.bound}${target.kind === 'ratio' ? 'x' : ''}`);
  if (met !== undefined) parts.push(`met=${met ? 'yes' : 'no'}`);
  return parts.join('  ');
}

async function loadBenches(wanted: readonly string[]): Promise<Bench[]> {
  const benches: Bench[] = [];
  for (const file of readdirSync(here).sort()) {
    if (!file.endsWith('.ts') || SUPPORT.has(file) || file.endsWith('.test.ts')) continue;
    if (wanted.length > 0 && !wanted.includes(file.slice(0, -3))) continue;
    const module = (await import(join(here, file))) as { bench?: Bench };
    if (module.bench) benches.push(module.bench);
  }
  return benches;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { output: { type: 'string', short: 'o' }, quick: { type: 'boolean' }, list: { type: 'boolean' } },
  });
  const benches = await loadBenches(positionals);
  if (values.list) {
    for (const { name, what } of benches) console.log(`${name.padEnd(12)} ${what}`);
    return 0;
  }
  const unknown = positionals.filter(name => !benches.some(bench => bench.name === name));
  if (unknown.length > 0 || benches.length === 0) {
    console.error(`No bench ${unknown.join(', ')}: tenon bench --list shows them`);
    return 2;
  }
  const stop = new AbortController();
  process.on('SIGTERM', () => stop.abort()).on('SIGINT', () => stop.abort());
  const measures: Measure[] = [];
  for (const bench of benches) {
    const scratch = mkdtempSync(join(tmpdir(), `tenon-bench-${bench.name}-`));
    try {
      for await (const measure of bench.run({
        root: resolve(here, '..'),
        quick: values.quick ?? false,
        signal: stop.signal,
        scratch,
      })) {
        measures.push(measure);
        if (values.output !== 'json') console.log(line(measure));
      }
    } catch (error) {
      console.error(`${bench.name}: ${(error as Error).stack ?? String(error)}`);
      return 1;
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  }
  if (values.output === 'json')
    console.log(
      JSON.stringify(
        measures.map(measure => ({
          ...measure,
          ratio: measure.peer && measure.ours / measure.peer.value,
          met: isMet(measure),
        })),
      ),
    );
  return 0;
}

process.exit(await main());
