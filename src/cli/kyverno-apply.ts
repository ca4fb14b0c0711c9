import { appendFileSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { stringify } from 'yaml';
import type { Text } from '../base/index.ts';
import type { JsonObject } from '../kernel/index.ts';
import {
  applyKyverno,
  type KyvernoApplication,
  type KyvernoFinding,
  resourceName,
  type TestFiles,
} from '../policy/index.ts';
import { EXIT, type Invocation, type Terminal } from './command.ts';
import { cliFaults } from './faults.ts';
import { sortedKeys } from './gator-test.ts';
import {
  countsOf,
  exceptionFor,
  manifest,
  messageOf,
  nameOf,
  outcomeOf,
  policyReport,
  violationLines,
} from './kyverno-apply-report.ts';
import { type ClusterObjects, readCluster } from './kyverno-cluster.ts';
import { filesUnder, testPorts } from './kyverno-files.ts';
import { APPLY_FLAGS, type Flags, readFlags, textOf, textsOf } from './kyverno-flags.ts';
import { barTable } from './kyverno-table.ts';

/** Stands for what was read of a cluster among the files of a run. */
const CLUSTER = '/dev/cluster';
const CLUSTER_ALL = '/dev/cluster-all';
/** Before a path: of what lies there only exceptions count, or everything but them. */
const EXCEPTIONS = 'exceptions:';
const POLICIES = 'policies:';

const missing = (what: string): Error => cliFaults.error('missing-argument', { command: 'kyverno apply', what });
const bad = (reason: string): Error => cliFaults.error('bad-option', { command: 'kyverno apply', reason });

const DEPRECATED: Text = {
  en: 'Warning: {kind} "{name}" is of a group Kyverno gives up; write it as a kind of policies.kyverno.io',
  zh: '警告：{kind} "{name}" 属于 Kyverno 将弃用的组；请改写为 policies.kyverno.io 的类型',
};

const SKIPPED: Text = { en: 'Policies Skipped:', zh: '跳过的策略：' };
const RULER = '-'.repeat(70);

/** Policies that would be refused are passed over, each with why. */
function tellRefused({ refused }: KyvernoApplication, { terminal }: Invocation): void {
  if (refused.length === 0) return;
  const lines = refused.map(({ policy, why }, i) => `${i + 1}. ${nameOf(policy)}: ${why}`);
  terminal.out([RULER, SKIPPED[terminal.language], ...lines, RULER].join('\n'));
}

/** Policies of the old group, which Kyverno is to give up. */
const isDeprecated = ({ apiVersion, kind }: JsonObject): boolean =>
  String(apiVersion).startsWith('kyverno.io/') && /^(Cluster)?(Cleanup)?Policy$/.test(String(kind));

function isRemote(path: string): boolean {
  return /^(?:https?|git|ssh):\/\//.test(path);
}

/** Policies and their bindings; other documents beside them are passed over. */
const isPolicy = ({ apiVersion, kind }: JsonObject): boolean =>
  /^(?:policies\.)?kyverno\.io\/|^admissionregistration\.k8s\.io\//.test(String(apiVersion)) &&
  /Policy(?:Binding)?$/.test(String(kind));

/** The fields of a Kyverno Test that flags come to. Throws a Fault. */
function testOf(flags: Flags): JsonObject {
  const { on, words } = flags;
  const remote = words.find(isRemote);
  if (remote !== undefined) throw cliFaults.error('not-done', { flag: remote, command: 'kyverno apply' });
  const resources = textsOf(flags, 'resource', 'resources').map(path => resolve(path));
  const policies = words.map(path => resolve(path));
  const within = on.has('exceptions-with-resources') || on.has('exceptions-within-resources') ? resources : [];
  const test: JsonObject = {
    policies: on.has('exceptions-within-policies') ? policies : policies.map(path => `${POLICIES}${path}`),
    resources,
    exceptions: [
      ...textsOf(flags, 'exception', 'exceptions').map(path => resolve(path)),
      ...within.map(path => `${EXCEPTIONS}${path}`),
    ],
    targetResources: textsOf(flags, 'target-resource', 'target-resources').map(path => resolve(path)),
    paramResources: textsOf(flags, 'parameter-resource').map(path => resolve(path)),
    jsonPayloads: textsOf(flags, 'json').map(path => resolve(path)),
    httpPayloads: textsOf(flags, 'http-payload').map(path => resolve(path)),
    envoyPayloads: textsOf(flags, 'envoy-payload').map(path => resolve(path)),
    crds: textsOf(flags, 'crd-paths').map(path => resolve(path)),
  };
  for (const [flag, field] of [
    ['values-file', 'variables'],
    ['userinfo', 'userinfo'],
    ['context-file', 'context'],
  ] as const) {
    const value = textOf(flags, flag);
    if (value === undefined) continue;
    if (!existsSync(value)) throw bad(`open ${value}: no such file or directory`);
    test[field] = resolve(value);
  }
  const pairs = textsOf(flags, 'set').map(pair => /^([^=]+)=(.*)$/s.exec(pair));
  if (pairs.includes(null)) throw bad('--set takes NAME=VALUE');
  if (pairs.length > 0) {
    if (test.variables !== undefined) throw bad('pass the values either using set flag or values_file flag');
    test.values = { globalValues: Object.fromEntries(pairs.map(pair => [pair![1]!, pair![2]!])) };
  }
  return test;
}

const kubeconfigOf = (flags: Flags, { environment }: Invocation): string =>
  textOf(flags, 'kubeconfig') ?? environment.KUBECONFIG?.split(':')[0] ?? join(homedir(), '.kube/config');

async function clusterOf(
  flags: Flags,
  invocation: Invocation,
  policies: readonly JsonObject[],
): Promise<ClusterObjects | undefined> {
  if (!flags.on.has('cluster')) return undefined;
  return readCluster(kubeconfigOf(flags, invocation), policies, {
    namespace: textOf(flags, 'namespace'),
    clusterWide: flags.on.has('cluster-wide-resources'),
    context: textOf(flags, 'context'),
  });
}

/** The files of this machine, and what was read of a cluster as two more. */
function filesWith(base: TestFiles, cluster: ClusterObjects | undefined): TestFiles {
  const isException = (each: JsonObject): boolean => each.kind === 'PolicyException';
  return {
    documents: path => {
      if (path === CLUSTER) return cluster?.matched ?? [];
      if (path === CLUSTER_ALL) return cluster?.all ?? [];
      if (path.startsWith(EXCEPTIONS)) return base.documents(path.slice(EXCEPTIONS.length))?.filter(isException);
      if (path.startsWith(POLICIES)) return base.documents(path.slice(POLICIES.length))?.filter(isPolicy);
      return base.documents(path);
    },
  };
}

/** Writes what was changed or made: into one file, or one each in a folder. */
function write(at: string, name: string, object: JsonObject): void {
  const isFolder = !/\.ya?ml$/.test(at);
  if (!isFolder) {
    mkdirSync(dirname(resolve(at)), { recursive: true });
    return appendFileSync(at, `${manifest(object)}\n---\n\n`);
  }
  mkdirSync(at, { recursive: true });
  appendFileSync(join(at, `${name.replaceAll('/', '_')}.yaml`), `${manifest(object)}\n---\n\n`);
}

/** What mutations and generation made, as one text. */
function madeText(findings: readonly KyvernoFinding[], flags: Flags): string {
  const at = textOf(flags, 'output');
  if (at !== undefined && /\.ya?ml$/.test(at) && existsSync(at) && statSync(at).isFile()) writeFileSync(at, '');
  const show = (finding: KyvernoFinding, object: JsonObject, name: string): string => {
    if (at !== undefined) {
      write(at, name, object);
      return '\n';
    }
    const head = flags.on.has('stdin')
      ? ''
      : `policy ${nameOf(finding.policy)} applied to ${resourceName(finding.resource)}:\n`;
    return `\n${head}${manifest(object)}\n---\n\n`;
  };
  const parts: string[] = [];
  for (const finding of findings) {
    if (finding.patched !== undefined)
      parts.push(
        show(finding, finding.patched, `${nameOf(finding.patched)}-mutated`),
        '\nMutation:\nMutation has been applied successfully.',
      );
    for (const object of finding.generated ?? [])
      parts.push(show(finding, object, `${nameOf(finding.policy)}-generated`));
    if ((finding.generated?.length ?? 0) > 0) parts.push('\nGenerate:\nGeneration completed successfully.');
  }
  return parts.join('');
}

/** What `Terminal` prints is lines; texts here end where they end. */
const print = (terminal: Terminal, text: string): void => terminal.out(text.replace(/\n$/, ''));

function tableOf(findings: readonly KyvernoFinding[], flags: Flags, color: boolean): string {
  const auditWarn = flags.on.has('audit-warn');
  const detailed = flags.on.has('detailed-results');
  const title = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
  const rows = findings.map((finding, at) => [
    String(at + 1),
    nameOf(finding.policy),
    finding.rule,
    resourceName(finding.resource),
    title(outcomeOf(finding, auditWarn)),
    '',
    ...(detailed ? [messageOf(finding)] : []),
  ]);
  return barTable(
    ['ID', 'POLICY', 'RULE', 'RESOURCE', 'RESULT', 'REASON', ...(detailed ? ['MESSAGE'] : [])],
    rows,
    color,
  );
}

function tell(applied: KyvernoApplication, flags: Flags, { terminal }: Invocation): void {
  const { on } = flags;
  const { findings, refused } = applied;
  const auditWarn = on.has('audit-warn');
  if (on.has('generate-exceptions')) {
    const ttl = textOf(flags, 'generated-exception-ttl') ?? '720h0m0s';
    for (const finding of findings.filter(each => each.status === 'fail'))
      terminal.out(
        `---\n${stringify(sortedKeys(exceptionFor(finding, ttl)), { indentSeq: false, singleQuote: true })}`,
      );
    return;
  }
  if (on.has('policy-report')) {
    const report = policyReport(findings, auditWarn, Math.floor(Date.now() / 1000));
    const format = textOf(flags, 'output-format') ?? 'yaml';
    terminal.out(
      format === 'json'
        ? JSON.stringify(report)
        : stringify(sortedKeys(report), { indentSeq: false, lineWidth: 0, singleQuote: true }),
    );
    return;
  }
  const with_ = applied.exceptions > 0 ? ` with ${applied.exceptions} exception(s)` : '';
  const head = `\nApplying ${applied.rules} policy rule(s) to ${applied.resources} resource(s)${with_}...\n`;
  if (on.has('table')) return terminal.out(`${head}${tableOf(findings, flags, !on.has('remove-color'))}`);
  const made = madeText(findings, flags);
  const violations = [...violationLines(findings, auditWarn)].map(line => `${line}\n`).join('');
  const { pass, fail, warn, error, skip } = countsOf(findings, auditWarn, refused.length);
  print(
    terminal,
    `${on.has('stdin') ? '' : head}${made}${violations}\npass: ${pass}, fail: ${fail}, warn: ${warn}, error: ${error}, skip: ${skip} \n`,
  );
}

/** What became of a run as an exit code. */
function exitOf({ findings, refused }: KyvernoApplication, flags: Flags, terminal: Terminal): number {
  const { fail, error, warn, pass } = countsOf(findings, flags.on.has('audit-warn'), refused.length);
  if (fail > 0 || error > 0) return EXIT.no;
  const code = Number(textOf(flags, 'warn-exit-code') ?? '0');
  if (warn > 0 && code !== 0) {
    terminal.out(`exit as warnExitCode is ${code}`);
    return code;
  }
  if (pass === 0 && flags.on.has('warn-no-pass')) {
    terminal.out('exit as no objects satisfied policy');
    return code;
  }
  return EXIT.yes;
}

/** `kyverno apply`: policies over files, or over a cluster. */
export async function kyvernoApply(words: readonly string[], invocation: Invocation): Promise<number> {
  const { terminal } = invocation;
  const flags = readFlags('apply', words, APPLY_FLAGS);
  if (flags.words.length === 0) throw missing('POLICY ...');
  const format = textOf(flags, 'output-format');
  if (format !== undefined && !['json', 'yaml'].includes(format)) throw bad(`invalid output format "${format}"`);
  const test = testOf(flags);
  const given = [...(test.resources as string[]), ...(test.jsonPayloads as string[])];
  const payloads = [...(test.httpPayloads as string[]), ...(test.envoyPayloads as string[])];
  if (given.length + payloads.length === 0 && !flags.on.has('cluster')) throw missing('--resource FILE, or --cluster');
  for (const path of [...given, ...payloads])
    if (!existsSync(path)) throw bad(`failed to load resources (stat ${path}: no such file or directory)`);
  const base = filesUnder(process.cwd());
  const policies = flags.words.flatMap(path => base.documents(resolve(path)) ?? []);
  const deprecated = policies.filter(isDeprecated);
  for (const each of deprecated)
    terminal.err(DEPRECATED[terminal.language].replace('{kind}', String(each.kind)).replace('{name}', nameOf(each)));
  if (deprecated.length > 0 && flags.on.has('warnings-as-errors'))
    throw bad(`found ${deprecated.length} deprecation warning(s) and --warnings-as-errors is set`);
  const cluster = await clusterOf(flags, invocation, policies);
  const applied = applyKyverno(
    cluster === undefined
      ? test
      : {
          ...test,
          resources: [...given, CLUSTER],
          targetResources: [...(test.targetResources as string[]), CLUSTER_ALL],
        },
    filesWith(base, cluster),
    testPorts,
  );
  tellRefused(applied, invocation);
  tell(applied, flags, invocation);
  return exitOf(applied, flags, terminal);
}
