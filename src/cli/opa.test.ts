import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { command } from './opa.ts';

const folder = mkdtempSync(join(tmpdir(), 'tenon-opa-'));
after(() => rmSync(folder, { recursive: true, force: true }));
mkdirSync(join(folder, 'users'), { recursive: true });
writeFileSync(join(folder, 'users', 'data.json'), '{"alice": {"admin": true}}');
writeFileSync(
  join(folder, 'authz.rego'),
  'package authz\nallow if data.users[input.user].admin\ntest_allow if allow with input.user as "alice"\ntest_deny if not allow with input.user as "bob"\ntodo_test_later if false\n',
);
writeFileSync(join(folder, 'input.json'), '{"user": "alice"}');

async function opa(
  args: readonly string[],
  signal = new AbortController().signal,
  language: 'en' | 'zh' = 'en',
): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const code = await command.run({
    positionals: args,
    options: {},
    output: 'text',
    terminal: {
      language,
      color: false,
      out: text => void (out += `${text}\n`),
      err: text => void (err += `${text}\n`),
    },
    signal,
    root: folder,
    environment: {},
  });
  return { code, out, err };
}

test('eval', async () => {
  const policy = ['-d', join(folder, 'authz.rego'), '-d', folder];
  const found = await opa(['eval', ...policy.slice(2), '-i', join(folder, 'input.json'), 'data.authz.allow']);
  assert.equal(found.code, 0);
  assert.deepEqual(JSON.parse(found.out), {
    result: [{ expressions: [{ value: true, text: 'data.authz.allow', location: { row: 1, col: 1 } }] }],
  });
  const bound = await opa(['eval', '-f', 'bindings', 'x := 1 + 1; y := "a"']);
  assert.deepEqual(JSON.parse(bound.out), { x: 2, y: 'a' });
  const long = await opa(['eval', '-f', 'json', 'x = 123456789012345678901234567890 * 3']);
  assert.match(long.out, /"x": 370370367037037036703703703670\n/);
  assert.equal((await opa(['eval', '--fail', 'data.nothing'])).code, 1);
  assert.equal((await opa(['eval', '1 == 2', '-f', 'raw'])).out, 'false\n');
  const failed = await opa(['eval', '--strict-builtin-errors', '1/0']);
  assert.equal(failed.code, 2);
  assert.equal((JSON.parse(failed.out) as { errors: { code: string }[] }).errors[0]!.code, 'eval_builtin_error');
});

test('eval tells what it did: steps, costs, times', async () => {
  const policy = join(folder, 'steps.rego');
  const text = 'package steps\nallow if {\n\tq[y]\n\ty > 1\n\ttrace("seen")\n}\nq contains 1\nq contains 2\n';
  writeFileSync(policy, text);
  const run = (...more: string[]): ReturnType<typeof opa> => opa(['eval', '-d', policy, ...more, 'data.steps.allow']);
  const notes = await run('--explain', 'notes', '-f', 'pretty');
  const place = (row: number): string => `${policy}:${row}`;
  const lines = [
    ['query:1', 'Enter data.steps.allow = _'],
    [place(2), '| Enter data.steps.allow'],
    [place(5), '| | Note "seen"'],
  ].map(([at, what]) => `${at!.padEnd(place(1).length + 4)} ${what}`);
  assert.equal(notes.out, `${[...lines, 'true'].join('\n')}\n`);
  assert.match((await run('--explain', 'fails', '-f', 'pretty')).out, /\| \| Fail gt\(y, 1\)\n/);
  const { metrics, profile } = JSON.parse((await run('--profile', '--profile-sort', 'line')).out) as {
    metrics: object;
    profile: { num_eval: number; num_redo: number; location: { row: number } }[];
  };
  assert.ok(Object.keys(metrics).includes('timer_rego_query_eval_ns'));
  const found = profile.find(({ location }) => location.row === 4);
  assert.equal(found?.num_eval, 2);
  const slow = 'count([1 | numbers.range(1, 9000)[_]; numbers.range(1, 9000)[_]])';
  const late = await opa(['eval', '--timeout', '20ms', slow]);
  assert.equal(late.code, 2);
  assert.match(late.out, /"eval_cancel_error"/);
  for (const wrong of [
    ['--timeout', 'soon'],
    ['--explain', 'all'],
    ['--target', 'wasm'],
    ['-f', 'source'],
  ])
    assert.equal((await opa(['eval', ...wrong, '1'])).code, 2, wrong.join(' '));
  assert.equal((await opa(['eval', '-d', policy, '-f', 'raw', '--import', 'data.steps', 'steps.allow'])).out, 'true\n');
  assert.equal((await opa(['eval', '-f', 'discard', 'data.none'])).out, '{}\n');
  rmSync(policy);
});

test('eval --partial tells what is left where documents are unknown', async () => {
  const policy = ['eval', '--partial', '-d', join(folder, 'authz.rego')];
  const query = 'data.authz.allow == true';
  const source = await opa([
    ...policy,
    '-f',
    'source',
    '--unknowns',
    'data.users',
    '-i',
    join(folder, 'input.json'),
    query,
  ]);
  assert.equal(source.out, '# Query 1\ndata.users.alice.admin\n\n');
  const none = await opa([...policy, '--fail', '-i', join(folder, 'input.json'), '-u', 'input.other', query]);
  assert.deepEqual([none.code, JSON.parse(none.out)], [1, { partial: {} }]);
  const shown = await opa([...policy, '-f', 'pretty', '--disable-inlining', 'data.authz.allow', '-d', folder, query]);
  assert.match(shown.out, /│ Query 1 {3}│ data\.partial\.authz\.allow = true/);
  assert.equal((await opa([...policy, '-f', 'raw', query])).code, 2);
  assert.equal((await opa([...policy, '-u', 'input[x]', query])).code, 2);
});

test('test', async () => {
  const all = await opa(['test', folder, '-v', '-z']);
  assert.equal(all.code, 0);
  assert.match(all.out, /data\.authz\.test_allow: PASS[\s\S]*PASS: 2\/3\nSKIPPED: 1\/3/);
  const some = await opa(['test', folder, '-r', 'deny', '--format', 'json']);
  assert.equal((JSON.parse(some.out) as unknown[]).length, 1);
});

test('check', async () => {
  const bad = join(folder, 'bad');
  mkdirSync(bad);
  writeFileSync(join(bad, 'a.rego'), 'package a\nimport data.x.y\np := 1\n');
  assert.equal((await opa(['check', bad])).code, 0);
  const strict = await opa(['check', '--strict', bad]);
  assert.equal(strict.code, 1);
  assert.match(strict.err, /a\.rego:2: rego_compile_error: import data\.x\.y unused/);
  rmSync(bad, { recursive: true });
});

/** Sends a target as it is: clients would put it right. */
function bare(address: string, target: string): Promise<string> {
  const [host = '', port = ''] = address.split(':');
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(Number(port), host, () =>
      socket.write(`GET ${target} HTTP/1.1\r\nHost: ${address}\r\nConnection: close\r\n\r\n`),
    );
    socket.on('data', chunk => (text += chunk.toString('latin1'))).on('error', reject);
    socket.on('close', () => resolve(text));
  });
}

test('run --server', async () => {
  const stop = new AbortController();
  let address = '';
  const running = command.run({
    positionals: ['run', '--server', '--addr', '127.0.0.1:0', folder],
    options: {},
    output: 'text',
    terminal: {
      language: 'en',
      color: false,
      out: () => {},
      err: text => void (address ||= /127\.0\.0\.1:\d+/.exec(text)?.[0] ?? ''),
    },
    signal: stop.signal,
    root: folder,
    environment: {},
  });
  while (address === '') await new Promise(resolve => setTimeout(resolve, 10));
  const ask = async (method: string, path: string, body?: string): Promise<[number, unknown]> => {
    const response = await fetch(`http://${address}${path}`, { method, ...(body === undefined ? {} : { body }) });
    const text = await response.text();
    return [response.status, text === '' ? undefined : JSON.parse(text)];
  };
  assert.deepEqual(await ask('POST', '/v1/data/authz/allow', '{"input": {"user": "alice"}}'), [200, { result: true }]);
  assert.deepEqual(await ask('POST', '/v1/data/authz/allow', '{"input": {"user": "bob"}}'), [200, {}]);
  assert.deepEqual(await ask('PUT', '/v1/data/users/bob', '{"admin": true}'), [204, undefined]);
  assert.deepEqual(await ask('POST', '/v1/data/authz/allow', '{"input": {"user": "bob"}}'), [200, { result: true }]);
  assert.deepEqual(await ask('PUT', '/v1/policies/more', 'package more\nx := data.users.bob.admin'), [200, {}]);
  assert.deepEqual(await ask('GET', '/v1/data/more/x'), [200, { result: true }]);
  assert.equal((await ask('PUT', '/v1/policies/more', 'package more\nx := y'))[0], 400);
  assert.deepEqual(await ask('GET', '/v1/data/more/x'), [200, { result: true }]);
  assert.deepEqual(await ask('GET', '/v1/query?q=x%20%3D%20data.more.x'), [200, { result: [{ x: true }] }]);
  assert.equal((await ask('POST', '/v1/data/authz/allow', '{'))[0], 400);
  const compile = async (request: object): Promise<unknown> =>
    (await ask('POST', '/v1/compile', JSON.stringify(request)))[1];
  const query = 'data.authz.allow == true';
  assert.deepEqual(await compile({ query: '1 == 1' }), { result: { queries: [[]] } });
  assert.deepEqual(await compile({ query, input: { user: 'carol' }, unknowns: ['input.other'] }), { result: {} });
  const left = (await compile({ query, input: { user: 'eve' }, unknowns: ['data.users'] })) as {
    result: { queries: { index: number; terms: { type: string } }[][] };
  };
  assert.deepEqual(
    left.result.queries.map(body => body.map(({ index, terms }) => [index, terms.type])),
    [[[0, 'ref']]],
  );
  assert.equal((await ask('POST', '/v1/compile', '{}'))[0], 400);
  assert.equal((await ask('POST', '/v1/compile', '{"query": "x y"}'))[0], 400);
  assert.deepEqual(await ask('GET', '/health'), [200, {}]);
  assert.equal((await ask('GET', '/v1/data/%zz'))[0], 400);
  for (const target of ['//?x', '//', 'http://[', '*'])
    assert.match(await bare(address, target), /^HTTP\/1\.1 4/, target);
  assert.deepEqual(await ask('GET', '/v1/data/users/%62ob'), [200, { result: { admin: true } }]);
  const raw = await fetch(`http://${address}/v1/data/users/bob?pretty`);
  assert.equal(await raw.text(), '{\n  "result": {\n    "admin": true\n  }\n}\n');
  stop.abort();
  assert.equal(await running, 0);
});

test('deps lists what a query is made of', async () => {
  const policy = join(folder, 'deps.rego');
  writeFileSync(
    policy,
    'package d\np if { q[input.x]; data.users[input.u].admin; f(input.a["b c"]) }\nq contains 1 if not input.n.o\nf(x) := data.tbl[x]\nr := input.unused\n',
  );
  const told = await opa(['deps', '-d', policy, 'data.d.p', '-f', 'json']);
  const { base, virtual } = JSON.parse(told.out) as Record<string, { value: string }[][]>;
  const paths = (list?: { value: string }[][]): string[] => list!.map(path => path.map(({ value }) => value).join('.'));
  const given = ['data.tbl', 'data.users', 'input.a.b c', 'input.n.o', 'input.u', 'input.x'];
  assert.deepEqual([paths(base), paths(virtual)], [given, ['data.d.f', 'data.d.p', 'data.d.q']]);
  assert.match(
    (await opa(['deps', '-d', policy, 'data.d'])).out,
    /│ BASE DOCUMENTS +│ VIRTUAL DOCUMENTS │\n[^]*│ data\.d\.r +│/,
  );
  assert.equal((await opa(['deps', '1', '-f', 'json'])).out, '{}\n');
  assert.equal((await opa(['deps'])).code, 1);
  rmSync(policy);
});

test('a test with keys fails with each case that does; only true is a pass', async () => {
  const policy = join(folder, 'cases.rego');
  writeFileSync(
    policy,
    [
      'package cases_test',
      'test_keys[name] if { some name, x in {"a": 1, "b": 2}; x == 1 }',
      'test_nested[x][y] if { some x in ["p"]; some y in [1, 2]; y > 1 }',
      'test_none[x] if some x in []',
      'test_set contains 1',
      'test_number := 3',
      'test_ok.dotted if true',
    ].join('\n'),
  );
  const told = await opa(['test', policy]);
  assert.equal(told.code, 2);
  assert.deepEqual(
    told.out
      .replace(/ \([^)]*\)/g, '')
      .replaceAll(policy, 'f')
      .trimEnd()
      .split('\n'),
    [
      'f:2:',
      'data.cases_test.test_keys: FAIL',
      '  b: FAIL',
      'f:3:',
      'data.cases_test.test_nested: FAIL',
      '  p: FAIL',
      '    1: FAIL',
      'f:5:',
      'data.cases_test.test_set: FAIL',
      'f:6:',
      'data.cases_test.test_number: FAIL',
      'f:7:',
      'data.cases_test.test_ok: FAIL',
      '-'.repeat(80),
      'PASS: 3/8',
      'FAIL: 5/8',
    ],
  );
  const [first] = JSON.parse((await opa(['test', policy, '-f', 'json'])).out) as { sub_results: object }[];
  assert.deepEqual(first!.sub_results, { a: { name: 'a' }, b: { name: 'b', fail: true } });
  assert.match((await opa(['test', policy, '-v', '-r', 'keys'])).out, /FAILURES\n-+\n[^]*\| \| Fail x = 1/);
  assert.equal((await opa(['test', policy, '-r', 'nothing', '--fail-on-empty'])).code, 1);
  assert.equal((await opa(['test', policy, '-r', 'none', '--count', '2'])).out, 'PASS: 1/1\nPASS: 1/1\n');
  rmSync(policy);
});

test('every sub-command tells what it takes, in both languages', async () => {
  const verbs = (await opa(['--help'])).out.matchAll(/^ {2}tenon opa (\w+) +\S/gm).map(([, verb]) => verb!);
  const seen: string[] = [];
  for (const verb of verbs) {
    for (const language of ['en', 'zh'] as const) {
      const { code, out } = await opa([verb, '--help'], undefined, language);
      assert.equal(code, 0, verb);
      assert.ok(out.startsWith(`tenon opa ${verb} [OPTION ...]`), out);
      for (const line of out.split('\n').filter(each => /^ +(?:-\w, )?--/.test(each)))
        assert.match(line, /--[\w-]+(?: VALUE)? {2,}\S/);
    }
    seen.push(verb);
  }
  assert.ok(seen.length > 10);
});

test('exec decides for each file; what a --fail option names is exit 1', async () => {
  const inputs = join(folder, 'inputs');
  mkdirSync(inputs);
  writeFileSync(join(inputs, 'a.json'), '{"user": "alice"}');
  writeFileSync(join(inputs, 'b.yaml'), 'user: bob\n');
  writeFileSync(join(inputs, 'c.txt'), 'not read');
  writeFileSync(join(inputs, 'd.json'), '{');
  const words = ['exec', '--bundle', folder, '--decision', 'authz/allow'];
  interface Report {
    readonly result: readonly { path: string; result?: unknown; error?: { code?: string; message: string } }[];
  }
  const all = await opa([...words, inputs]);
  assert.equal(all.code, 0);
  const [a, b, d, ...rest] = (JSON.parse(all.out) as Report).result;
  assert.deepEqual(
    [a?.path, b?.path, d?.path, rest.length],
    [join(inputs, 'a.json'), join(inputs, 'b.yaml'), join(inputs, 'd.json'), 0],
  );
  assert.equal(b?.error?.code, 'opa_undefined_error');
  assert.equal(b?.error?.message, 'authz/allow decision was undefined');
  assert.ok(d?.error);
  const codes = await Promise.all(
    ['--fail', '--fail-defined', '--fail-non-empty'].map(
      async option => (await opa([...words, option, join(inputs, 'b.yaml')])).code,
    ),
  );
  assert.deepEqual(codes, [1, 0, 0]);
  assert.equal((await opa([...words, join(inputs, 'absent.json')])).code, 1);
  assert.equal((await opa(words)).code, 1);
  assert.equal((await opa([...words, '--fail', '--fail-defined', inputs])).code, 1);
});
