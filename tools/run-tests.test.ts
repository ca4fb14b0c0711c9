import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Outcome, outcome, run, settle, settleTogether } from './run-tests.ts';

const passes: Outcome = { counts: { passed: 2, failed: 0, skipped: 1 }, text: '' };
const fails: Outcome = { counts: { passed: 1, failed: 1, skipped: 1 }, text: 'FAIL it' };

/** Runs two files, the second of which has the given outcomes one after another. */
async function settled(...outcomes: Outcome[]): Promise<{ counts: Outcome['counts']; printed: string[] }> {
  const printed: string[] = [];
  const counts = await settle(
    ['a', 'b'],
    async file => (file === 'a' ? passes : outcomes.shift()!),
    text => printed.push(text),
  );
  return { counts, printed };
}

test('a file that fails twice fails', async () => {
  const { counts, printed } = await settled(fails, fails);
  assert.deepEqual(counts, { passed: 3, failed: 1, skipped: 2 });
  assert.deepEqual(printed, ['FAIL it']);
});

test('a file that fails once is told with its failure', async () => {
  const { counts, printed } = await settled(fails, passes);
  assert.deepEqual(counts, { passed: 4, failed: 0, skipped: 2 });
  assert.match(printed[0]!, /^UNSTEADY b: /);
  assert.equal(printed[1], 'FAIL it');
});

test('of tests in one process only the files that failed run again, and only when every failure names its file', async () => {
  const together = async (...outcomes: Outcome[]) => {
    const printed: string[] = [];
    const asked: (readonly string[])[] = [];
    const one = async (files: readonly string[]): Promise<Outcome> => {
      asked.push(files);
      return outcomes.shift()!;
    };
    const counts = await settleTogether(['a', 'b'], one, text => printed.push(text));
    return { counts, asked: asked.slice(1), unsteady: printed.some(text => text.startsWith('UNSTEADY b:')) };
  };
  const failed: Outcome = { counts: { passed: 5, failed: 1, skipped: 0 }, text: 'FAIL b:7 it\n    Error' };
  const passed: Outcome = { counts: { passed: 3, failed: 0, skipped: 0 }, text: '' };
  const steady = { counts: { passed: 6, failed: 0, skipped: 0 }, asked: [['b']], unsteady: true };
  assert.deepEqual(await together(failed, passed), steady);
  assert.deepEqual(await together(failed, failed), { counts: failed.counts, asked: [['b']], unsteady: false });
  const broken: Outcome = { counts: { passed: 5, failed: 1, skipped: 0 }, text: 'stopped after 15 minutes' };
  assert.deepEqual(await together(broken), { counts: broken.counts, asked: [], unsteady: false });
});

test('a run without counts is a failure, and so is one that ends badly', () => {
  assert.equal(outcome({ code: 0, output: 'nothing' }).counts.failed, 1);
  assert.equal(outcome({ code: 1, output: '#counts {"passed":1,"failed":0,"skipped":0}' }).counts.failed, 1);
  assert.equal(outcome({ code: 0, output: '#counts {"passed":1,"failed":0,"skipped":0}' }).counts.failed, 0);
});

test('a program that left a child holding its output ends with it', async () => {
  const { code, output } = await run('sh', ['-c', 'sleep 600 & echo started'], { minutes: 1 });
  assert.equal(code, 0);
  assert.equal(output, 'started\n');
});

test('a program past its time is stopped with all it started', async () => {
  const { code, output } = await run('sh', ['-c', 'sleep 600 & wait'], { minutes: 0.005 });
  assert.equal(code, 1);
  assert.match(output, /stopped after/);
});
