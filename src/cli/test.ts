import { writeFileSync } from 'node:fs';
import { type Fault, reportFault } from '../base/index.ts';
import { readFolder } from '../delivery/index.ts';
import { mutate, prepare, readCases, runCases, type TestCase } from '../explain/index.ts';
import { loadFolder } from '../hosts/node/documents.ts';
import { explainPorts } from '../hosts/node/explain-ports.ts';
import { decodeDocuments, type KubeObject } from '../kernel/index.ts';
import { type Command, EXIT, type Invocation, stringOption } from './command.ts';
import { formatReport } from './fault-text.ts';
import { cliFaults } from './faults.ts';
import { runNativeTests } from './native-tests.ts';
import { countsOf, jsonOf, junitOf, type ScenarioPlace, tapOf, type TestRun, textOf } from './test-report.ts';
import { runOnChanges } from './test-watch.ts';

/** Faults of documents that are told; a folder of another make may have one a file. */
const FAULTS_MAX = 20;

interface Found {
  readonly cases: readonly TestCase[];
  readonly scenarios: readonly ScenarioPlace[];
}

/** Every `tenon.dev/v1` Test and Scenario of a folder. Fault: a Test cannot be read. */
function find(folder: string): Found {
  const cases: TestCase[] = [];
  const scenarios: ScenarioPlace[] = [];
  for (const [file, text] of readFolder(folder).files) {
    if (!/\.(ya?ml|json)$/.test(file) || !text.includes('tenon.dev/v1')) continue;
    for (const document of decodeDocuments(text, { file }).value) {
      cases.push(...(readCases(document) ?? []));
      const { apiVersion, kind, metadata } = (document.value ?? {}) as Partial<KubeObject>;
      if (apiVersion === 'tenon.dev/v1' && kind === 'Scenario') scenarios.push({ file, name: metadata?.name ?? '' });
    }
  }
  return { cases, scenarios };
}

async function runOnce(invocation: Invocation, folder: string): Promise<TestRun> {
  const { options, terminal, root } = invocation;
  const { cases, scenarios: places } = find(folder);
  const native = runNativeTests(folder);
  if (cases.length + places.length + native.length === 0) throw cliFaults.error('no-tests', { path: folder });
  // Who writes no scenario loads no simulator.
  const scenarios = places.length > 0 ? await (await import('./test-scenarios.ts')).runScenarios(folder, places) : [];
  if (cases.length === 0) return { cases: [], scenarios, native, mutations: [] };
  const documents = loadFolder(folder);
  const ports = explainPorts(root);
  const told = (fault: Fault): void =>
    terminal.err(formatReport(reportFault(fault, terminal.language), terminal.language));
  // What could not be read makes verdicts unknown: without this nobody would know why.
  for (const fault of documents.faults.slice(0, FAULTS_MAX)) told(fault);
  return {
    cases: runCases(prepare(documents, ports), cases, told),
    scenarios,
    native,
    mutations: options.mutate ? mutate(documents, cases, ports) : [],
  };
}

/** Runs everything, tells it; resolves to the exit code. */
async function report(invocation: Invocation, folder: string): Promise<number> {
  const { options, terminal, output } = invocation;
  const run = await runOnce(invocation, folder);
  const { passed, failed, skipped } = countsOf(run);
  const file = stringOption(options, 'junit');
  if (file !== undefined) writeFileSync(file, junitOf(run, terminal.language));
  const format = stringOption(options, 'format') ?? stringOption(options, 'output');
  if (output === 'json') terminal.out(jsonOf(run, terminal.language));
  else if (format === 'tap') terminal.out(tapOf(run, terminal.language));
  else if (format === 'junit') terminal.out(junitOf(run, terminal.language).trimEnd());
  else
    for (const line of [...textOf(run, terminal.language), `${passed} passed, ${failed} failed, ${skipped} skipped`])
      terminal.out(line);
  return failed > 0 ? EXIT.no : EXIT.yes;
}

/** Runs again whenever the folder changed, until the first Ctrl-C; a Fault is told and waited out. */
async function watch(invocation: Invocation, folder: string): Promise<number> {
  const { signal, terminal, options } = invocation;
  let code: number = EXIT.yes;
  const once = async (): Promise<void> => {
    try {
      code = await report(invocation, folder);
    } catch (error) {
      const fault = (error as { fault?: Fault }).fault;
      if (!fault) throw error;
      terminal.err(formatReport(reportFault(fault, terminal.language), terminal.language));
      code = EXIT.usage;
    }
  };
  const junit = stringOption(options, 'junit');
  await runOnChanges(folder, junit === undefined ? [] : [junit], once, signal);
  return code;
}

export const command: Command = {
  name: 'test',
  summary: { en: 'Run the tests that lie beside the manifests', zh: '运行清单旁的测试' },
  usage: '[FOLDER] [--mutate] [--watch] [--junit FILE] [-o json|tap|junit]',
  words: 1,
  formats: ['tap', 'junit'],
  options: {
    mutate: {
      type: 'boolean',
      help: {
        en: 'Take away or weaken each rule in turn: some test must fail',
        zh: '逐条移除或放宽规则：必须有测试失败',
      },
    },
    watch: {
      type: 'boolean',
      help: { en: 'Run again whenever a file changes', zh: '文件变化时重新运行' },
    },
    junit: { type: 'string', value: 'FILE', help: { en: 'Write JUnit XML too', zh: '同时写出 JUnit XML' } },
    format: { type: 'string', value: 'FORMAT', help: { en: 'tap or junit', zh: 'tap 或 junit' } },
    dir: { type: 'string', value: 'DIR', help: { en: 'The folder', zh: '文件夹' } },
  },
  examples: ['tenon test examples/shop', 'tenon test examples/shop --mutate'],
  async run(invocation) {
    const { options, positionals } = invocation;
    const folder = positionals[0] ?? stringOption(options, 'dir') ?? '.';
    return options.watch === true ? await watch(invocation, folder) : await report(invocation, folder);
  },
};
