import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathParts, targetUrl } from './target.ts';

test('whatever a request asks for has a path', () => {
  const paths = ['/a?b=c', '//', '//?x', '//a:b/c', '/%zz', '*', 'http://[', 'http://host/a', '/\\', undefined];
  assert.deepEqual(
    paths.map(target => targetUrl(target).pathname),
    ['/a', '//', '//', '//a:b/c', '/%zz', '/', '/', '/a', '//', '/'],
  );
  assert.equal(targetUrl('/a?b=c').searchParams.get('b'), 'c');
});

test('parts of a path are decoded, or it has none', () => {
  assert.deepEqual(pathParts('/a//b%20c/'), ['a', 'b c']);
  assert.equal(pathParts('/a/%zz'), undefined);
});
