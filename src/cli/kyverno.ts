import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parse } from 'yaml';
import type { Json, JsonObject } from '../kernel/index.ts';
import {
  applyKyverno,
  compileJmes,
  JmesError,
  type KyvernoFinding,
  runKyvernoTest,
  type TestRow,
} from '../policy/index.ts';
import { type Command, EXIT, type Invocation, listOption, stringOption } from './command.ts';
import { documentsOf, filesUnder, testPorts } from './kyverno-files.ts';

/** Test files below a folder, or the file itself. */
function testFiles(path: string, name: string): string[] {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { withFileTypes: true })
    .flatMap(entry =>
      entry.isDirectory()
        ? testFiles(join(path, entry.name), name)
        : entry.name === name
          ? [join(path, entry.name)]
          : [],
    )
    .sort();
}

function runTests({ options, output, terminal }: Invocation, paths: readonly string[]): number {
  const cache = new Map<string, readonly JsonObject[]>();
  const rows: (TestRow & { readonly file: string })[] = [];
  const name = stringOption(options, 'file-name') ?? 'kyverno-test.yaml';
  for (const file of paths.flatMap(path => testFiles(resolve(path), name))) {
    const files = filesUnder(dirname(file), cache);
    for (const test of files.documents(file) ?? [])
      for (const row of runKyvernoTest(test, files, testPorts)) rows.push({ file, ...row });
  }
  const failed = rows.filter(row => !row.passed).length;
  if (output === 'json') terminal.out(JSON.stringify(rows));
  else {
    for (const row of rows) {
      const what = `${row.file} ${[row.policy, row.rule].filter(Boolean).join('/')} ${row.kind} ${row.resources.join(', ')}`;
      if (row.passed) {
        const note = row.excluded > 0 ? ` (${row.excluded} excluded)` : '';
        if (!options['fail-only']) terminal.out(`PASS ${what}: ${row.expected}${note}`);
      } else terminal.out(`FAIL ${what}: want ${row.expected}, got ${row.got}`);
    }
    terminal.out(`${rows.length - failed} passed, ${failed} failed`);
  }
  if (rows.length === 0) return EXIT.usage;
  return failed > 0 ? EXIT.no : EXIT.yes;
}

function applyPolicies({ options, output, terminal }: Invocation, paths: readonly string[]): number {
  const test: JsonObject = {
    policies: paths.map(path => resolve(path)),
    resources: [...listOption(options, 'resource'), ...listOption(options, 'resources')].map(path => resolve(path)),
    exceptions: [...listOption(options, 'exception'), ...listOption(options, 'exceptions')].map(path => resolve(path)),
    targetResources: listOption(options, 'target-resource').map(path => resolve(path)),
    paramResources: listOption(options, 'parameter-resource').map(path => resolve(path)),
    jsonPayloads: listOption(options, 'json').map(path => resolve(path)),
  };
  for (const [option, field] of [
    ['values-file', 'variables'],
    ['userinfo', 'userinfo'],
    ['context-file', 'context'],
  ] as const) {
    const value = stringOption(options, option);
    if (value !== undefined) test[field] = resolve(value);
  }
  const set: JsonObject = {};
  for (const pair of listOption(options, 'set')) {
    const at = pair.indexOf('=');
    if (at > 0) set[pair.slice(0, at)] = pair.slice(at + 1);
  }
  if (Object.keys(set).length > 0) test.values = { globalValues: set };
  const findings = applyKyverno(test, filesUnder(process.cwd()), testPorts);
  const count = (status: string): number => findings.filter(finding => finding.status === status).length;
  if (output === 'json') terminal.out(JSON.stringify(findings));
  else {
    for (const finding of findings) terminal.out(lineOf(finding));
    terminal.out(
      `pass: ${count('pass')}, fail: ${count('fail')}, warn: ${count('warn')}, error: ${count('error')}, skip: ${count('skip')}`,
    );
  }
  return count('fail') + count('error') > 0 ? EXIT.no : EXIT.yes;
}

const lineOf = ({ status, policy, rule, resource, message }: KyvernoFinding): string =>
  `${status.toUpperCase().padEnd(5)} ${policy}/${rule} ${resource}${message === '' ? '' : `: ${message}`}`;

function query({ options, terminal }: Invocation, expressions: readonly string[]): number {
  const input = stringOption(options, 'input');
  const text = readFileSync(input ?? 0, 'utf8');
  const value = (/^\s*[{[]/.test(text) ? parse(text) : (documentsOf(text)[0] ?? null)) as Json;
  for (const expression of expressions) {
    try {
      const found = compileJmes(expression).evaluate(value, testPorts);
      const plain = options.unquoted === true && typeof found === 'string';
      terminal.out(plain ? found : JSON.stringify(found, null, options.compact === true ? undefined : 2));
    } catch (error) {
      if (!(error instanceof JmesError)) throw error;
      terminal.err(`${expression}: ${error.message}`);
      return EXIT.no;
    }
  }
  return EXIT.yes;
}

const files = (en: string, zh: string) =>
  ({ type: 'string', multiple: true, value: 'FILE', help: { en, zh } }) as const;
const file = (en: string, zh: string) => ({ type: 'string', value: 'FILE', help: { en, zh } }) as const;

export const command: Command = {
  name: 'kyverno',
  summary: { en: 'Test and apply Kyverno policies, try JMESPath', zh: '测试和应用 Kyverno 策略，试用 JMESPath' },
  usage: 'test [PATH ...] | apply POLICY ... --resource FILE | jp [query] -i FILE EXPRESSION ...',
  words: Infinity,
  options: {
    'file-name': file('Name of test files (kyverno-test.yaml)', '测试文件名（默认 kyverno-test.yaml）'),
    'fail-only': { type: 'boolean', help: { en: 'Show failing rows only', zh: '只显示失败的行' } },
    resource: { ...files('Resources to check', '要检查的资源'), short: 'r' },
    resources: files('The same', '同上'),
    exception: { ...files('Policy exceptions', '策略例外'), short: 'e' },
    exceptions: files('The same', '同上'),
    'target-resource': files('Resources that rules may change', '规则可修改的现有资源'),
    'parameter-resource': files('Parameters of admission policies', '准入策略的参数'),
    json: files('JSON payloads', 'JSON 负载'),
    'values-file': { ...file('Values of variables', '变量的值'), short: 'f' },
    'context-file': file('Resources and images that CEL looks up', 'CEL 查询的资源和镜像'),
    userinfo: { ...file('Who makes the request', '请求者信息'), short: 'u' },
    set: { ...files('A variable: NAME=VALUE', '变量：NAME=VALUE'), short: 's', value: 'NAME=VALUE' },
    input: {
      ...file('JSON or YAML to query; standard input when left out', '要查询的 JSON 或 YAML，默认标准输入'),
      short: 'i',
    },
    compact: { type: 'boolean', short: 'c', help: { en: 'On one line', zh: '单行输出' } },
    unquoted: { type: 'boolean', help: { en: 'Text without quotes', zh: '文本不带引号' } },
  },
  examples: ['tenon kyverno test policies/', "tenon kyverno jp query -i pod.yaml 'spec.containers[].image'"],
  run: async invocation => {
    const [verb, ...rest] = invocation.positionals;
    if (verb === 'test') return runTests(invocation, rest.length > 0 ? rest : ['.']);
    if (verb === 'apply' && rest.length > 0) return applyPolicies(invocation, rest);
    const expressions = rest[0] === 'query' ? rest.slice(1) : rest;
    if (verb === 'jp' && expressions.length > 0) return query(invocation, expressions);
    invocation.terminal.err(`tenon kyverno ${command.usage}`);
    return EXIT.usage;
  },
};
