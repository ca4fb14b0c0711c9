import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import type { KubeObject } from '../kernel/index.ts';
import {
  actionsOf,
  auditObjects,
  type AuditResult,
  ConstraintSet,
  ExpansionSet,
  isConstraint,
  isExpansion,
  isMutator,
  isTemplate,
} from '../policy/index.ts';
import { EXIT } from './command.ts';
import { cliFaults } from './faults.ts';
import type { GatorVerb } from './command.ts';
import { expandManifests, refuseCycle } from './gator-expand.ts';
import { objectsOf, readManifests } from './gator-files.ts';

/** What the manifests of a run are: policies in force, and the objects they judge. */
export interface LoadedPolicies {
  readonly set: ConstraintSet;
  readonly expansions: ExpansionSet;
  readonly objects: readonly KubeObject[];
}

/** Takes templates, then constraints, expansions and mutators, then every object into the inventory. */
export function loadPolicies(
  objects: readonly KubeObject[],
  native = true,
  failurePolicy: 'Fail' | 'Ignore' = 'Fail',
): LoadedPolicies {
  const set = new ConstraintSet({ native, failurePolicy });
  const expansions = new ExpansionSet();
  const attempt = (what: string, object: KubeObject, add: () => void): void => {
    try {
      add();
    } catch (error) {
      throw new Error(
        `auditing objects: adding ${what} "${object.metadata?.name ?? ''}": ${error instanceof Error ? error.message : String(error)}`,
        { cause: error },
      );
    }
  };
  for (const object of objects) if (isTemplate(object)) attempt('template', object, () => set.addTemplate(object));
  for (const object of objects) {
    if (isConstraint(object)) attempt('constraint', object, () => set.addConstraint(object));
    else if (isExpansion(object)) {
      attempt('expansion template', object, () => expansions.add(object));
      refuseCycle(expansions, object);
    } else if (isMutator(object)) attempt('mutator', object, () => expansions.mutators.add(object));
  }
  for (const object of objects) if (object.kind !== 'AdmissionReview') set.inventory.set(object);
  return { set, expansions, objects };
}

function readInput(files: readonly string[]): KubeObject[] {
  for (const file of files)
    if (!existsSync(file))
      throw new Error(
        `reading: reading from filenames: stat on path "${file}": stat ${file}: no such file or directory`,
      );
  const objects = files.length > 0 ? readManifests(files).map(({ object }) => object) : objectsOf(readStdin(), 'stdin');
  if (objects.length === 0) throw new Error('no input data identified');
  return objects;
}

const readStdin = (): string => {
  try {
    return readFileSync(0, 'utf8');
  } catch {
    return '';
  }
};

const nameOf = ({ metadata }: KubeObject): string =>
  metadata?.namespace ? `${metadata.namespace}/${metadata.name ?? ''}` : (metadata?.name ?? '');

/** One violation as data. */
function report({ message, details, constraint, enforcement, object }: AuditResult, target: string): object {
  return {
    target,
    msg: message,
    ...(details === undefined ? {} : { metadata: { details } }),
    constraint: sortedKeys(constraint),
    enforcementAction: enforcement.action,
    ...(enforcement.scoped.length > 0 ? { scopedActions: enforcement.scoped.toSorted() } : {}),
    violatingObject: sortedKeys(object),
    trace: null,
  };
}

const TARGET = 'admission.k8s.gatekeeper.sh';

/** The same in the shape the real tool's YAML has. */
const yamlReport = ({ message, details, constraint, enforcement, object }: AuditResult): object => ({
  result: {
    target: TARGET,
    msg: message,
    ...(details === undefined ? {} : { metadata: { details } }),
    constraint: { object: sortedKeys(constraint) },
    enforcementaction: enforcement.action,
    scopedenforcementactions: enforcement.scoped.toSorted(),
  },
  violatingObject: sortedKeys(object),
  trace: null,
});

/** A document as an item of a list, its own columns kept. */
const listed = (text: string): string =>
  text
    .trimEnd()
    .split('\n')
    .map((line, at) => (line.startsWith(' ') ? line : `${at === 0 ? '- ' : '  '}${line}`))
    .join('\n');

/** The failure policy of CEL templates that name none. Throws a Fault. */
export function failurePolicyOf(text: string): 'Fail' | 'Ignore' {
  if (text === 'Fail' || text === 'Ignore') return text;
  const reason = `--default-k8s-native-validation-failure-policy takes Fail or Ignore, not "${text}"`;
  throw cliFaults.error('bad-option', { command: 'gator', reason });
}

/** Keys in order, as Go writes maps. */
export const sortedKeys = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(sortedKeys)
    : typeof value === 'object' && value !== null
      ? Object.fromEntries(
          Object.entries(value)
            .sort(([left], [right]) => (left < right ? -1 : 1))
            .map(([key, part]) => [key, sortedKeys(part)]),
        )
      : value;

const denies = (result: AuditResult): boolean => actionsOf(result.enforcement).includes('deny');

/** `gator test`: judges objects by the templates and constraints among them. */
export const gatorTest: GatorVerb = (words, { terminal }) => {
  const { values } = parseArgs({
    args: [...words],
    options: {
      filename: { type: 'string', short: 'f', multiple: true },
      output: { type: 'string', short: 'o' },
      'deny-only': { type: 'boolean' },
      stats: { type: 'boolean' },
      trace: { type: 'boolean', short: 't' },
      verbose: { type: 'boolean', short: 'v' },
      'enable-k8s-native-validation': { type: 'string' },
      'default-k8s-native-validation-failure-policy': { type: 'string', default: 'Fail' },
      image: { type: 'string', short: 'i', multiple: true },
      tempdir: { type: 'string', short: 'd' },
    },
  });
  for (const name of ['image', 'stats', 'trace'] as const)
    if (values[name] !== undefined) throw cliFaults.error('not-done', { flag: `--${name}`, command: 'gator test' });
  const failurePolicy = failurePolicyOf(values['default-k8s-native-validation-failure-policy']);
  const { set, expansions, objects } = loadPolicies(
    readInput(values.filename ?? []),
    values['enable-k8s-native-validation'] !== 'false',
    failurePolicy,
  );
  const judged = objects.filter(object => !isMutator(object) && !isExpansion(object));
  const results = auditObjects(set, expansions, judged, 'gator.gatekeeper.sh').filter(
    result => !values['deny-only'] || denies(result),
  );
  const data = results.map(result => report(result, TARGET));
  if (values.output === 'json') terminal.out(data.length === 0 ? 'null' : JSON.stringify(data, null, 4));
  else if (values.output === 'yaml')
    terminal.out(results.map(result => listed(stringify(yamlReport(result), { indent: 4 }))).join('\n'));
  else
    for (const { object, constraint, message } of results)
      terminal.out(
        `${object.apiVersion}/${object.kind} ${nameOf(object)}: ["${constraint.metadata.name}"] Message: ${JSON.stringify(message)}`,
      );
  return results.some(denies) ? EXIT.no : EXIT.yes;
};

/** `gator expand`: what generators among the objects imply. */
export const gatorExpand: GatorVerb = (words, { terminal }) => {
  const { values } = parseArgs({
    args: [...words],
    options: {
      filename: { type: 'string', short: 'n', multiple: true },
      format: { type: 'string', short: 'f' },
      outputfile: { type: 'string', short: 'o' },
      image: { type: 'string', short: 'i', multiple: true },
      tempdir: { type: 'string', short: 'd' },
    },
  });
  if (values.image !== undefined) throw cliFaults.error('not-done', { flag: '--image', command: 'gator expand' });
  const made = expandManifests(readInput(values.filename ?? []));
  const text =
    values.format === 'json'
      ? made.map(object => JSON.stringify(sortedKeys(object), null, 4)).join('\n')
      : made.map(object => stringify(sortedKeys(object), { indentSeq: false })).join('---\n');
  if (values.outputfile) writeFileSync(values.outputfile, text);
  else terminal.out(text);
  return EXIT.yes;
};
