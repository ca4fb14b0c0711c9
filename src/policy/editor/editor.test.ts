import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtinCatalog } from '../../kernel/index.ts';
import {
  definitionsOf,
  describe,
  type EditorText,
  findingsInDocuments,
  namesIn,
  offsetOf,
  openRego,
  suggest,
} from './index.ts';

const LIBRARY: EditorText = {
  file: 'lib.rego',
  text: 'package lib\n\n# METADATA\n# title: Twice as much\ndouble(x) := x * 2\n',
};
const main = (body: string): EditorText => ({
  file: 'main.rego',
  text: `package main\n\nimport data.lib\n\n${body}\n`,
});
/** Where a text stands, as `line:column`. */
const placed = ({ where }: { where: { line: number; column: number } }): string => `${where.line}:${where.column}`;
const offsetIn = ({ text }: EditorText, word: string): number => text.indexOf(word) + 1;

test('Rego is found fault with where it stands, over all files together', () => {
  const source = main('allow if lib.double(input.x) == missing\n\nb := concat(1, [])');
  const { findings } = openRego([LIBRARY, source], 'v1');
  assert.deepEqual(
    findings.map(each => [each.where.file, placed(each), each.code, each.message]),
    [['main.rego', '5:10', 'rego_unsafe_var_error', 'var missing is unsafe']],
  );
  const broken = openRego([LIBRARY, main('allow if {')], 'v1');
  assert.deepEqual(
    [broken.findings.length, broken.findings[0]!.code, broken.modules.length],
    [1, 'rego_parse_error', 1],
  );
  assert.deepEqual(openRego([LIBRARY, main('allow if lib.double(1) == 2')], 'v1').findings, []);
});

test('names lead to their rules and tell what they are', () => {
  const source = main('allow if {\n\tlib.double(input.x) == 2\n\tcount(input.xs) > 1\n}\n\nalso if allow');
  const workspace = openRego([LIBRARY, source], 'v1');
  const told = (word: string): string | undefined => describe(workspace, 'main.rego', offsetIn(source, word));
  const [rule] = definitionsOf(workspace, 'main.rego', offsetIn(source, 'double'));
  assert.deepEqual([rule?.file, rule?.line, rule?.column], ['lib.rego', 5, 1]);
  assert.equal(
    placed({ where: definitionsOf(workspace, 'main.rego', source.text.lastIndexOf('allow') + 2)[0]! }),
    '5:1',
  );
  assert.match(told('double')!, /data\.lib\.double[^]*Twice as much/);
  assert.match(told('count(')!, /count\(collection: .*\) -> n: number/);
  assert.equal(told('input.xs'), undefined);
  assert.deepEqual(
    namesIn(workspace.modules[1]!).map(({ name, kind, where }) => `${kind} ${name} ${placed({ where })}`),
    ['package main 1:1', 'rule allow 5:1', 'rule also 10:1'],
  );
});

test('suggestions begin with what is typed, in texts that cannot be read yet too', () => {
  const source = main('allow if lib.dou');
  const workspace = openRego([LIBRARY, source], 'v1');
  const names = (typed: EditorText): string[] =>
    suggest(workspace, typed, typed.text.length - 1).map(({ name }) => name);
  assert.deepEqual(names(main('allow if data.lib.')), ['data.lib.double']);
  assert.ok(names(main('x := json.')).includes('json.unmarshal'));
  assert.deepEqual(names(main('defau')), ['default']);
  assert.deepEqual(names({ file: 'lib.rego', text: 'package lib\n\nx := dou\n' }), ['double']);
});

const POLICIES = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: x}
spec:
  matchConstraints:
    resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}]
  validations:
    - expression: object.spec.replica > 3
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: y}
spec:
  matchConstraints:
    resourceRules: [{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
  validations:
    - expression: |
        true &&
        nobody > 3
    - expression: "1 +* 2"
---
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: t}
spec:
  crd: {spec: {names: {kind: T}}}
  targets:
    - target: admission.k8s.gatekeeper.sh
      rego: |

        package t

        violation[{"msg": m}] {
          m := conca("a")
        }
---
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: k}
spec:
  rules:
    - {name: a, match: {any: [{resources: {kinds: [Pod]}}]}, validate: {message: m, pattern: {metadata: {name: "?*"}}}}
    - {name: a, match: {any: [{resources: {kinds: [Pod]}}]}, validate: {message: m, pattern: {metadata: {name: "?*"}}}}
---
apiVersion: policies.kyverno.io/v1
kind: ValidatingPolicy
metadata: {name: v}
spec:
  matchConstraints:
    resourceRules: [{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
  validations:
    - expression: object.metadata.name.startsWth('a')
`;

test('policies in YAML are found fault with inside their expressions', () => {
  const catalog = builtinCatalog();
  const found = findingsInDocuments(
    { file: 'p.yaml', text: POLICIES },
    { language: 'en', kindOf: (group, version, resource) => catalog.resource({ group, version, resource }) },
  );
  assert.deepEqual(
    found.map(each => `${placed(each)} ${each.severity} ${each.code}`),
    [
      '8:19 warning cel/type-check',
      '19:9 error policy/cel-invalid',
      '20:23 error policy/cel-invalid',
      '34:16 error rego_type_error',
      '43:14 error kyverno/refused',
      '52:49 error policy/cel-invalid',
    ],
  );
});

test('YAML that cannot be read is told of, documents of others are left alone', () => {
  const types = { language: 'zh', kindOf: () => undefined } as const;
  const [finding] = findingsInDocuments({ file: 'x.yaml', text: 'a: [\n' }, types);
  assert.match(finding!.message, /无法读取/);
  const other =
    'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n---\n- 1\n---\nkind: ClusterPolicy\napiVersion: kyverno.io/v1\n';
  assert.deepEqual(findingsInDocuments({ file: 'x.yaml', text: other }, types), []);
});

test('offsets are those of lines and columns, bounded by the line', () => {
  assert.deepEqual([offsetOf('ab\ncd', 2, 2), offsetOf('ab\ncd', 1, 9), offsetOf('ab\ncd', 9, 1)], [4, 2, 5]);
});
