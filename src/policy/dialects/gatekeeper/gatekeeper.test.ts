import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject, KubeObject } from '../../../kernel/index.ts';
import { auditObject } from './audit.ts';
import { ConstraintSet } from './constraints.ts';
import { enforcementAt } from './enforce.ts';
import { ExpansionSet } from './expansion.ts';
import { assignImage, imagePartsFault } from './image.ts';
import { parseLocation } from './location.ts';
import { matchesObject, matchesWildcard, readMatch } from './match.ts';
import { MutatorSet } from './mutations.ts';
import { constraintStatus, VIOLATIONS_MAX } from './status.ts';

/** [pattern, value, matches] */
const WILDCARDS: [string, string, boolean][] = [
  ['a', 'a', true],
  ['a', 'ab', false],
  ['a*', 'ab', true],
  ['*b', 'ab', true],
  ['*b*', 'abc', true],
  ['a*c', 'abc', false],
  ['*', '', true],
];

test('wildcards stand at the ends of a pattern', () => {
  for (const [pattern, value, matches] of WILDCARDS)
    assert.equal(matchesWildcard(pattern, value), matches, `${pattern} ${value}`);
});

const pod = (more: JsonObject = {}, spec: JsonObject = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'foo', ...more },
  spec,
});
const namespace: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'foo', labels: { l: 'v' } } };

/** [match, matches a pod of namespace foo] */
const MATCHES: [JsonObject, boolean][] = [
  [{}, true],
  [{ kinds: [{ apiGroups: ['*'], kinds: ['Pod'] }] }, true],
  [{ kinds: [{ apiGroups: ['apps'], kinds: ['Pod'] }] }, false],
  [{ kinds: [{ apiGroups: [''], kinds: ['Po*'] }] }, false],
  [{ scope: 'Cluster' }, false],
  [{ scope: 'Namespaced' }, true],
  [{ namespaces: ['f*'] }, true],
  [{ namespaces: ['bar'] }, false],
  [{ excludedNamespaces: ['*oo'] }, false],
  [{ labelSelector: { matchLabels: { a: 'b' } } }, false],
  [{ namespaceSelector: { matchLabels: { l: 'v' } } }, true],
  [{ namespaceSelector: { matchLabels: { l: 'w' } } }, false],
  [{ name: 'p*' }, true],
  [{ name: 'q' }, false],
  [{ source: 'Generated' }, false],
];

test('a match names objects', () => {
  for (const [match, matches] of MATCHES)
    assert.equal(
      matchesObject(readMatch(match), { object: pod(), namespace, source: 'Original' }),
      matches,
      JSON.stringify(match),
    );
});

test('a scoped action counts only at its points', () => {
  const spec = {
    enforcementAction: 'scoped',
    scopedEnforcementActions: [
      { action: 'warn', enforcementPoints: [{ name: 'gator.gatekeeper.sh' }] },
      { action: 'deny', enforcementPoints: [{ name: 'validation.gatekeeper.sh' }] },
    ],
  };
  assert.deepEqual(enforcementAt(spec, 'gator.gatekeeper.sh'), { action: 'scoped', scoped: ['warn'] });
  assert.equal(enforcementAt(spec, 'audit.gatekeeper.sh'), undefined);
  assert.deepEqual(enforcementAt({}, 'audit.gatekeeper.sh'), { action: 'deny', scoped: [] });
});

test('locations are read with quotes and globs, and refused with the place', () => {
  assert.deepEqual(parseLocation('spec.containers[name: *]."a.b"'), [
    { type: 'object', field: 'spec' },
    { type: 'list', field: 'containers', key: 'name', value: undefined },
    { type: 'object', field: 'a.b' },
  ]);
  for (const text of ['', 'spec..a', 'spec.a[', 'spec.a[b:c', 'spec."a'])
    assert.throws(() => parseLocation(text), /location/, text);
});

/** [image, domain, path, tag, result] */
const IMAGES: [string, string, string, string, string][] = [
  ['nginx', 'r.io', '', '', 'r.io/nginx'],
  ['r.io:5000/a/b:1', '', 'c', '', 'r.io:5000/c:1'],
  ['a/b@sha256:0', '', '', ':2', 'a/b:2'],
  ['localhost/a', '', '', ':2', 'localhost/a:2'],
];

test('images are assigned in parts', () => {
  for (const [image, domain, path, tag, result] of IMAGES)
    assert.equal(assignImage(image, { domain, path, tag }), result);
  assert.match(imagePartsFault({ domain: '', path: '', tag: 'v2' })!, /assignTag/);
});

const mutator = (kind: string, name: string, location: string, parameters: JsonObject): KubeObject => ({
  apiVersion: 'mutations.gatekeeper.sh/v1',
  kind,
  metadata: { name },
  spec: {
    ...(kind === 'AssignMetadata' ? {} : { applyTo: [{ groups: [''], versions: ['v1'], kinds: ['Pod'] }] }),
    location,
    parameters,
  },
});
const assign = (value: unknown): JsonObject => ({ assign: { value: value as string } });
const CONTAINERS: { containers: JsonObject[] } = { containers: [{ name: 'a', args: ['x'] }, { name: 'b' }] };

/** [kind, location, parameters, spec of the pod after] */
const MUTATIONS: [string, string, JsonObject, JsonObject][] = [
  ['Assign', 'spec.x', assign('1'), { ...CONTAINERS, x: '1' }],
  ['Assign', 'spec.containers[name: b].q', assign(1), { containers: [CONTAINERS.containers[0]!, { name: 'b', q: 1 }] }],
  ['Assign', 'spec.containers[name: c].q', assign(1), { containers: [...CONTAINERS.containers, { name: 'c', q: 1 }] }],
  ['Assign', 'spec.none[name: *].q', assign(1), CONTAINERS],
  [
    'Assign',
    'spec.__proto__.q',
    assign(1),
    JSON.parse('{"containers":[{"name":"a","args":["x"]},{"name":"b"}],"__proto__":{"q":1}}') as JsonObject,
  ],
  [
    'Assign',
    'spec.containers[name: *].args',
    { ...assign([]), pathTests: [{ subPath: 'spec.containers[name: *].args', condition: 'MustExist' }] },
    { containers: [{ name: 'a', args: [] }, { name: 'b' }] },
  ],
  [
    'ModifySet',
    'spec.containers[name: a].args',
    { operation: 'merge', values: { fromList: ['x', 'y'] } },
    { containers: [{ name: 'a', args: ['x', 'y'] }, { name: 'b' }] },
  ],
  [
    'ModifySet',
    'spec.containers[name: *].args',
    { operation: 'prune', values: { fromList: ['x'] } },
    { containers: [{ name: 'a', args: [] }, { name: 'b' }] },
  ],
];

test('mutators write where their location says', () => {
  for (const [kind, location, parameters, after] of MUTATIONS) {
    const set = new MutatorSet();
    set.add(mutator(kind, 'm', location, parameters));
    const object = pod({}, CONTAINERS);
    const before = JSON.stringify(object);
    const result = set.mutate({ object, namespace: undefined, source: 'Original' });
    assert.equal(JSON.stringify(result.spec), JSON.stringify(after), `${kind} ${location}`);
    assert.equal(JSON.stringify(object), before, 'what was given is not changed');
  }
  assert.equal(({} as { q?: number }).q, undefined);
});

test('mutators that see one field as two things do not run', () => {
  const set = new MutatorSet();
  set.add(mutator('Assign', 'a', 'spec.q.x', assign('1')));
  set.add(mutator('Assign', 'b', 'spec.q[name: y].z', assign('2')));
  assert.equal(set.conflicts.size, 2);
  const object = pod();
  assert.equal(set.mutate({ object, namespace: undefined, source: 'Original' }), object);
});

const template = (rego: string): KubeObject => ({
  apiVersion: 'templates.gatekeeper.sh/v1',
  kind: 'ConstraintTemplate',
  metadata: { name: 'k' },
  spec: { crd: { spec: { names: { kind: 'K' } } }, targets: [{ target: 'admission.k8s.gatekeeper.sh', rego }] },
});
const constraint: KubeObject = {
  apiVersion: 'constraints.gatekeeper.sh/v1beta1',
  kind: 'K',
  metadata: { name: 'c', generation: 2 },
  spec: { match: { kinds: [{ apiGroups: [''], kinds: ['Pod'] }] } },
};

test('what a generator implies is judged, and told as such', () => {
  const set = new ConstraintSet();
  set.addTemplate(template('package k\nviolation[{"msg": input.review.name}] { true }'));
  set.addConstraint(constraint);
  const expansions = new ExpansionSet();
  expansions.add({
    apiVersion: 'expansion.gatekeeper.sh/v1alpha1',
    kind: 'ExpansionTemplate',
    metadata: { name: 'e' },
    spec: {
      applyTo: [{ groups: ['apps'], kinds: ['Deployment'], versions: ['v1'] }],
      templateSource: 'spec.template',
      generatedGVK: { group: '', version: 'v1', kind: 'Pod' },
    },
  });
  const deployment: KubeObject = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd', namespace: 'foo' },
    spec: { template: { spec: {} } },
  };
  const results = auditObject(set, expansions, deployment, 'gator.gatekeeper.sh');
  assert.deepEqual(
    results.map(({ message }) => message),
    ['[Implied by e] d-pod'],
  );
});

/** [rego, what the template is refused with] */
const REFUSED: [string, RegExp][] = [
  ['package k\nallow { true }', /missing required rule: violation/],
  ['package k\nimport data.secrets\nviolation[{"msg": "x"}] { data.secrets.a }', /only data\.lib and data\.inventory/],
  ['package k\nviolation[{"msg": x}] { true }', /rego_unsafe_var_error/],
  ['package k\nviolation[{"msg": "x"}] { http.send({"url": "http://x", "method": "get"}) }', /http\.send/],
];

test('templates that cannot be used are refused with the reason', () => {
  for (const [rego, why] of REFUSED) assert.throws(() => new ConstraintSet().addTemplate(template(rego)), why, rego);
});

test('the status counts every violation and names the first ones', () => {
  const results = Array.from({ length: VIOLATIONS_MAX + 5 }, (_, at) => ({
    message: `m${at}`,
    details: undefined,
    constraint,
    enforcement: { action: 'deny', scoped: [] },
    object: pod({ name: `p${at}` }),
  }));
  const status = constraintStatus(constraint, results, { id: 'a', time: '2026-01-01T00:00:00Z' });
  assert.equal(status.totalViolations, VIOLATIONS_MAX + 5);
  assert.equal((status.violations as unknown[]).length, VIOLATIONS_MAX);
});
