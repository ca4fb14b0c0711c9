import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Bundle, BundleError, digest, packBundle, signFiles, unpackBundle, verifyBundle } from './opa-bundle.ts';

const KEY = { algorithm: 'HS256', key: 'secret', id: 'default' };
const FILES: readonly (readonly [string, Buffer])[] = [
  ['src/p.rego', Buffer.from('package p\n\nallow := true\n')],
  ['data.json', Buffer.from('{"x": {"k": 1}}\n')],
];
const MANIFEST = ['.manifest', Buffer.from('{"revision":"r1","roots":[""],"rego_version":1}\n')] as const;

function bundle(key = KEY, files = FILES): Bundle {
  const signatures = signFiles([...files, MANIFEST], key, { keyid: key.id });
  return unpackBundle(packBundle([...files, ['.signatures.json', Buffer.from(signatures)], MANIFEST]));
}

test('an archive gives back what went in', () => {
  const read = bundle();
  assert.equal(read.manifest.revision, 'r1');
  assert.deepEqual(
    [...read.files].map(([name, content]) => [name, content.toString()]),
    FILES.map(([name, content]) => [name, content.toString()]),
  );
  assert.deepEqual(packBundle(FILES), packBundle(FILES));
});

test('documents are hashed by what they say, not how they are written', () => {
  // The digest is that of `{"x":{"k":1}}`, as opa build 1.22.2 writes it.
  assert.equal(digest('data.json', FILES[1]![1]), 'dd8231dbb28162fe8621fb6c8b891e2abbc80b0fdfec0a2875b0f76e266807bb');
  assert.notEqual(digest('p.rego', Buffer.from('a')), digest('p.rego', Buffer.from('a ')));
});

test('a signed bundle is verified, a changed one is not', () => {
  verifyBundle(bundle(), KEY, 'b');
  const refused = (made: Bundle, key = KEY): void => assert.throws(() => verifyBundle(made, key, 'b'), BundleError);
  refused(bundle(), { ...KEY, key: 'other' });
  refused(bundle({ ...KEY, algorithm: 'HS512' }));
  const { signatures: _signatures, ...unsigned } = bundle();
  refused(unsigned);
  const more = bundle();
  refused({ ...more, files: new Map([...more.files, ['q.rego', Buffer.from('package q')]]) });
  refused({ ...more, files: new Map([...more.files].slice(1)) });
  refused({ ...more, files: new Map([...more.files, ['src/p.rego', Buffer.from('package p')]]) });
  refused({ ...more, manifestText: Buffer.from('{"revision":"r2","roots":["other"],"rego_version":1}') });
  const { manifestText: _manifest, ...bare } = more;
  refused(bare);
});
