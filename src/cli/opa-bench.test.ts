import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { command } from './opa.ts';

const folder = mkdtempSync(join(tmpdir(), 'tenon-opa-bench-'));
after(() => rmSync(folder, { recursive: true, force: true }));
writeFileSync(join(folder, 'a.rego'), 'package a\nallow if input.user == "alice"\n');
writeFileSync(join(folder, 'input.json'), '{"user": "alice"}');

async function bench(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const code = await command.run({
    positionals: ['bench', ...args],
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

test('a query is measured with the spread of its times', async () => {
  const { code, out } = await bench(
    '-f',
    'json',
    '-d',
    join(folder, 'a.rego'),
    '-i',
    join(folder, 'input.json'),
    'data.a',
  );
  assert.equal(code, 0);
  const { N, T, Extra } = JSON.parse(out) as { N: number; T: number; Extra: Record<string, number> };
  assert.ok(N > 0 && T >= 1e9);
  const of = (name: string): number => Extra[`histogram_timer_rego_query_eval_ns_${name}`]!;
  assert.equal(of('count'), N);
  const rising = ['min', 'median', '75%', '90%', '95%', '99%', '99.9%', '99.99%', 'max'].map(of);
  assert.deepEqual(
    rising,
    rising.toSorted((a, b) => a - b),
  );
  assert.ok(of('mean') >= of('min') && of('mean') <= of('max'));
  assert.ok(of('mean') * N <= T * 1.01);
});

test('the query may stand in a package and have imports', async () => {
  const policy = ['-d', join(folder, 'a.rego'), '-i', join(folder, 'input.json'), '--metrics=false', '-f', 'gobench'];
  const inside = await bench(...policy, '--package', 'a', 'allow');
  assert.match(inside.out, /^BenchmarkOPAEval\t +\d+\t +[\d.]+ ns\/op\n$/);
  const imported = await bench(...policy, '--import', 'input.user', 'user == "alice"');
  assert.equal(imported.code, 0);
  const partly = await bench('--metrics=false', '--partial', '-d', join(folder, 'a.rego'), 'data.a.allow');
  assert.match(partly.out, /│ samples │ +\d+ │\n│ ns\/op +│ +[\d.]+ │/);
});

test('nothing defined fails, unless it may', async () => {
  const failed = await bench('data.nothing');
  assert.deepEqual([failed.code, failed.err], [1, '1 error occurred: undefined result\n']);
  assert.equal((await bench('--fail=false', '--metrics=false', 'data.nothing')).code, 0);
  assert.equal((await bench('--fail=true', 'data.nothing')).code, 1);
  assert.match((await bench('1 +')).err, /rego_parse_error/);
  assert.match((await bench()).err, /query argument/);
  assert.match((await bench('1', '2')).err, /one query/);
});
