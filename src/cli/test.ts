import { writeFileSync } from 'node:fs';
import { type Fault, reportFault } from '../base/index.ts';
import { readFolder } from '../delivery/index.ts';
import {
  type Mutation,
  mutate,
  prepare,
  readCases,
  runCases,
  type TestCase,
  type TestResult,
} from '../explain/index.ts';
import { loadFolder } from '../hosts/node/documents.ts';
import { decodeDocuments } from '../kernel/index.ts';
import { type Command, EXIT, type Invocation, stringOption } from './command.ts';
import { cliFaults } from './faults.ts';

/** Every `tenon.dev/v1 Test` of a folder. */
function findCases(folder: string): TestCase[] {
  const cases: TestCase[] = [];
  for (const [file, text] of readFolder(folder).files) {
    if (!/\.(ya?ml|json)$/.test(file) || !text.includes('tenon.dev/v1')) continue;
    for (const document of decodeDocuments(text, { file }).value) cases.push(...(readCases(document) ?? []));
  }
  return cases;
}

const escape = (text: string): string => text.replace(/[<>&"]/g, character => `&#${character.charCodeAt(0)};`);

function junit(results: readonly TestResult[]): string {
  const failures = results.filter(({ passed }) => !passed).length;
  const cases = results.map(
    ({ test, got, passed }) =>
      `  <testcase classname="${escape(test.file)}" name="${escape(test.name)}">${passed ? '' : `<failure message="expected ${test.expect} got ${got}"/>`}</testcase>`,
  );
  return [
    `<testsuite name="tenon" tests="${results.length}" failures="${failures}">`,
    ...cases,
    '</testsuite>',
    '',
  ].join('\n');
}

function tap(results: readonly TestResult[]): string {
  return [
    `TAP version 14`,
    `1..${results.length}`,
    ...results.map(
      ({ test, got, passed }, index) =>
        `${passed ? 'ok' : 'not ok'} ${index + 1} - ${test.name}${passed ? '' : ` # expected ${test.expect} got ${got}`}`,
    ),
  ].join('\n');
}

function print(
  invocation: Invocation,
  results: readonly TestResult[],
  mutations: readonly Mutation[],
  format: string | undefined,
): void {
  const { terminal, output } = invocation;
  if (output === 'json') {
    const cases = results.map(({ test, got, passed }) => ({
      name: test.name,
      file: test.file,
      line: test.line,
      expect: test.expect,
      got,
      passed,
    }));
    return terminal.out(JSON.stringify({ cases, mutations }));
  }
  if (format === 'tap') return terminal.out(tap(results));
  for (const { test, got, passed } of results)
    if (!passed) terminal.out(`FAIL ${test.file}:${test.line} ${test.name}: expected ${test.expect} got ${got}`);
  for (const { policy, rule, caughtBy } of mutations)
    if (caughtBy.length === 0) terminal.out(`UNPINNED ${policy} ${rule}: no test notices when it is gone`);
}

export const command: Command = {
  name: 'test',
  summary: { en: 'Run the tests that lie beside the manifests', zh: '运行清单旁的测试' },
  usage: '[FOLDER] [--mutate] [--junit FILE] [--format tap] [-o json]',
  words: 1,
  options: {
    mutate: {
      type: 'boolean',
      help: { en: 'Take away each rule in turn: some test must fail', zh: '逐条移除规则:必须有测试失败' },
    },
    junit: { type: 'string', value: 'FILE', help: { en: 'Write JUnit XML too', zh: '同时写出 JUnit XML' } },
    format: { type: 'string', value: 'FORMAT', help: { en: 'tap', zh: 'tap' } },
    dir: { type: 'string', value: 'DIR', help: { en: 'The folder', zh: '文件夹' } },
  },
  examples: ['tenon test examples/shop', 'tenon test examples/shop --mutate'],
  async run(invocation) {
    const { options, positionals, terminal } = invocation;
    const folder = positionals[0] ?? stringOption(options, 'dir') ?? '.';
    const cases = findCases(folder);
    if (cases.length === 0) throw cliFaults.error('no-tests', { path: folder });
    const documents = loadFolder(folder);
    const told = (fault: Fault): void => terminal.err(reportFault(fault, terminal.language).message);
    const results = runCases(prepare(documents), cases, told);
    const mutations = options.mutate ? mutate(documents, cases) : [];
    print(invocation, results, mutations, stringOption(options, 'format'));
    const file = stringOption(options, 'junit');
    if (file !== undefined) writeFileSync(file, junit(results));
    const failed =
      results.filter(({ passed }) => !passed).length + mutations.filter(({ caughtBy }) => caughtBy.length === 0).length;
    const passed = results.length + mutations.length - failed;
    if (invocation.output !== 'json') terminal.out(`${passed} passed, ${failed} failed, 0 skipped`);
    return failed > 0 ? EXIT.no : EXIT.yes;
  },
};
