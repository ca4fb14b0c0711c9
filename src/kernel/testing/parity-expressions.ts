import type { Scene } from './parity-requests.ts';

const RULES = '[{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]';
const POLICIES = 'POST /apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies?dryRun=All';

/** A ValidatingAdmissionPolicy with these fields beside its match. */
const written = (name: string, spec: object): Scene => ({
  name,
  requests: [
    [
      POLICIES,
      `{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicy, metadata: {name: x}, spec: {matchConstraints: {resourceRules: ${RULES}}, ${JSON.stringify(spec).slice(1, -1)}}}`,
    ],
  ],
});

const EXPRESSIONS: readonly string[] = [
  // names
  'foo(1)',
  'a.b.c()',
  "object.metadata.name.startsWth('a')",
  'object.a.map(x, x.foo(1)).size() > 0',
  "'a'.lowerAsci()",
  "authorizer.group('a').resource('b').chek('c').allowed()",
  'variables.foo == 1',
  'params.x == 1',
  'namespaceObject.foo == "a"',
  'request.foo == "a"',
  'request.kind.group == 1',
  // types
  '1 + 2',
  "1 + 'a' == 2",
  "'a'.matches(3)",
  "[1]['a'] == 1",
  '!1',
  "-'a' == 1",
  "true ? 1 : 'a'",
  "duration('1h') + 1 == 2",
  "timestamp(1) > 'a'",
  "[1, 'a'].size() == 2",
  "{'a': 1, 2: 3}.size() == 2",
  'size() == 1',
  'string(1,2)',
  'quantity(1) == 1',
  "'%d'.format(1) == ''",
  'null',
  "'a'",
  '[true]',
  // macros
  'has(object)',
  'has(1)',
  'has(a.b, 1)',
  'object.all(x)',
  '[1].exists(1, true)',
  '[1, 2, 3].filter(1, true) == []',
  'object.map(x, y, z, w)',
  'object.optMap(1, 2)',
  '[1].existsOne(v, v > 0)',
  'cel.bind(x, 1, x == 1)',
  '[1,2].sortBy(x, x) == []',
  // extensions that are not switched on
  'math.abs(-1) == 1',
  "base64.encode(b'a') == ''",
  '[1].distinct() == [1]',
  'lists.range(3) == [0]',
  "'abc'.reverse() == 'cba'",
  'object.`a` == 1',
  // grammar
  '1 +',
  '1 ++ 2',
  '1 2 3',
  '1 = 2',
  'a; b',
  'a &&& b',
  '(1',
  '(1 a b',
  'f(1 2)',
  'f(',
  'f(a,',
  '[1 2]',
  '[1,',
  '{1 2}',
  '{1:2 3:4}',
  '{a:1',
  '{',
  'a[',
  'a[]',
  'a.',
  'a.?1',
  'a.1',
  'true ? 1',
  'a ? b c',
  'Foo{a 1}',
  'Foo{1}',
  '"abc',
  "'a\\q'",
  '!',
  '@',
  'if',
  'object.spec.replicas >\n "a" +',
];

/** Expressions that an API server does not take, one a policy, and the other fields that hold expressions. */
export const EXPRESSION_SCENES: readonly Scene[] = [
  ...EXPRESSIONS.map(expression => written(`the expression ${expression}`, { validations: [{ expression }] })),
  written('two expressions that do not compile', { validations: [{ expression: 'a' }, { expression: '1 +' }] }),
  written('a message that is no text', { validations: [{ expression: 'true', messageExpression: '1' }] }),
  written('a message that does not compile', { validations: [{ expression: 'true', messageExpression: 'nope' }] }),
  written('a condition that is no bool', {
    matchConditions: [{ name: 'a', expression: '1' }],
    validations: [{ expression: 'true' }],
  }),
  written('a variable that does not compile', {
    variables: [{ name: 'a', expression: '1 +' }],
    validations: [{ expression: 'variables.a == 1' }],
  }),
  written('a variable of another type', {
    variables: [{ name: 'a', expression: '1' }],
    validations: [{ expression: "variables.a == 'a'" }],
  }),
  written('an annotation that is a number', { auditAnnotations: [{ key: 'a', valueExpression: '1' }] }),
  written('an annotation that is null', { auditAnnotations: [{ key: 'a', valueExpression: 'null' }] }),
];
