import assert from 'node:assert/strict';
import { readdirSync, readFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const LEVELS = new Set(['enforced', 'modelled', 'parsed', 'refused']);

test('every ledger row has a known level, and what is claimed names its test', () => {
  let rows = 0;
  for (const dialect of readdirSync(import.meta.dirname)) {
    const file = join(import.meta.dirname, dialect, 'fidelity.tsv');
    if (!existsSync(file)) continue;
    const [head, ...lines] = readFileSync(file, 'utf8').trimEnd().split('\n');
    assert.equal(head, 'kind\tpath\tlevel\treason\ttest');
    const seen = new Set<string>();
    for (const line of lines) {
      const [kind, path, level, reason, by] = line.split('\t');
      assert.ok(LEVELS.has(level ?? ''), line);
      assert.ok(!seen.has(`${kind} ${path}`), `twice: ${line}`);
      seen.add(`${kind} ${path}`);
      if (level === 'enforced' || level === 'modelled') assert.ok(by, line);
      else assert.ok(reason, line);
      rows++;
    }
  }
  assert.ok(rows > 30);
});
