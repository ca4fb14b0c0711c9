import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { main } from '../../cli/main.ts';

/**
 * Questions that cross layers: a folder each, its manifests headed by the question, the expected answer as JSON and as
 * English text beside, in some as Chinese text too (answer.zh.txt). TENON_WRITE_CASES=1 writes what is answered now.
 */
const CASES = join(import.meta.dirname, 'cases');
const names = readdirSync(CASES).sort();
/** The levels of the ledger, told under each hop: `fields: ...`. */
const LEVELS = /\n {4}(fields|字段): .*/g;
const CODES: Readonly<Record<string, number>> = { allow: 0, deny: 1, unknown: 3 };

async function ask(words: readonly string[], language: 'en' | 'zh'): Promise<{ code: number; out: string }> {
  const lines: string[] = [];
  const terminal = { language, color: false, out: (text: string) => void lines.push(text), err: () => undefined };
  const code = await main(['why', ...words], terminal);
  return { code, out: lines.join('\n') };
}

/** Levels of the ledger move as dialects grow; fidelity.test.ts looks at them. */
function settled(out: string): { outcome: string; hops: Record<string, unknown>[] } {
  const answer = JSON.parse(out) as { outcome: string; hops: Record<string, unknown>[] };
  for (const hop of answer.hops) delete hop.fidelity;
  return answer;
}

let inChineseToo = 0;

for (const name of names) {
  test(`why: ${name.replaceAll('-', ' ')}`, async () => {
    const folder = join(CASES, name);
    const [head = ''] = readFileSync(join(folder, 'manifests.yaml'), 'utf8').split('\n');
    const words = [...head.replace('# tenon why ', '').split(' '), '--dir', folder];
    const json = await ask([...words, '-o', 'json'], 'en');
    const asText = await ask(words, 'en');
    const text = { ...asText, out: asText.out.replaceAll(LEVELS, '') };
    const answer = settled(json.out);
    if (process.env.TENON_WRITE_CASES) {
      writeFileSync(join(folder, 'answer.json'), `${JSON.stringify(answer, null, 2)}\n`);
      writeFileSync(join(folder, 'answer.txt'), `${text.out}\n`);
    }
    assert.deepEqual(answer, JSON.parse(readFileSync(join(folder, 'answer.json'), 'utf8')));
    assert.equal(`${text.out}\n`, readFileSync(join(folder, 'answer.txt'), 'utf8'));
    assert.equal(json.code, CODES[answer.outcome]);
    assert.equal(text.code, json.code);
    const chinese = await ask(words, 'zh');
    assert.equal(chinese.code, json.code);
    assert.match(chinese.out, /^(允许|拒绝|未知)/);
    const inChinese = join(folder, 'answer.zh.txt');
    if (!existsSync(inChinese)) return;
    inChineseToo++;
    const told = `${chinese.out.replaceAll(LEVELS, '')}\n`;
    if (process.env.TENON_WRITE_CASES) writeFileSync(inChinese, told);
    assert.equal(told, readFileSync(inChinese, 'utf8'));
  });
}

test('there are cases, some of them in Chinese', () => {
  assert.ok(names.length >= 30);
  assert.ok(inChineseToo >= 10, `${inChineseToo} in Chinese`);
});
