/**
 * Runs Kubernetes' own end-to-end tests (the `e2e.test` that bench/peers.sh builds) against a Tenon of this checkout.
 *
 *   node tools/kubernetes-e2e/main.ts [--sig api-machinery,apps,cli] [--focus REGEX] [--skip REGEX] [--all] [--runtime NAME]
 *                                     [--state DIR] [--out DIR] [--minutes N] [--store URL]
 *
 * One e2e.test a sig, all at once; `--focus` runs one with that pattern instead; `--all` runs what is not conformance too. Prints a
 * line a failed spec and the counts; logs and JSON reports stay in --out. Ends with 1 when a spec failed.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { kubectlPath, startTenon } from '../../bench/tenon.ts';
import { buildImages } from './images.ts';

const root = resolve(import.meta.dirname, '../..');
const peers = join(process.env.PEERS ?? join(process.env.HOME ?? '/root', '.cache/tenon-peers'), 'bin');

const { values } = parseArgs({
  options: {
    sig: { type: 'string', default: 'api-machinery,apps,cli' },
    focus: { type: 'string' },
    skip: { type: 'string' },
    all: { type: 'boolean', default: false },
    runtime: { type: 'string', default: 'runc' },
    store: { type: 'string' },
    state: { type: 'string' },
    out: { type: 'string' },
    minutes: { type: 'string', default: '120' },
  },
});

interface Run {
  readonly name: string;
  readonly focus: string;
}

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** What is read of a Ginkgo JSON report. */
interface SpecReport {
  readonly LeafNodeType: string;
  readonly LeafNodeText: string;
  readonly ContainerHierarchyTexts: readonly string[] | null;
  readonly State: string;
  readonly RunTime: number;
  readonly Failure?: { readonly Message: string };
}

const E2E_FLAGS = [
  '--provider=skeleton',
  '--allowed-not-ready-nodes=-1',
  '--num-nodes=1',
  '--minStartupPods=-1',
  '--e2e-verify-service-account=false',
  '--ginkgo.no-color',
  '--ginkgo.v',
];

/** Prints what failed and counts; a report that was not written (the run was cut off) counts as one failure. */
function readReport(file: string): Counts {
  if (!existsSync(file)) {
    console.log(`FAIL no report: the run was cut off, see ${file.replace(/json$/, 'log')}`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
  const suites = JSON.parse(readFileSync(file, 'utf8')) as { SpecReports: SpecReport[] }[];
  const specs = suites.flatMap(suite => suite.SpecReports).filter(spec => spec.LeafNodeType === 'It');
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  for (const spec of specs) {
    const ran = spec.RunTime > 0 && spec.State !== 'pending';
    if (!ran) continue;
    const name = [...(spec.ContainerHierarchyTexts ?? []), spec.LeafNodeText].join(' ');
    if (spec.State === 'passed') passed++;
    else if (spec.State === 'skipped') {
      skipped++;
      console.log(`SKIP ${name}: ${spec.Failure?.Message.split('\n')[0] ?? ''}`);
    } else {
      failed++;
      console.log(
        `FAIL ${name}\n     ${(spec.Failure?.Message ?? spec.State).slice(0, 600).replace(/\n/g, '\n     ')}`,
      );
    }
  }
  return { passed, failed, skipped };
}

function runSpecs(run: Run, kubeconfig: string, out: string): Promise<Counts> {
  const report = join(out, `${run.name}.json`);
  rmSync(report, { force: true });
  const log = openSync(join(out, `${run.name}.log`), 'w');
  const args = [
    ...E2E_FLAGS,
    `--kubeconfig=${kubeconfig}`,
    `--kubectl-path=${kubectlPath('1.34')}`,
    `--ginkgo.focus=${run.focus}`,
    ...(values.skip ? [`--ginkgo.skip=${values.skip}`] : []),
    `--ginkgo.json-report=${report}`,
    `--ginkgo.timeout=${values.minutes}m`,
  ];
  return new Promise((done, failed) => {
    const child = spawn(join(peers, 'e2e.test'), args, { cwd: out, stdio: ['ignore', log, log] });
    child.on('error', failed);
    child.on('close', () => done(readReport(report)));
  });
}

async function main(): Promise<number> {
  const missing = ['e2e.test', 'agnhost'].filter(name => !existsSync(join(peers, name)));
  if (missing.length > 0) {
    console.error(`needs ${missing.join(' and ')} in ${peers}: bench/peers.sh ${missing.join(' ')}`);
    return 2;
  }
  const state = resolve(values.state ?? mkdtempSync(join(tmpdir(), 'tenon-e2e-')));
  const out = resolve(values.out ?? mkdtempSync(join(tmpdir(), 'tenon-e2e-out-')));
  mkdirSync(out, { recursive: true });
  const { made, missing: unmade } = buildImages({
    tenon: join(root, 'tenon'),
    state,
    e2e: join(peers, 'e2e.test'),
    agnhost: join(peers, 'agnhost'),
    work: join(out, 'images'),
  });
  console.log(`${made.length} images made, ${unmade.length} the machine has no programs for; logs in ${out}`);
  const tail = values.all ? '' : '.*\\[Conformance\\]';
  const runs: Run[] = values.focus
    ? [{ name: 'focus', focus: values.focus }]
    : values.sig.split(',').map(sig => ({ name: sig, focus: `\\[sig-${sig}\\]${tail}` }));
  const store = values.store ? ['--store', values.store] : [];
  await using tenon = await startTenon(root, state, ['--offline', '--runtime', values.runtime, ...store]);
  const totals = await Promise.all(
    runs.map(async run => {
      const counts = await runSpecs(run, tenon.kubeconfig, out);
      console.log(`${run.name}: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
      return counts;
    }),
  );
  return totals.some(({ failed }) => failed > 0) ? 1 : 0;
}

process.exitCode = await main();
