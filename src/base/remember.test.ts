import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rememberObject, rememberText } from './remember.ts';

test('what was made of a text is made once, undefined too; long texts and too many are not kept', () => {
  let made = 0;
  const length = rememberText(text => (made++, text === '' ? undefined : text.length));
  assert.deepEqual([length('ab'), length('ab'), length(''), length('')], [2, 2, undefined, undefined]);
  assert.equal(made, 2);
  const long = 'x'.repeat(300);
  length(long);
  length(long);
  assert.equal(made, 4);
  for (let i = 0; i < 5_000; i++) length(`t${i}`);
  assert.equal(length('ab'), 2);
  assert.equal(made, 4 + 5_000 + 1);
});

test('what was made of an object is made once for that object', () => {
  let made = 0;
  const keys = rememberObject((object: object) => (made++, Object.keys(object)));
  const one = { a: 1 };
  assert.equal(keys(one), keys(one));
  keys({ a: 1 });
  assert.equal(made, 2);
});
