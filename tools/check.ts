/** Everything CI runs, one area after another (CONTRACTS, "tenon check"). */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { add, type Counts, endToEndTests, run, unitTests } from './run-tests.ts';
import { fetchClients, installDebianPackages, missingRequirements } from './requirements.ts';
import { listFiles, tidy } from './tidy.ts';

const root = resolve(import.meta.dirname, '..');
const node = process.execPath;
const suites = resolve(process.env.TENON_SUITES ?? join(root, '../shared/suites'));

interface Area {
  readonly name: string;
  readonly what: string;
  run(): Promise<Counts>;
}

const bin = (name: string): string => join(root, 'node_modules/.bin', name);

async function tool(command: string, args: readonly string[]): Promise<Counts> {
  const { code, output } = await run(command, args);
  if (code !== 0) console.log(output.trimEnd());
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
}

const isEndToEnd = (file: string): boolean => file.endsWith('.e2e.test.ts');
const testFiles = (): string[] =>
  listFiles(root, ['src', 'conformance', 'bench', 'tools', 'examples', 'console/src']).filter(file =>
    file.endsWith('.test.ts'),
  );

async function conformance(): Promise<Counts> {
  if (!existsSync(suites)) {
    console.log(`SKIP conformance: no suites in ${suites} (TENON_SUITES names another folder)`);
    return { passed: 0, failed: 0, skipped: 1 };
  }
  const { code, output } = await run(
    node,
    ['--disable-warning=ExperimentalWarning', join(root, 'conformance/main.ts')],
    { minutes: 25 },
  );
  const last = /(\d+) passed, (\d+) failed, (\d+) skipped\s*$/.exec(output);
  console.log(
    output
      .split('\n')
      .filter(text => !text.startsWith('FAIL '))
      .join('\n')
      .trimEnd(),
  );
  return gateConformance(output, last, code);
}

/**
 * Suites are held by the floors in conformance/floors.json: a count below its floor fails, and so does a suite that has none.
 * Cases that fail above the floor are named as such; they are neither passed nor skipped.
 */
async function gateConformance(output: string, last: RegExpExecArray | null, code: number): Promise<Counts> {
  const floors = (await import('../conformance/floors.json', { with: { type: 'json' } })).default as Record<
    string,
    number
  >;
  const counts: Counts = { passed: Number(last?.[1] ?? 0), failed: 0, skipped: Number(last?.[3] ?? 0) };
  const fail = (text: string): void => {
    console.log(`FAIL ${text}`);
    counts.failed++;
  };
  if (!last) fail(`conformance ended with exit code ${code} and no counts`);
  else if (last[2] !== '0') console.log(`${last[2]} cases fail and did when the floors were set (docs/conformance.md)`);
  const passed = new Map(
    [...output.matchAll(/^(\S+): (\d+) of \d+ passed/gm)].map(line => [line[1]!, Number(line[2])]),
  );
  for (const suite of passed.keys()) {
    if (floors[suite] === undefined) fail(`${suite}: expected a floor in conformance/floors.json got none`);
  }
  for (const [suite, floor] of Object.entries(floors)) {
    if (!existsSync(join(suites, suite))) continue;
    const got = passed.get(suite);
    if ((got ?? -1) < floor) fail(`${suite}: expected at least ${floor} passed got ${got ?? 'none'}`);
  }
  return counts;
}

async function generated(): Promise<Counts> {
  const generators = readdirSync(join(root, 'tools'), { withFileTypes: true }).filter(
    entry => entry.isDirectory() && entry.name.startsWith('generate-'),
  );
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  for (const { name } of generators) {
    if (!existsSync(suites)) {
      counts.skipped++;
      continue;
    }
    const { failed } = await tool(node, [join(root, 'tools', name, 'main.ts'), '--check']);
    if (failed) counts.failed++;
    else counts.passed++;
  }
  return counts;
}

const AREAS: readonly Area[] = [
  { name: 'types', what: 'tsc --noEmit', run: () => tool(bin('tsc'), ['-p', '.']) },
  {
    name: 'lint',
    what: 'oxlint, type-aware',
    run: () => tool(bin('oxlint'), ['--type-aware', 'src', 'conformance', 'bench', 'tools']),
  },
  { name: 'format', what: 'biome', run: () => tool(bin('biome'), ['format', '.']) },
  {
    name: 'tidy',
    what: 'house rules',
    run: async () => {
      const { findings, seen } = tidy(root);
      for (const { rule, file, line, text } of findings) console.log(`${file}:${line}: ${rule}: ${text}`);
      return {
        passed: findings.length === 0 && seen > 0 ? seen : 0,
        failed: findings.length + (seen === 0 ? 1 : 0),
        skipped: 0,
      };
    },
  },
  { name: 'generated', what: 'committed tables are what their generators make', run: generated },
  {
    name: 'unit',
    what: 'unit and property tests',
    run: () => unitTests(testFiles().filter(file => !isEndToEnd(file))),
  },
  { name: 'conformance', what: 'suites that others wrote', run: conformance },
  {
    name: 'e2e',
    what: 'the whole program, real clients, console',
    run: () => endToEndTests(testFiles().filter(isEndToEnd)),
  },
];

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { only: { type: 'string', multiple: true }, list: { type: 'boolean' } } });
  if (values.list) {
    for (const { name, what } of AREAS) console.log(`${name.padEnd(12)} ${what}`);
    return 0;
  }
  const unknown = (values.only ?? []).filter(name => !AREAS.some(area => area.name === name));
  if (unknown.length > 0) {
    console.error(`No area ${unknown.join(', ')}: tenon check --list shows them`);
    return 2;
  }
  if (process.env.CI === 'true' && process.getuid?.() === 0) installDebianPackages();
  if (process.env.CI === 'true') fetchClients(root);
  const total: Counts = { passed: 0, failed: 0, skipped: 0 };
  for (const { name, brings, remedy } of missingRequirements()) {
    console.log(`SKIP missing ${name} (${brings}): ${remedy}`);
    total.skipped++;
  }
  for (const area of AREAS) {
    if (values.only && !values.only.includes(area.name)) continue;
    const started = performance.now();
    console.log(`== ${area.name}: ${area.what}`);
    const counts = await area.run();
    add(total, counts);
    console.log(
      `== ${area.name}: passed=${counts.passed} failed=${counts.failed} skipped=${counts.skipped} in ${((performance.now() - started) / 1000).toFixed(1)} s`,
    );
  }
  spawnSync('sync');
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  return total.failed > 0 ? 1 : 0;
}

process.exit(await main());
