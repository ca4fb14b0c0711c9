import { stringify } from 'yaml';
import { isObject, type Json, type JsonObject } from '../kernel/index.ts';
import { type KyvernoFinding, resourceName } from '../policy/index.ts';
import { sortedKeys } from './gator-test.ts';

const fields = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});
const annotation = (policy: JsonObject, name: string): Json | undefined =>
  fields(fields(policy.metadata).annotations)[`policies.kyverno.io/${name}`];
export const nameOf = (object: JsonObject): string => String(fields(object.metadata).name ?? '');

/** Counts by outcome; violations of policies that only audit are warnings where that is asked for. */
export interface Counts {
  readonly pass: number;
  readonly fail: number;
  readonly warn: number;
  readonly error: number;
  readonly skip: number;
}

export const outcomeOf = ({ status, enforced }: KyvernoFinding, auditWarn: boolean): keyof Counts =>
  status === 'fail' && auditWarn && !enforced ? 'warn' : (status as keyof Counts);

export function countsOf(findings: readonly KyvernoFinding[], auditWarn: boolean, refused = 0): Counts {
  const counts = { pass: 0, fail: 0, warn: 0, error: refused, skip: 0 };
  for (const finding of findings) counts[outcomeOf(finding, auditWarn)]++;
  return counts;
}

/** The message of a finding; what passes has one of its own. */
export const messageOf = ({ message, status, rule }: KyvernoFinding): string =>
  message !== '' || status !== 'pass' ? message : rule === '' ? 'success' : `validation rule '${rule}' passed.`;

/** An object as the real tool writes it: keys in order, four spaces a level. */
export const manifest = (object: JsonObject): string =>
  stringify(sortedKeys(object), { indent: 4, version: '1.1', lineWidth: 0, aliasDuplicateObjects: false });

/** Violations, by policy and resource. */
export function* violationLines(findings: readonly KyvernoFinding[], auditWarn: boolean): Generator<string> {
  const groups = new Map<string, KyvernoFinding[]>();
  for (const finding of findings) {
    if (!['fail', 'warn'].includes(outcomeOf(finding, auditWarn))) continue;
    const key = JSON.stringify([nameOf(finding.policy), finding.policy.kind, resourceName(finding.resource)]);
    groups.set(key, [...(groups.get(key) ?? []), finding]);
  }
  for (const group of groups.values()) {
    const [first] = group as [KyvernoFinding];
    const as = outcomeOf(first, auditWarn) === 'warn' ? ' as audit warning' : '';
    yield `policy ${nameOf(first.policy)} -> resource ${resourceName(first.resource)} failed${as}:`;
    for (const [at, { rule, message }] of group.entries()) yield `${at + 1} - ${rule} ${message}`;
  }
}

const SOURCES: Readonly<Record<string, string>> = {
  ClusterPolicy: 'kyverno',
  Policy: 'kyverno',
  ValidatingAdmissionPolicy: 'ValidatingAdmissionPolicy',
  MutatingAdmissionPolicy: 'MutatingAdmissionPolicy',
};

/** Findings as one merged report (openreports.io ClusterReport); `time_s` is seconds since the epoch. */
export function policyReport(findings: readonly KyvernoFinding[], auditWarn: boolean, time_s: number): JsonObject {
  const results = findings.map(finding => {
    const { policy, rule, resource } = finding;
    const metadata = fields(resource.metadata);
    const [category, severity] = [annotation(policy, 'category'), annotation(policy, 'severity')];
    return {
      source: SOURCES[String(policy.kind)] ?? `Kyverno${String(policy.kind)}`,
      policy: nameOf(policy),
      ...(rule === '' ? {} : { rule }),
      ...(category === undefined ? {} : { category }),
      ...(severity === undefined ? {} : { severity }),
      timestamp: { seconds: time_s, nanos: 0 },
      result: outcomeOf(finding, auditWarn),
      scored: annotation(policy, 'scored') !== 'false',
      resources: [
        {
          kind: resource.kind ?? '',
          ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
          name: metadata.name ?? '',
          apiVersion: resource.apiVersion ?? '',
        },
      ],
      message: messageOf(finding),
      properties: { process: 'background scan' },
    };
  });
  return {
    kind: 'ClusterReport',
    apiVersion: 'openreports.io/v1alpha1',
    metadata: { name: 'merged' },
    source: '',
    summary: { ...countsOf(findings, auditWarn) },
    results: results as unknown as Json,
  };
}

/** An exception for each violation, to be looked through and applied. */
export function exceptionFor({ policy, rule, resource }: KyvernoFinding, ttl: string): JsonObject {
  const metadata = fields(resource.metadata);
  const namespace = metadata.namespace;
  const resources: JsonObject = { kinds: [resource.kind ?? ''], names: [metadata.name ?? ''] };
  if (namespace !== undefined) resources.namespaces = [namespace];
  return {
    apiVersion: 'kyverno.io/v2beta1',
    kind: 'PolicyException',
    metadata: {
      name: [nameOf(policy), rule, String(namespace ?? ''), String(metadata.name ?? '')].filter(Boolean).join('-'),
      labels: { 'cleanup.kyverno.io/ttl': ttl },
    },
    spec: { exceptions: [{ policyName: nameOf(policy), ruleNames: [rule] }], match: { all: [{ resources }] } },
  };
}
