import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { FaultError } from '../base/index.ts';
import { command } from './kyverno.ts';
import { APPLY_FLAGS, readFlags, textOf, textsOf } from './kyverno-flags.ts';

const folder = mkdtempSync(join(tmpdir(), 'tenon-kyverno-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

const policy = (name: string, rules: readonly object[]): string =>
  JSON.stringify({
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: { name, annotations: { 'pod-policies.kyverno.io/autogen-controllers': 'none' } },
    spec: { rules },
  });
const onPods = { any: [{ resources: { kinds: ['Pod'] } }] };
const labelled = (label: string, failureAction: string): object => ({
  name: label,
  match: onPods,
  validate: { failureAction, message: `${label} is needed`, pattern: { metadata: { labels: { [label]: '?*' } } } },
});
const pod = (name: string, labels?: object): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name, ...(labels ? { labels } : {}) }, spec: {} });

writeFileSync(at('enforce.yaml'), policy('need-team', [labelled('team', 'Enforce')]));
writeFileSync(at('audit.yaml'), policy('audit-app', [labelled('app', 'Audit')]));
writeFileSync(
  at('mutate.yaml'),
  policy('add', [
    { name: 'add', match: onPods, mutate: { patchStrategicMerge: { metadata: { labels: { '+(added)': 'yes' } } } } },
  ]),
);
writeFileSync(at('pods.yaml'), `${pod('good', { team: 'a', app: 'b' })}\n---\n${pod('bad')}`);
writeFileSync(
  at('exception.yaml'),
  JSON.stringify({
    apiVersion: 'kyverno.io/v2',
    kind: 'PolicyException',
    metadata: { name: 'ex', namespace: 'default' },
    spec: {
      exceptions: [{ policyName: 'need-team', ruleNames: ['team'] }],
      match: { any: [{ resources: { kinds: ['Pod'], names: ['bad'] } }] },
    },
  }),
);

async function kyverno(...words: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const code = await command.run({
    positionals: words.map(word => (word.endsWith('.yaml') ? at(word) : word)),
    options: {},
    output: 'text',
    terminal: {
      language: 'en',
      color: false,
      out: text => void (out += `${text}\n`),
      err: text => void (err += `${text}\n`),
    },
    signal: new AbortController().signal,
    root: folder,
    environment: {},
  });
  return { code, out, err };
}

/** What the released tool (1.19.1) prints and ends with for the same files, but for its notes on what is to be given up. */
const RECORDED: readonly (readonly [words: readonly string[], code: number, out: string])[] = [
  [
    ['apply', 'enforce.yaml', 'audit.yaml', '-r', 'pods.yaml'],
    1,
    `
Applying 2 policy rule(s) to 2 resource(s)...
policy need-team -> resource default/Pod/bad failed:
1 - team validation error: team is needed. rule team failed at path /metadata/labels/
policy audit-app -> resource default/Pod/bad failed:
1 - app validation error: app is needed. rule app failed at path /metadata/labels/

pass: 2, fail: 2, warn: 0, error: 0, skip: 0 
`,
  ],
  [
    ['apply', 'audit.yaml', '-r', 'pods.yaml', '--audit-warn', '--warn-exit-code', '3'],
    3,
    `
Applying 1 policy rule(s) to 2 resource(s)...
policy audit-app -> resource default/Pod/bad failed as audit warning:
1 - app validation error: app is needed. rule app failed at path /metadata/labels/

pass: 1, fail: 0, warn: 1, error: 0, skip: 0 
exit as warnExitCode is 3
`,
  ],
  [
    ['apply', 'enforce.yaml', '-r', 'pods.yaml', '-e', 'exception.yaml'],
    0,
    `
Applying 1 policy rule(s) to 2 resource(s) with 1 exception(s)...

pass: 1, fail: 0, warn: 0, error: 0, skip: 1 
`,
  ],
  [
    ['apply', 'enforce.yaml', 'audit.yaml', '-r', 'pods.yaml', '--set', 'request.operation=UPDATE'],
    1,
    `
Applying 2 policy rule(s) to 2 resource(s)...
policy audit-app -> resource default/Pod/bad failed:
1 - app validation error: app is needed. rule app failed at path /metadata/labels/

pass: 2, fail: 1, warn: 0, error: 0, skip: 1 
`,
  ],
  [
    ['apply', 'enforce.yaml', '-r', 'pods.yaml', '-t', '--remove-color'],
    1,
    `
Applying 1 policy rule(s) to 2 resource(s)...
│────│───────────│──────│──────────────────│────────│────────│
│ ID │ POLICY    │ RULE │ RESOURCE         │ RESULT │ REASON │
│────│───────────│──────│──────────────────│────────│────────│
│ 1  │ need-team │ team │ default/Pod/good │ Pass   │        │
│ 2  │ need-team │ team │ default/Pod/bad  │ Fail   │        │
│────│───────────│──────│──────────────────│────────│────────│
`,
  ],
];
for (const [words, code, out] of RECORDED)
  test(`kyverno ${words.join(' ')}`, async () => {
    const found = await kyverno(...words);
    assert.equal(found.out, out);
    assert.equal(found.code, code);
  });

test('apply --output writes what was changed, one file an object', async () => {
  const { code, out } = await kyverno('apply', 'mutate.yaml', '-r', 'pods.yaml', '-o', at('made'));
  assert.equal(code, 0);
  assert.match(out, /Mutation has been applied successfully\.\n\n?/);
  assert.deepEqual(readdirSync(at('made')).sort(), ['bad-mutated.yaml', 'good-mutated.yaml']);
  assert.match(readFileSync(join(at('made'), 'bad-mutated.yaml'), 'utf8'), /labels:\n {8}added: "yes"\n/);
});

test('apply --policy-report is a ClusterReport with every result', async () => {
  const { out } = await kyverno('apply', 'enforce.yaml', '-r', 'pods.yaml', '-p', '--output-format=json');
  const { kind, summary, results } = JSON.parse(out) as {
    kind: string;
    summary: object;
    results: { result: string; message: string }[];
  };
  assert.equal(kind, 'ClusterReport');
  assert.deepEqual(summary, { pass: 1, fail: 1, warn: 0, error: 0, skip: 0 });
  assert.deepEqual(
    results.map(({ result, message }) => `${result}: ${message}`),
    [
      "pass: validation rule 'team' passed.",
      'fail: validation error: team is needed. rule team failed at path /metadata/labels/',
    ],
  );
});

test('what is not done is refused, and so is what nobody knows', async () => {
  const refused = async (...words: readonly string[]): Promise<string> => {
    try {
      await kyverno(...words);
    } catch (error) {
      if (error instanceof FaultError) return error.fault.code;
      throw error;
    }
    return 'taken';
  };
  assert.match(await refused('apply', 'enforce.yaml', '-r', 'pods.yaml', '--registry'), /not-done$/);
  assert.match(await refused('apply', 'https://example.test/policies', '-r', 'pods.yaml'), /not-done$/);
  assert.match(await refused('test', '.', '-b', 'main'), /not-done$/);
  assert.match(await refused('jp', 'parse', 'a'), /not-done$/);
  assert.match(await refused('apply', 'enforce.yaml', '-r', 'pods.yaml', '--nosuch'), /bad-option$/);
  assert.match(await refused('apply', 'enforce.yaml', '-r', 'pods.yaml', '-o'), /bad-option$/);
  assert.match(await refused('apply', 'enforce.yaml'), /missing-argument$/);
});

test('flags are read in every form', () => {
  const flags = readFlags(
    'apply',
    ['p', '-r=a,b', '--resource', 'c', '-tp', '--table=false', '-v=4', '--', '-x'],
    APPLY_FLAGS,
  );
  assert.deepEqual(flags.words, ['p', '-x']);
  assert.deepEqual(textsOf(flags, 'resource', 'resources'), ['a', 'b', 'c']);
  assert.deepEqual([...flags.on], ['policy-report']);
  assert.equal(textOf(flags, '__proto__'), undefined);
});

test('jp query prints what the released tool prints', async () => {
  const { out, code } = await kyverno('jp', 'query', '-i', 'enforce.yaml', '-u', 'metadata.name', '-c');
  assert.deepEqual([out, code], ['# metadata.name\nneed-team\n', 0]);
  assert.equal((await kyverno('jp', 'query', '-i', 'enforce.yaml', 'metadata.z.y')).code, 1);
  assert.match((await kyverno('jp', 'function', 'truncate')).out, /Name: truncate\n {2}Signature: truncate\(/);
});
