import assert from 'node:assert/strict';
import { test } from 'node:test';
import { negotiate, type Offer } from './accept.ts';

const offer: Offer = {
  formats: ['json', 'yaml', 'protobuf'],
  transforms: (as, group, version) => as === 'Table' && group === 'meta.k8s.io' && version === 'v1',
};

const ROWS: readonly (readonly [string | undefined, string])[] = [
  [undefined, 'json'],
  ['*/*', 'json'],
  ['application/json, */*', 'json'],
  ['application/vnd.kubernetes.protobuf,application/json', 'protobuf'],
  ['application/json;as=Table;v=v1;g=meta.k8s.io,application/json', 'json Table'],
  ['application/json;as=Table;v=v1beta9;g=meta.k8s.io,application/json', 'json'],
  ['application/json;as=Table;v=v1beta9;g=meta.k8s.io', 'none'],
  ['application/yaml;q=0.5,application/json;q=0.2', 'yaml'],
  ['text/html', 'none'],
  ['application/json;q=0', 'none'],
  ['application/cbor', 'none'],
];

for (const [header, wanted] of ROWS) {
  test(`accept: ${header}`, () => {
    const found = negotiate(header, offer);
    assert.equal(found ? [found.format, found.as].filter(Boolean).join(' ') : 'none', wanted);
  });
}
