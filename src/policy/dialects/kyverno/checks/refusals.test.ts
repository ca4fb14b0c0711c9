import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../../../kernel/index.ts';
import { refusalOfDocument } from './index.ts';

const CEL = 'policies.kyverno.io/v1';
const rule = (exclude: JsonObject): JsonObject => ({
  kind: 'ClusterPolicy',
  spec: {
    rules: [
      {
        name: 'r',
        match: { any: [{ resources: { kinds: ['Pod'] } }] },
        validate: { podSecurity: { level: 'baseline', exclude: [exclude] } },
      },
    ],
  },
});
const exception = (podSecurity: JsonObject): JsonObject => ({
  kind: 'PolicyException',
  spec: { podSecurity: [podSecurity] },
});
const restrictedField = 'spec.containers[*].securityContext.procMount';
const proc = { controlName: '/proc Mount Type', images: ['a'] };
const constraints = { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }] };
const cel = (kind: string, spec: JsonObject): JsonObject => ({ apiVersion: CEL, kind, spec });

const ROWS: readonly (readonly [string, JsonObject, string | undefined])[] = [
  ['a control of containers by image', rule(proc), undefined],
  ['a field with values', rule({ ...proc, restrictedField, values: ['Unmasked'] }), undefined],
  ['a field without values', rule({ ...proc, restrictedField }), 'spec.rules[0].podSecurity.exclude[0].values'],
  ['values without a field', rule({ ...proc, values: ['x'] }), 'restrictedField is required'],
  ['a control of containers without images', exception({ controlName: 'Capabilities' }), 'images must be specified'],
  ['a control of pods with images', exception({ controlName: 'Sysctls', images: ['a'] }), 'must not be specified'],
  ['a control of both without images', exception({ controlName: 'Seccomp' }), undefined],
  ['an exception of a field without values', exception({ ...proc, restrictedField }), 'spec.podSecurity[0].values'],
  ['resource rules', cel('GeneratingPolicy', { matchConstraints: constraints }), undefined],
  ['no constraints', cel('GeneratingPolicy', {}), 'spec.matchConstraints: Required value'],
  ['constraints without rules', cel('ValidatingPolicy', { matchConstraints: { resourceRules: [] } }), 'at least one'],
  ['no constraints where plain JSON is judged', cel('ValidatingPolicy', { evaluation: { mode: 'JSON' } }), undefined],
];
for (const [name, document, wanted] of ROWS)
  test(`a document with ${name} is ${wanted === undefined ? 'taken' : 'refused'}`, () => {
    const fault = refusalOfDocument(document, undefined, undefined);
    if (wanted === undefined) assert.equal(fault, undefined);
    else assert.ok(fault?.includes(wanted), fault ?? 'no fault');
  });
