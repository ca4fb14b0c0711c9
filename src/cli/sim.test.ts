import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, test } from 'node:test';
import { parseArgs } from 'node:util';
import { FaultError, type Language, reportFault } from '../base/index.ts';
import { type Invocation, parserOptions } from './command.ts';
import type { RunThreadOptions } from '../hosts/sim/drivers/run-thread.ts';
import { command, simulate } from './sim.ts';

const folder = mkdtempSync(join(tmpdir(), 'tenon-sim-'));
after(() => rmSync(folder, { recursive: true }));
const program = new URL('../hosts/sim/testing/expecting-worker.ts', import.meta.url);
const root = join(import.meta.dirname, '../..');

const SCENARIO = `apiVersion: tenon.dev/v1
kind: Scenario
metadata: {name: small}
spec:
  until: 1h
  world: {nodes: [{name: worker, count: 2}]}
  steps:
    - apply:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec: {replicas: 3, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: web}]}}}
    - expect: deployments['default/web'].ready == 3
      within: 1m
    - at: 20s
      scale: {object: deploy/web, replicas: 5}
    - expect: pods.running == 5
      within: 1m
      name: five
`;
const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const small = file('small.yaml', SCENARIO);
const failing = file('failing.yaml', SCENARIO.replace('pods.running == 5', 'pods.running == 6'));

interface Ran {
  readonly code: number;
  readonly out: string;
}

async function sim(
  args: readonly string[],
  input = '',
  language: Language = 'en',
  threads = { program } as RunThreadOptions,
): Promise<Ran> {
  const parsed = parseArgs({ args: [...args], options: parserOptions(command), allowPositionals: true });
  const lines: string[] = [];
  const output = parsed.values.output as Invocation['output'] | undefined;
  const terminal = {
    language,
    color: false,
    out: (text: string) => lines.push(text),
    err: (text: string) => lines.push(text),
  };
  const code = await simulate(
    {
      positionals: parsed.positionals,
      options: parsed.values as Invocation['options'],
      output: output ?? 'text',
      terminal,
      signal: new AbortController().signal,
      root,
      environment: {},
    },
    threads,
    Readable.from([input]),
  );
  return { code, out: lines.join('\n') };
}

const hashOf = ({ out }: Ran): string => /hash ([0-9a-f]{64})/.exec(out)![1]!;

test('a run that holds', async () => {
  const html = join(folder, 'report.html');
  const events = join(folder, 'events.jsonl');
  const ran = await sim([small, '--html', html, '--events', events]);
  assert.equal(ran.code, 0, ran.out);
  assert.match(ran.out, /^small: 1h of virtual time in /);
  assert.match(ran.out, /held deployments\['default\/web'\]\.ready == 3/);
  assert.match(
    ran.out,
    /2 held, 0 failed, 0 not decided, 0 invariants broken\nseed 1 {2}commit \S+ {2}hash [0-9a-f]{64}$/,
  );
  assert.match(readFileSync(html, 'utf8'), /<!doctype html>/i);
  const lines = readFileSync(events, 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as { by: string });
  assert.ok(lines.length > 20 && lines.some(({ by }) => by === 'expectation'));
  assert.equal(hashOf(await sim([small])), hashOf(ran));
});

test('a run that fails says where, and how to see it again', async () => {
  const ran = await sim([failing]);
  assert.equal(ran.code, 1);
  assert.match(ran.out, /FAILED \S*failing\.yaml:17:15 five \(1m20s\S*\): pods\.running=5/);
  assert.match(ran.out, /\nAgain: tenon sim \S*failing\.yaml --seed 1$/);
  const chinese = await sim([failing], '', 'zh');
  assert.match(chinese.out, /失败 .*five/);
  const json = JSON.parse((await sim([failing, '-o', 'json'])).out) as {
    ok: boolean;
    expectations: { outcome: string }[];
    again: string;
  };
  assert.deepEqual([json.ok, json.expectations.map(({ outcome }) => outcome)], [false, ['held', 'failed']]);
  assert.match((await sim([failing, '-o', 'table'])).out, /^OUTCOME +AT +WHERE +NAME +MESSAGE\nheld /);
});

test('an earlier end leaves open what it cuts off', async () => {
  const ran = await sim([failing, '--until', '20s1ms']);
  assert.match(ran.out, /not decided .* five/);
  assert.equal(ran.code, 0);
});

test('a break, a snapshot there, and the run from it is the run', async () => {
  const snapshot = join(folder, 'snapshot.json');
  const whole = await sim([small, '--seed', '7']);
  const broken = await sim([small, '--seed', '7', '--break-when', 'pods.total == 5', '--snapshot', snapshot]);
  assert.match(broken.out, /Broke at 20s\S*: pods\.total=5/);
  const restored = await sim(['--restore', snapshot]);
  assert.equal(hashOf(restored), hashOf(whole));
  assert.match(restored.out, /seed 7/);
  writeFileSync(small, SCENARIO.replace('within: 1m', 'within: 2m'));
  await assert.rejects(sim(['--restore', snapshot]), (error: FaultError) => error.fault.code === 'cli/snapshot-other');
  writeFileSync(small, SCENARIO);
});

test('stepping by lines', async () => {
  const ran = await sim(
    [small, '--step'],
    'n\nu pods.running == 5\np pods.running\np pods.running > 4\np pods.runing > 4\nwhat\nt 20s\nq\n',
  );
  assert.match(ran.out, /Enter: next instant/);
  assert.match(ran.out, /scenario: apply 8:7/);
  assert.match(ran.out, /Broke at 20s\S*: pods\.running=5/);
  assert.match(ran.out, /\n5\ntrue: pods\.running=5\n/);
  assert.match(ran.out, /undefined field 'runing'/);
  assert.match(ran.out, /No such word: what/);
  assert.match(ran.out, /small: 40s\S* of virtual time/);
});

test('many seeds', async () => {
  const ran = await sim([small, '--seeds', '1..4', '--jobs', '2']);
  assert.match(ran.out, /^4 seeds: 4 held, 0 failed \(\d+ an hour\)$/);
  const failed = await sim([failing, '--seeds', '5..6', '--jobs', '1']);
  assert.equal(failed.code, 1);
  assert.match(failed.out, /seed 5\n.*FAILED.*\n.*hash.*\nAgain: tenon sim \S+ --seed 5\n/);
  const json = JSON.parse((await sim([small, '--seeds', '1..2', '--jobs', '1', '-o', 'json'])).out) as {
    seeds: { hash: string }[];
  };
  assert.equal(json.seeds.length, 2);
});

test('what cannot be read is a fault, exit code 2 of the command line', async () => {
  const rows: readonly (readonly [args: readonly string[], wanted: RegExp])[] = [
    [[], /needs a scenario file/],
    [[join(folder, 'no.yaml')], /no such file/],
    [[folder], /it is a folder/],
    [[file('none.yaml', 'kind: Pod')], /No scenario in/],
    [[file('two.yaml', `${SCENARIO}---\n${SCENARIO}`)], /holds 2 scenarios: small, small/],
    [[file('bad.yaml', SCENARIO.replace('until: 1h', 'until: soon'))], /"until" is "soon"/],
    [[small, '--seed', 'x'], /is no seed/],
    [[small, '--seeds', '5..1'], /is empty/],
    [[small, '--seeds', '1..2', '--step'], /does not go with --step/],
    [[small, '--speed', 'fast'], /--speed is max or/],
    [[small, '--until=-5m'], /--until is a duration/],
    [[small, '--break-when', 'pods.runing > 1'], /undefined field 'runing'/],
    [['--restore', small], /cannot read snapshot/],
  ];
  for (const [args, wanted] of rows) {
    await assert.rejects(sim(args), (error: unknown) => {
      assert.ok(error instanceof FaultError, String(error));
      assert.match(reportFault(error.fault, 'en').message, wanted);
      return true;
    });
  }
});

const DISRUPTED = `apiVersion: tenon.dev/v1
kind: Scenario
metadata: {name: disrupted}
spec:
  until: 8m
  world: {nodes: [{name: worker, count: 3}]}
  steps:
    - expect: nodes.ready == 3
      within: 1m
      always: true
    - at: 2m
      disrupt: {name: slow, kind: SlowNode, target: worker-1, for: 1m}
    - disrupt: {name: loss, kind: NodeLoss, target: worker-2, for: 3m}
    - disrupt: {name: skew, kind: ClockSkew, target: worker-0, for: 1m}
`;

test('a failure is reduced to the disruptions it needs, and the command that shows it does', async () => {
  const disrupted = file('disrupted.yaml', DISRUPTED);
  const real = (...args: string[]): Promise<Ran> => sim([disrupted, ...args], '', 'en', {});
  const ran = await real('--shrink');
  assert.match(ran.out, /3 disruptions reduced to 1 in \d+ runs: loss\nAgain: .* --seed 1 --only 'loss'$/);
  const many = await real('--seeds', '3..4', '--jobs', '1', '--shrink');
  assert.match(many.out, /3 disruptions reduced to 1 in \d+ runs: loss\nAgain: .* --seed 3 --only 'loss'$/);
  assert.match((await real('--only', 'loss')).out, /FAILED .*nodes\.ready == 3/);
  assert.equal((await real('--only', 'slow,skew')).code, 0);
  await assert.rejects(real('--only', 'los'), (error: FaultError) => error.fault.code === 'cli/bad-option');
});

test('a speed is kept', async () => {
  const began = performance.now();
  await sim([small, '--until', '30s', '--speed', '60x']);
  assert.ok(performance.now() - began > 500);
});
