import type { ParseArgsOptionsConfig } from 'node:util';
import type { Language, Text } from '../base/index.ts';

/** What each sub-command does. */
export const VERB_SUMMARIES: Readonly<Record<string, Text>> = {
  eval: { en: 'Evaluate a query', zh: '对查询求值' },
  test: { en: 'Run the tests of policies', zh: '运行策略的测试' },
  check: { en: 'Find errors in policies', zh: '检查策略中的错误' },
  fmt: { en: 'Format policies', zh: '格式化策略' },
  parse: { en: 'Show the syntax tree of a policy', zh: '显示策略的语法树' },
  capabilities: { en: 'List the built-in functions', zh: '列出内置函数' },
  bench: { en: 'Measure a query', zh: '测量查询的耗时' },
  deps: { en: 'List the documents a query is made of', zh: '列出查询所依赖的文档' },
  build: { en: 'Build a bundle', zh: '构建捆绑包' },
  sign: { en: 'Sign the files of a bundle', zh: '为捆绑包中的文件签名' },
  inspect: { en: 'Show what a bundle holds', zh: '显示捆绑包的内容' },
  run: { en: 'Serve policies over HTTP', zh: '通过 HTTP 提供策略' },
  exec: { en: 'Decide for each of many input files', zh: '为每个输入文件作出决定' },
  version: { en: 'The version of the language spoken', zh: '所支持语言的版本' },
};

/** What stands after the options. */
const WORDS: Readonly<Record<string, string>> = {
  eval: 'QUERY',
  test: 'PATH ...',
  check: 'PATH ...',
  fmt: '[PATH ...]',
  parse: 'FILE',
  bench: 'QUERY',
  deps: 'QUERY',
  build: 'PATH ...',
  sign: 'PATH ...',
  inspect: 'PATH',
  run: '[PATH ...]',
  exec: 'PATH ...',
};

/** What an option is about, wherever it is taken. */
const OPTIONS: Readonly<Record<string, Text>> = {
  addr: { en: 'Where to listen: HOST:PORT', zh: '监听地址:主机:端口' },
  annotations: { en: 'Show annotations too', zh: '同时显示注解' },
  bundle: { en: 'A bundle: folder or archive', zh: '捆绑包:文件夹或归档文件' },
  capabilities: { en: 'A capabilities file', zh: '能力文件' },
  'check-result': { en: 'Read the result again before it is written', zh: '写入前重新读取结果' },
  'claims-file': { en: 'Claims of the signature', zh: '签名的声明文件' },
  count: { en: 'How many times', zh: '次数' },
  coverage: { en: 'Report which lines were used', zh: '报告用到的行' },
  data: { en: 'Policies or data: file or folder', zh: '策略或数据:文件或文件夹' },
  decision: { en: 'Path of the decision: a/b/c', zh: '决定的路径:a/b/c' },
  diff: { en: 'Show differences only', zh: '只显示差异' },
  'disable-early-exit': { en: 'Changes no answer here', zh: '在此不影响结果' },
  'disable-indexing': { en: 'Changes no answer here', zh: '在此不影响结果' },
  'disable-inlining': { en: 'A document that stays a rule of its own: data.a.b', zh: '保留为独立规则的文档:data.a.b' },
  'drop-v0-imports': { en: 'Leave out imports that v1 does not need', zh: '去掉 v1 不需要的导入' },
  entrypoint: { en: 'A rule that is asked from outside: a/b/c', zh: '对外的规则:a/b/c' },
  'exclude-files-verify': { en: 'Files that need no signature', zh: '无需签名的文件' },
  'exit-zero-on-skipped': { en: 'Skipped tests are no failure', zh: '跳过的测试不算失败' },
  explain: { en: 'Tell the steps: full, notes, fails or debug', zh: '说明步骤:full、notes、fails 或 debug' },
  fail: { en: 'Exit with 1 when nothing is decided', zh: '未作出决定时以 1 退出' },
  'fail-defined': { en: 'Exit with 1 when something is decided', zh: '作出决定时以 1 退出' },
  'fail-non-empty': { en: 'Exit with 1 when a result is not empty', zh: '结果非空时以 1 退出' },
  'fail-on-empty': { en: 'Exit with 1 when no test ran', zh: '没有运行任何测试时以 1 退出' },
  format: { en: 'How the result is written', zh: '结果的格式' },
  ignore: { en: 'Names to leave out', zh: '要忽略的名称' },
  import: { en: 'An import for the query', zh: '查询的导入' },
  input: { en: 'The input document', zh: '输入文档' },
  instrument: { en: 'Tell how long each part took', zh: '报告各部分耗时' },
  list: { en: 'List files that would change', zh: '列出将改变的文件' },
  'max-errors': { en: 'Stop after so many errors', zh: '错误达到此数后停止' },
  metrics: { en: 'Tell how long each part took', zh: '报告各部分耗时' },
  optimize: { en: 'Level of optimisation', zh: '优化级别' },
  'optimize-store-for-read-speed': { en: 'Changes no answer here', zh: '在此不影响结果' },
  output: { en: 'Write to this file', zh: '写入此文件' },
  'output-file-path': { en: 'Folder of the signature', zh: '签名所在的文件夹' },
  package: { en: 'The package the query is in', zh: '查询所在的包' },
  parallel: { en: "Taken for OPA's sake: tests run one after the other", zh: '为兼容 OPA 而接受:测试依次运行' },
  partial: { en: 'Evaluate as far as documents are known', zh: '仅按已知文档求值' },
  'pretty-limit': { en: "Taken for OPA's sake, nothing is cut", zh: '为兼容 OPA 而接受,不截断输出' },
  profile: { en: 'Tell what each expression cost', zh: '报告每个表达式的开销' },
  'profile-limit': { en: 'How many expressions are told', zh: '报告的表达式数量' },
  'profile-sort': { en: 'Order of the expressions', zh: '表达式的排序方式' },
  'rego-v1': { en: 'Write what v0 and v1 both read', zh: '写成 v0 与 v1 都可读的形式' },
  revision: { en: 'Revision of the bundle', zh: '捆绑包的修订号' },
  run: { en: 'Only tests whose name matches', zh: '只运行名称匹配的测试' },
  scope: { en: 'Scope of the signature', zh: '签名的范围' },
  server: { en: 'Serve (the only mode)', zh: '提供服务(唯一模式)' },
  'shallow-inlining': { en: 'Leave every rule that depends on unknowns', zh: '保留所有依赖未知文档的规则' },
  'show-builtin-errors': { en: 'Tell the errors of functions', zh: '报告函数的错误' },
  'signing-alg': { en: 'Algorithm of the signature', zh: '签名算法' },
  'signing-key': { en: 'Key that signs', zh: '签名密钥' },
  sort: { en: 'Order of the results: none or duration', zh: '结果的顺序:none 或 duration' },
  stdin: { en: 'Read the query from standard input', zh: '从标准输入读取查询' },
  'stdin-input': { en: 'Read the input from standard input', zh: '从标准输入读取输入文档' },
  strict: { en: 'Refuse what is doubtful', zh: '拒绝可疑的写法' },
  'strict-builtin-errors': { en: 'An error of a function ends the evaluation', zh: '函数出错即终止求值' },
  target: { en: 'What is built: rego', zh: '构建的目标:rego' },
  threshold: { en: 'Fail below this coverage, in percent', zh: '覆盖率低于此百分比则失败' },
  timeout: { en: 'End the evaluation after this time: 5s', zh: '超过此时间后终止求值:5s' },
  unknowns: { en: 'A document that is not known: input.x or data.x', zh: '未知的文档:input.x 或 data.x' },
  'v0-compatible': { en: 'Read policies as before OPA 1.0', zh: '按 OPA 1.0 之前的方式读取策略' },
  'v0-v1': { en: 'Read v0, write what both read', zh: '读取 v0,写成两者都可读的形式' },
  'v1-compatible': { en: 'Read policies as OPA 1.0 does (the default)', zh: '按 OPA 1.0 的方式读取策略(默认)' },
  'var-values': { en: 'Show what failed tests did', zh: '显示失败测试的执行步骤' },
  verbose: { en: 'Show every test', zh: '显示每个测试' },
  'verification-key': { en: 'Key that verifies signatures', zh: '验证签名的密钥' },
  'verification-key-id': { en: 'Name of that key', zh: '该密钥的名称' },
  write: { en: 'Write the files', zh: '写回文件' },
};

/** What `tenon opa VERB --help` prints. */
export function verbHelp(verb: string, options: ParseArgsOptionsConfig, language: Language): string {
  const rows = Object.entries(options).map(([name, { type, short }]) => {
    const left = `  ${short ? `-${short}, ` : '    '}--${name}${type === 'string' ? ' VALUE' : ''}`;
    return [left, OPTIONS[name]?.[language] ?? ''] as const;
  });
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return [
    `tenon opa ${verb} [OPTION ...] ${WORDS[verb] ?? ''}`.trimEnd(),
    '',
    `  ${VERB_SUMMARIES[verb]![language]}`,
    '',
    ...rows.map(([left, right]) => left.padEnd(width) + right),
  ].join('\n');
}
