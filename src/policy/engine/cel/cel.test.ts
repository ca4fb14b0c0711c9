import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Schema } from '../../../kernel/index.ts';
import {
  CEL_EXTENSIONS,
  compileCel,
  DYN,
  estimateCost,
  extendEnvironment,
  formatIssues,
  KUBERNETES_ENVIRONMENT,
  toJson,
  typeFromText,
  typeOfSchema,
} from './index.ts';
import { nativePattern } from './runtime/regex.ts';

const OBJECT = JSON.parse(`{
  "spec": {"replicas": 3, "ratio": 0.5, "containers": [{"name": "a", "image": "x:1"}, {"name": "b", "image": "y:2"}], "empty": null},
  "metadata": {"name": "web", "labels": {"app": "web", "constructor": "c", "__proto__": "p", "a/b": "slash"}}
}`) as object;

const environment = extendEnvironment(KUBERNETES_ENVIRONMENT, {
  ...CEL_EXTENSIONS,
  variables: [
    ['object', DYN],
    ['n', typeFromText('int')],
    ['texts', typeFromText('list<string>')],
  ],
});
const ACTIVATION = { object: OBJECT as never, n: 7, texts: ['b', 'a', 'c'] };

/** [expression, its value as JSON, or the error's pattern] */
const CASES: [string, unknown][] = [
  // paths
  ['object.spec.replicas + 1', 4],
  ['object.spec.ratio * 2.0', 1],
  ["object.metadata.labels['a/b']", 'slash'],
  ['object.metadata.labels.constructor', 'c'],
  ['object.metadata.constructor', /no such key: constructor/],
  ['has(object.metadata.toString)', false],
  ["'__proto__' in object.metadata.labels", true],
  ['object.metadata.labels.__proto__', 'p'],
  ['object.__proto__', /no such key/],
  ['has(object.spec.empty)', true],
  ['object.spec.empty.x', /no such key: x/],
  ['object.spec.replicas.x', /no such overload/],
  ['object.spec.containers.length', /no such overload/],
  ['object.?spec.?nope.orValue(5)', 5],
  ['object.spec.containers[1].name', 'b'],
  ['object.spec.containers[2].name', /index out of bounds/],
  ['dyn(1).a', /no such overload/],
  ['[dyn(1)].exists(x, has(x.a))', /no such overload/],
  // logic
  ["object.nope == 1 || object.metadata.name == 'web'", true],
  ["object.metadata.name == 'db' && object.nope == 1", false],
  ["object.nope == 1 && object.metadata.name == 'db'", false],
  ["object.nope == 1 && object.metadata.name == 'web'", /no such key: nope/],
  ['[1, 2, 3].exists(x, x / (x - 2) > 2)', true],
  ['[1, 2, 3].all(x, x / (x - 2) > 2)', false],
  ['[2].all(x, x / (x - 2) > 2)', /division by zero/],
  // ints
  ['9007199254740993 - 1 == 9007199254740992', true],
  ['9007199254740991 + 2 == 9007199254740993', true],
  ['3037000500 * 3037000500 > 0', /overflow/],
  ['-9223372036854775808 / -1', /overflow/],
  ['-7 % 3', -1],
  ['-7 / 2', -3],
  ['0 * -5 == 0', true],
  ['dyn(1) == 1.0 && dyn(1u) == 1', true],
  // Kubernetes libraries
  ["quantity('1Gi').isGreaterThan(quantity('1000Mi'))", true],
  ["quantity('500m').add(quantity('1500m')).asInteger()", 2],
  ["quantity('1') == quantity('1000m')", true],
  ["quantity('x')", /quantities must match/],
  ["quantity('2k').sub(1).compareTo(quantity('1999'))", 0],
  ["isQuantity('1.5Gi') && !isQuantity('1.5Gx')", true],
  ["semver('1.2.3').isLessThan(semver('1.10.0-rc.1'))", true],
  ["semver('v1.2', true).minor()", 2],
  ["isSemver('01.2.3')", false],
  ["url('https://u@h.example:8443/a%20b?x=1&x=2&y=').getQuery()['x']", ['1', '2']],
  ["url('https://[::1]:80/').getHostname()", '::1'],
  ["url('https://h:8443/p').getPort()", '8443'],
  ["isURL('not a url')", false],
  ["cidr('10.0.0.0/8').containsIP(ip('10.1.2.3'))", true],
  ["cidr('2001:db8::/32').masked().ip().family()", 6],
  ["'a1b22c'.findAll('[0-9]+')", ['1', '22']],
  ["'a1b22c'.find('[0-9]{2}')", '22'],
  ["'x'.matches('(')", /error parsing regexp/],
  ['[3, 1, 2].max() + [3, 1, 2].sum()', 9],
  ["texts.isSorted() || texts.indexOf('a') == 1", true],
  ["format.dns1123Label().validate('Bad_Name').hasValue()", true],
  ["!format.dns1123Label().validate('good-name').hasValue()", true],
  ["format.named('nope').hasValue()", false],
  ["jsonpatch.escapeKey('a/b~c')", 'a~1b~0c'],
  ['sets.contains([1, 2, 3], [3.0, 1u])', true],
  ["'%s-%03d'.format(['a', 5])", /unrecognized|clause/],
  ["texts.sortBy(t, t).join(',')", 'a,b,c'],
  ['cel.bind(x, n * 2, x + x)', 28],
  ["{'a': 1}.transformMap(k, v, v + 1)", { a: 2 }],
  ["timestamp('2024-02-29T12:00:00Z').getDayOfYear()", 59],
  ["duration('1h30m') > duration('89m')", true],
];

test('expressions', () => {
  for (const [text, wanted] of CASES) {
    const { value, faults } = compileCel(text, environment);
    assert.deepEqual(faults, [], text);
    const outcome = value.evaluate(ACTIVATION);
    if (wanted instanceof RegExp)
      assert.match('error' in outcome ? outcome.error : JSON.stringify(outcome), wanted, text);
    else {
      assert.ok('value' in outcome, `${text}: ${'error' in outcome ? outcome.error : ''}`);
      assert.deepEqual(toJson(outcome.value), wanted, text);
    }
  }
});

/** [expression, line:column, message] */
const ISSUES: [string, string, RegExp][] = [
  ['1 +', '1:4', /Syntax error/],
  ['object.a &&\n  nope', '2:3', /undeclared reference to 'nope'/],
  ["1 + 'a'", '1:3', /found no matching overload for '_\+_' applied to '\(int, string\)'/],
  ["n.startsWith('a')", '1:13', /no matching overload for 'startsWith' applied to 'int\.\(string\)'/],
  ["n == 'a'", '1:3', /no matching overload for '_==_'/],
  ['texts.all(t, t + 1)', '1:16', /no matching overload/],
  ['n ? 1 : 2', '1:3', /no matching overload/],
  ['has(n)', '1:5', /invalid argument to has\(\) macro/],
  ["'abc", '1:1', /token recognition error at: ''abc'[^]*1:5: Syntax error: mismatched input '<EOF>' expecting/],
  ['while', '1:1', /reserved identifier/],
  [`${'('.repeat(300)}1${')'.repeat(300)}`, '1:251', /recursion limit/],
];

test('API servers know neither all extensions nor literals of several types', () => {
  const strict = extendEnvironment(KUBERNETES_ENVIRONMENT, { variables: [['object', DYN]] });
  const REFUSED: [string, RegExp][] = [
    ['math.abs(-1) == 1', /1:9: undeclared reference to 'abs'/],
    ["'abc'.reverse() == 'cba'", /1:14: undeclared reference to 'reverse'/],
    ['cel.bind(x, 1, x == 1)', /1:1: undeclared reference to 'cel'/],
    ['[2, 1].sortBy(x, x) == [1, 2]', /undeclared reference to 'sortBy'/],
    ['[1].existsOne(x, x > 0)', /undeclared reference to 'existsOne'/],
    ['object.`a` == 1', /1:8: unsupported syntax: '`'/],
    ["[1, 'a'].size() == 2", /1:5: expected type 'int' but found 'string'/],
    ["{'a': 1, 'b': null}.size() == 2", /1:15: expected type 'int' but found 'null'/],
  ];
  for (const [text, message] of REFUSED) {
    assert.match(formatIssues(text, compileCel(text, strict).faults), message, text);
    assert.deepEqual(compileCel(text, environment).faults, [], text);
  }
  for (const text of [
    '[1].transformList(i, v, i + v) == [1]',
    '[1].existsOne(i, v, v > 0)',
    '[1, dyn("a")].size() == 2',
  ])
    assert.deepEqual(compileCel(text, strict).faults, [], text);
});

test('issues have their place', () => {
  for (const [text, place, message] of ISSUES) {
    const { faults } = compileCel(text, environment);
    assert.ok(faults.length > 0, text);
    const shown = formatIssues(text, faults);
    assert.match(shown, message, text);
    assert.ok(shown.startsWith(`ERROR: <input>:${place}:`), `${text}: ${shown}`);
  }
});

test('a literal may be asked for a member', () => {
  const unchecked = { ...environment, check: false };
  for (const text of ['1.a', '(1).a', "'s'.a", 'true.a', 'null.a', '2.5.a', 'has((-1).a)']) {
    assert.ok('error' in compileCel(text, unchecked).value.evaluate(ACTIVATION), text);
  }
});

test('a runaway expression ends, and nothing outvotes it', () => {
  const list = `[${'1,'.repeat(100)}1]`;
  const { value } = compileCel(
    `true || ${list}.all(a, ${list}.all(b, ${list}.all(c, ${list}.all(d, a + b + c + d > 0))))`,
    environment,
  );
  assert.ok('value' in value.evaluate(ACTIVATION));
  const runaway = compileCel(
    `${list}.all(a, ${list}.all(b, ${list}.all(c, ${list}.all(d, a + b + c + d > 0)))) || true`,
    environment,
  ).value.evaluate(ACTIVATION, 100_000);
  assert.ok('error' in runaway && runaway.exhausted);
  assert.match(runaway.error, /cost limit exceeded/);
});

test('types come from schemas, and so do dates, bytes and doubles', () => {
  const schema: Schema = {
    type: 'object',
    fields: new Map(
      (
        [
          ['at', { type: 'string', format: 'date-time' }],
          ['every', { type: 'string', format: 'duration' }],
          ['raw', { type: 'string', format: 'byte' }],
          ['share', { type: 'number' }],
          ['times', { type: 'list', items: { type: 'string', format: 'date-time' } }],
          ['dash-ed', { type: 'integer' }],
          ['namespace', { type: 'string' }],
        ] as [string, Schema][]
      ).map(([name, each]) => [name, { name, schema: each }]),
    ),
  };
  const typed = extendEnvironment(KUBERNETES_ENVIRONMENT, { variables: [['self', typeOfSchema(schema)]] });
  const self = {
    at: '2024-01-02T03:04:05Z',
    every: '90s',
    raw: 'aGk=',
    share: 2,
    times: ['2020-01-01T00:00:00Z'],
    'dash-ed': 4,
    namespace: 'n',
  };
  for (const text of [
    'self.at.getFullYear() == 2024',
    "self.every == duration('1m30s')",
    "self.raw == b'hi'",
    'self.share / 4.0 == 0.5',
    'self.times.all(t, t < self.at)',
    'self.times[0].getMonth() == 0',
    'self.dash__dash__ed == 4',
    "self.__namespace__ == 'n'",
  ]) {
    const { value, faults } = compileCel(text, typed);
    assert.deepEqual(
      faults.map(fault => fault.params.message),
      [],
      text,
    );
    assert.deepEqual(
      value.evaluate({ self: self as never }),
      { value: true, cost: (value.evaluate({ self: self as never }) as { cost: number }).cost },
      text,
    );
  }
});

test('estimates grow with the limits of the schema', () => {
  const list = (maxItems?: number): Schema => ({
    type: 'object',
    fields: new Map([
      [
        'a',
        {
          name: 'a',
          schema: {
            type: 'list',
            items: { type: 'string', rules: { maxLength: 10 } },
            ...(maxItems ? { rules: { maxItems } } : {}),
          },
        },
      ],
    ]),
  });
  const cost = (schema: Schema): number => {
    const typed = extendEnvironment(KUBERNETES_ENVIRONMENT, { variables: [['self', typeOfSchema(schema)]] });
    return estimateCost(compileCel("self.a.all(x, x.contains('a'))", typed).value.expr, schema);
  };
  assert.ok(cost(list(10)) < 200);
  assert.ok(cost(list(1000)) > 50 * cost(list(10)));
  assert.ok(cost(list()) > 1_000_000);
});

/** [pattern, whether it may run natively] */
const PATTERNS: [string, boolean][] = [
  ['^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', true],
  ['^v[0-9]+$', true],
  ['^(a+)+$', false],
  ['^(a|aa)+$', false],
  ['^a*a*b$', false],
  ['\\s', false],
  ['(?i)abc', false],
  ['^(?:foo|bar)\\.example\\.com$', true],
];

test('only patterns that cannot run away use the native engine', () => {
  for (const [pattern, native] of PATTERNS) assert.equal(nativePattern(pattern) !== undefined, native, pattern);
});
