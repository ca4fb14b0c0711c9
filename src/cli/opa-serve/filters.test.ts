import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { rego } from '../../policy/index.ts';
import { opaPath } from '../fuzz-opa.ts';
import { PolicyServer, type Surroundings } from './policies.ts';

const TARGETS = ['postgresql', 'mysql', 'sqlite', 'sqlserver'].map(name => `sql.${name}`);
const TREES = ['all', 'minimal', 'prisma', 'linq'].map(name => `ucast.${name}`);
const INPUT = { user: 'bob', list: ['a', 'b'], none: [] };

interface Case {
  readonly policy: string;
  readonly body?: object;
}

/** Rules that are filters, or nearly: our answers and those of the real program are the same. */
const CASES: readonly Case[] = [
  'include if input.rows.owner == input.user',
  'include if { input.rows.a == "x"; input.rows.b > 2; input.rows.c != null }',
  'include if input.rows.a == true\ninclude if { 2.5 >= input.rows.b; input.rows.c < input.rows.d }',
  'include if not input.rows.a == null',
  'include if { input.rows.a in input.list; not input.rows.b in {1, 2} }',
  'include if input.rows.a in input.none',
  String.raw`include if startswith(input.rows.a, "5%_\\'\"")`,
  'include if { endswith(input.rows.a, "z"); not contains(input.rows.b, "it\'s") }',
  String.raw`include if input.rows.a == "line\n\ttab\r\u0000\b\u001a\\'"`,
  'include if input.rows["a b"] == input.rows.ok',
  'include if input.rows["q\\"`"] == 1',
  'include if input.rows.a = _',
  'include if not whole\nwhole if { input.rows.a == 1; not input.rows.b == 2 }',
  'include if not either\neither if input.rows.a == 1\neither if input.rows.b == 2',
  'default include := false\ninclude if inner\ndefault inner := false\ninner if input.rows.a == 1',
  'include if { some name in input.list; input.rows.a == name }',
  'include if same(input.rows.a)\nsame(x) if x == 1\nsame(x) if x == 2',
  'include if true',
  'include if false',
  'include if input.rows.a',
  'include if not input.rows.a',
  'include if count(input.rows.a) > 1',
  'include if lower(input.rows.a) == "x"',
  'include if input.rows.a + 1 == 2',
  'include if input.rows.a.b == 1',
  'include if input.rows.a[_] == 1',
  'include if input.rows.a == [1]',
  'include if input.rows.a < null',
  'include if "x" in input.rows.a',
  'include if every x in input.rows.a { x == 1 }',
  'include if inner\ninner if input.rows.a == 1\nelse if input.rows.b == 2',
  'default include := true\ninclude if input.rows.a == 1',
  'include if inner == false\ndefault inner := false\ninner if input.rows.a == 1',
].map(policy => ({ policy }));

const NAMES = { postgresql: { rows: { $self: 'tt', a: 'select it' } }, sqlite: { rows: { a: 'aa' } } };
const OPTIONS: readonly Case[] = [
  { policy: 'include if input.rows.a == 1', body: { options: { targetSQLTableMappings: NAMES } } },
  {
    policy: 'include if input.rows.a == 1\nmasks.rows.a.replace.value := "***" if input.user == "bob"',
    body: { options: { maskRule: 'data.filters.masks' } },
  },
  {
    policy: 'include if input.rows.a == 1\nmasks.rows.a.replace.value := "***"',
    body: { options: { maskRule: 'masks' } },
  },
  { policy: 'include if input.rows.a == 1', body: { unknowns: [] } },
];

const bodyOf = ({ body }: Case): string => JSON.stringify({ input: INPUT, unknowns: ['input.rows'], ...body });

const around: Surroundings = {
  defaultDecision: () => [],
  decisionId: () => undefined,
  config: () => ({}),
  status: () => undefined,
  readiness: () => ({}) as rego.Value,
  unhealthy: () => undefined,
};

function ours(item: Case, accept: string, body = bodyOf(item)): { status: number; body: unknown; text: string } {
  const module = rego.parseModule(`package filters\n${item.policy}\n`, { file: 'p', version: 'v1' });
  const world = (): rego.BuiltinContext => rego.builtinContext({ fuel: 1_000_000 });
  const server = new PolicyServer([module], {} as rego.Value, 'v1', world, around);
  const parts = ['v1', 'compile', 'filters', 'include'];
  const reply = server.answer({ method: 'POST', parts, search: new URLSearchParams(), body, accept, onlyNew: false });
  const text = typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body);
  return { status: reply.status, body: JSON.parse(text), text };
}

const query = (policy: string, kind: string): unknown =>
  (ours({ policy }, `application/vnd.opa.${kind}+json`).body as { result?: { query?: unknown } }).result?.query;

test('a rule becomes a WHERE clause of each dialect, a tree of UCAST, and a fault where it cannot', () => {
  const policy = 'include if { input.rows.a == input.user; not startswith(input.rows.b, "5%") }';
  assert.equal(query(policy, 'sql.postgresql'), String.raw`WHERE (rows.a = E'bob' AND NOT rows.b LIKE E'5\\%%')`);
  assert.equal(query(policy, 'sql.sqlserver'), String.raw`WHERE (rows.a = N'bob' AND NOT rows.b LIKE N'5\%%')`);
  assert.deepEqual(query('include if input.rows.a > 1', 'ucast.minimal'), {
    type: 'field',
    field: 'rows.a',
    operator: 'gt',
    value: 1,
  });
  const refused = ours({ policy }, 'application/vnd.opa.sql.sqlite+json');
  assert.equal(refused.status, 400);
  assert.deepEqual((refused.body as { errors: unknown }).errors, [
    {
      code: 'pe_fragment_error',
      message: 'invalid builtin `startswith`: unsupported for SQL (sqlite)',
      location: { file: 'p', row: 2, col: 46 },
    },
  ]);
  assert.equal(ours({ policy }, 'application/json').status, 400);
});

test('names and texts that are not known to the author stay inside their quotes', () => {
  const policy = 'include if input.rows[input.user] == input.list';
  const body = JSON.stringify({
    input: { user: 'x" OR 1=1 --', list: "'; DROP TABLE rows --" },
    unknowns: ['input.rows'],
  });
  const { text } = ours({ policy }, 'application/vnd.opa.sql.sqlite+json', body);
  const clause = (JSON.parse(text) as { result: { query: string } }).result.query;
  assert.equal(clause, `WHERE rows."x"" OR 1=1 --" = '''; DROP TABLE rows --'`);
});

test('annotations name what is not known and the rule of masks; many targets are answered at once', () => {
  const policy = `# METADATA
# scope: document
# custom:
#   unknowns: [input.rows]
#   mask_rule: data.filters.masks
include if input.rows.a == input.user
masks.rows.a.replace.value := "***"`;
  const options = { targetDialects: ['sql+mysql', 'ucast+all'] };
  const body = JSON.stringify({ input: INPUT, options });
  const masks = { rows: { a: { replace: { value: '***' } } } };
  assert.deepEqual(ours({ policy }, 'application/vnd.opa.multitarget+json', body).body, {
    result: {
      mysql: { query: "WHERE rows.a = 'bob'", masks },
      ucast: { query: { type: 'field', field: 'rows.a', operator: 'eq', value: 'bob' }, masks },
    },
  });
});

const freePort = (): Promise<number> =>
  new Promise(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

const peer = opaPath(process.env);
const skip = peer === undefined ? 'the real opa is not here: bench/peers.sh opa' : false;

test('filters are those of the real opa', { skip, timeout: 120_000 }, async () => {
  const port = await freePort();
  const base = `http://127.0.0.1:${port}/v1`;
  const child = spawn(peer!, ['run', '--server', '--addr', `127.0.0.1:${port}`], { stdio: 'ignore' });
  try {
    const isUp = (): Promise<boolean> =>
      fetch(`http://127.0.0.1:${port}/health`).then(
        reply => reply.ok,
        () => false,
      );
    for (let tries = 0; tries < 200 && !(await isUp()); tries++) await new Promise(resolve => setTimeout(resolve, 50));
    for (const item of [...CASES, ...OPTIONS]) {
      await fetch(`${base}/policies/p`, { method: 'PUT', body: `package filters\n${item.policy}\n` });
      for (const kind of [...TARGETS, ...TREES]) {
        const accept = `application/vnd.opa.${kind}+json`;
        const headers = { accept, 'content-type': 'application/json' };
        const reply = await fetch(`${base}/compile/filters/include`, { method: 'POST', body: bodyOf(item), headers });
        const theirs = (await reply.json()) as { result?: unknown };
        const own = ours(item, accept);
        const what = `${kind}: ${item.policy}`;
        assert.equal(own.status, reply.status, `${what}\n${own.text}\n${JSON.stringify(theirs)}`);
        if (reply.status === 200) assert.deepEqual((own.body as { result?: unknown }).result, theirs.result, what);
      }
    }
  } finally {
    child.kill('SIGTERM');
  }
});
