import { equalJson, isObject, type Json, type JsonObject, setOwn } from '../../../../kernel/index.ts';
import { type RuleAnswer, textAt } from '../model.ts';
import { execute } from './execute.ts';
import type { Entry, TestFiles, TestPorts, TestRow } from './model.ts';
import { fields, list, readSetup, type TestSetup, withNamespace } from './setup.ts';

/** The kinds that flags of a row name; without one it is about a ClusterPolicy or Policy. */
const FLAGS: readonly (readonly [string, RegExp])[] = [
  ['isvalidatingpolicy', /^(Namespaced)?ValidatingPolicy$/],
  ['ismutatingpolicy', /^(Namespaced)?MutatingPolicy$/],
  ['isgeneratingpolicy', /^(Namespaced)?GeneratingPolicy$/],
  ['isdeletingpolicy', /^(Namespaced)?DeletingPolicy$/],
  ['isimagevalidatingpolicy', /^(Namespaced)?ImageValidatingPolicy$/],
  ['isvalidatingadmissionpolicy', /^ValidatingAdmissionPolicy$/],
  ['ismutatingadmissionpolicy', /^MutatingAdmissionPolicy$/],
];

/** Runs a `cli.kyverno.io/v1alpha1` Test and judges every row of its results. */
export function runKyvernoTest(test: JsonObject, files: TestFiles, ports: TestPorts): readonly TestRow[] {
  const setup = readSetup(test, files, ports);
  const runs = new Map<string, Entry[]>();
  const runFor = (operation: string): Entry[] => {
    let run = runs.get(operation);
    if (run === undefined) runs.set(operation, (run = execute(setup, operation || undefined)));
    return run;
  };
  return list(test.results)
    .filter(isObject)
    .map(row => judge(row, runFor(String(row.operation ?? '')), setup, files));
}

function judge(row: JsonObject, entries: readonly Entry[], setup: TestSetup, files: TestFiles): TestRow {
  const resources = [...list(row.resources), ...(typeof row.resource === 'string' ? [row.resource] : [])].map(String);
  const expected = String(row.result ?? row.status ?? '');
  const base = {
    policy: String(row.policy ?? ''),
    rule: String(row.rule ?? ''),
    kind: String(row.kind ?? ''),
    resources,
    expected,
  };
  const outcomes = concerned(row, resources, entries).map(entry => check(row, entry, expected, setup, files));
  if (outcomes.length === 0) {
    const needs = setup.absent.length > 0 ? { needs: 'absent-files' } : {};
    return { ...base, passed: false, excluded: 0, got: 'policy or resource not found', ...needs };
  }
  const excluded = outcomes.filter(outcome => outcome === 'excluded').length;
  const wrong = outcomes.filter(outcome => typeof outcome === 'object');
  const needs = wrong.find(outcome => outcome.needs !== undefined)?.needs;
  return {
    ...base,
    passed: wrong.length === 0,
    excluded,
    got: wrong[0]?.got ?? expected,
    ...(needs === undefined ? {} : { needs }),
  };
}

/** The entries a row speaks of: by policy, kind and names; all of the policy's where no name is known. */
function concerned(row: JsonObject, names: readonly string[], entries: readonly Entry[]): readonly Entry[] {
  const [name = '', namespace] = String(row.policy ?? '')
    .split('/')
    .reverse();
  const flags = Object.keys(row)
    .filter(key => row[key] === true)
    .map(key => key.toLowerCase());
  const wanted = FLAGS.find(([flag]) => flags.includes(flag))?.[1];
  const ofPolicy = entries.filter(({ policy }) => {
    if (textAt(policy, 'metadata', 'name') !== name) return false;
    if (namespace !== undefined && (textAt(policy, 'metadata', 'namespace') || 'default') !== namespace) return false;
    return wanted === undefined || wanted.test(String(policy.kind));
  });
  const ofKind = ofPolicy.filter(
    ({ resource }) => row.kind === undefined || row.kind === '' || resource.kind === row.kind,
  );
  const pool = ofKind.length > 0 ? ofKind : ofPolicy;
  const found = pool.filter(({ resource }) => {
    const of = textAt(resource, 'metadata', 'name');
    const at = textAt(resource, 'metadata', 'namespace');
    return names.includes(of) || names.includes(`${at}/${of}`);
  });
  return found.length > 0 ? found : pool;
}

interface Wrong {
  readonly got: string;
  readonly needs?: string;
}

/** Undefined when the entry is as the row says; a resource the policy says nothing of is excluded, which passes. */
function check(
  row: JsonObject,
  entry: Entry,
  expected: string,
  setup: TestSetup,
  files: TestFiles,
): Wrong | 'excluded' | undefined {
  const rule = String(row.rule ?? '');
  const names = new Set([rule, `autogen-${rule}`.slice(0, 63), `autogen-cronjob-${rule}`.slice(0, 63)]);
  const isRuled = /^(Cluster)?Policy$/.test(String(entry.policy.kind)) && rule !== '';
  const answers = entry.result.answers.filter(answer => !isRuled || names.has(answer.rule));
  if (answers.length === 0) return 'excluded';
  for (const answer of answers) {
    const wrong = checkAnswer(row, entry, answer, expected, setup, files);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

function checkAnswer(
  row: JsonObject,
  entry: Entry,
  answer: RuleAnswer,
  expected: string,
  setup: TestSetup,
  files: TestFiles,
): Wrong | undefined {
  const needs = answer.needs === undefined ? {} : { needs: answer.needs };
  const patched = row.patchedResources ?? row.patchedResource;
  const documents =
    typeof patched === 'string' && answer.type === 'Mutation' ? (files.documents(patched) ?? []) : undefined;
  // A row about patched resources speaks only of those its file has.
  if (documents !== undefined && !documents.some(each => sameIdentity(each, entry.result.patched, setup)))
    return undefined;
  const status = statusOf(entry.policy, answer);
  if (status !== expected) return { got: `${status}: ${answer.message}`, ...needs };
  if (expected !== 'pass') return undefined;
  if (documents !== undefined) {
    if (!documents!.some(each => sameResource(each, entry.result.patched, setup)))
      return { got: `another patched resource: ${JSON.stringify(entry.result.patched)}` };
  }
  const generated = row.generatedResource;
  if (typeof generated === 'string' && answer.generated !== undefined) {
    const documents = files.documents(generated) ?? [];
    const other = answer.generated.find(each => !documents.some(document => sameResource(document, each, setup)));
    if (other !== undefined) return { got: `another generated resource: ${JSON.stringify(other)}` };
    if (answer.generated.length === 0) return { got: 'nothing was generated' };
  }
  return undefined;
}

/** Violations of policies that do not score are warnings. */
export function statusOf(policy: JsonObject, answer: RuleAnswer): string {
  const annotations = fields(fields(policy.metadata).annotations);
  return answer.status === 'fail' && annotations['policies.kyverno.io/scored'] === 'false' ? 'warn' : answer.status;
}

function sameResource(expected: JsonObject, actual: JsonObject, setup: TestSetup): boolean {
  return equalJson(comparable(expected, setup), comparable(actual, setup));
}

function sameIdentity(left: JsonObject, right: JsonObject, setup: TestSetup): boolean {
  const [a, b] = [withNamespace(left, setup.world), withNamespace(right, setup.world)];
  return (
    a.kind === b.kind &&
    textAt(a, 'metadata', 'name') === textAt(b, 'metadata', 'name') &&
    textAt(a, 'metadata', 'namespace') === textAt(b, 'metadata', 'namespace')
  );
}

/** Null, `{}` and `[]` say the same as nothing. */
function tidy(value: Json): Json | undefined {
  if (value === null) return undefined;
  if (Array.isArray(value)) {
    const items = value.map(item => tidy(item)).filter(item => item !== undefined);
    return items.length === 0 ? undefined : items;
  }
  if (!isObject(value)) return value;
  const out: JsonObject = {};
  for (const [name, member] of Object.entries(value)) {
    const kept = tidy(member);
    if (kept !== undefined) setOwn(out, name, kept);
  }
  return Object.keys(out).length === 0 ? undefined : out;
}

/** Without what only bookkeeping puts on resources, and without what is empty. */
function comparable(resource: JsonObject, setup: TestSetup): Json {
  const metadata: JsonObject = { ...fields(withNamespace(resource, setup.world).metadata) };
  for (const field of ['labels', 'annotations']) {
    const kept: JsonObject = {};
    for (const [name, value] of Object.entries(fields(metadata[field])))
      if (!/^generate\.kyverno\.io\/|^policies\.kyverno\.io\/last-applied-patches$/.test(name) && value !== 'kyverno')
        kept[name] = value;
    if (Object.keys(kept).length > 0) metadata[field] = kept;
    else delete metadata[field];
  }
  for (const field of ['creationTimestamp', 'uid', 'resourceVersion'])
    if (metadata[field] === null) delete metadata[field];
  return tidy({ ...resource, metadata }) ?? {};
}
