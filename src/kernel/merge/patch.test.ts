import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json, JsonObject } from '../object.ts';
import { StatusError } from '../status.ts';
import { applyJsonPatch, applyMergePatch, applyStrategicMerge, threeWayStrategicMerge } from './index.ts';
import { THING } from './samples.ts';

const json = (text: string): JsonObject => JSON.parse(text) as JsonObject;

/** [document, operations, result or the refusal's code] */
const JSON_PATCHES: [Json, Json, Json][] = [
  [{ a: 1 }, [{ op: 'add', path: '/b', value: 2 }], { a: 1, b: 2 }],
  [{ a: 1 }, [{ op: 'add', path: '/a', value: 2 }], { a: 2 }],
  [{ a: [1, 3] }, [{ op: 'add', path: '/a/1', value: 2 }], { a: [1, 2, 3] }],
  [{ a: [1] }, [{ op: 'add', path: '/a/-', value: 2 }], { a: [1, 2] }],
  [{ a: [1] }, [{ op: 'add', path: '/a/1', value: 2 }], { a: [1, 2] }],
  [{ a: [1] }, [{ op: 'add', path: '/a/2', value: 2 }], 422],
  [{ a: [1] }, [{ op: 'add', path: '/a/01', value: 2 }], 422],
  [{}, [{ op: 'add', path: '/a/b', value: 2 }], 422],
  [{ a: null }, [{ op: 'add', path: '/a/b', value: 2 }], 422],
  [{ a: 1 }, [{ op: 'remove', path: '/a' }], {}],
  [{ a: [1, 2, 3] }, [{ op: 'remove', path: '/a/1' }], { a: [1, 3] }],
  [{ a: 1 }, [{ op: 'remove', path: '/b' }], 422],
  [{ a: 1 }, [{ op: 'replace', path: '/a', value: [] }], { a: [] }],
  [{ a: 1 }, [{ op: 'replace', path: '/b', value: 1 }], 422],
  [{ a: 1 }, [{ op: 'move', from: '/a', path: '/b' }], { b: 1 }],
  [{ a: { b: 1 } }, [{ op: 'move', from: '/a', path: '/a/c' }], 422],
  [{ a: [1, 2, 3] }, [{ op: 'move', from: '/a/0', path: '/a/2' }], { a: [2, 3, 1] }],
  [
    { a: { x: 1 } },
    [
      { op: 'copy', from: '/a', path: '/b' },
      { op: 'add', path: '/b/y', value: 2 },
    ],
    { a: { x: 1 }, b: { x: 1, y: 2 } },
  ],
  [{ a: 1 }, [{ op: 'test', path: '/a', value: 1 }], { a: 1 }],
  [{ a: 1 }, [{ op: 'test', path: '/a', value: '1' }], 422],
  [{ a: { b: [1, { c: 2 }] } }, [{ op: 'test', path: '/a', value: { b: [1, { c: 2 }] } }], { a: { b: [1, { c: 2 }] } }],
  [{ a: null }, [{ op: 'test', path: '/a', value: null }], { a: null }],
  [
    { 'a/b': 1, 'm~n': 2 },
    [
      { op: 'remove', path: '/a~1b' },
      { op: 'replace', path: '/m~0n', value: 3 },
    ],
    { 'm~n': 3 },
  ],
  [{ '': 1 }, [{ op: 'replace', path: '/', value: 2 }], { '': 2 }],
  [{ a: 1 }, [{ op: 'replace', path: '', value: { b: 1 } }], { b: 1 }],
  [{ a: 1 }, [{ op: 'jump', path: '/a' }], 422],
  [{ a: 1 }, [{ op: 'add', path: '/a' }], 422],
  [{ a: 1 }, [{ op: 'add', path: 'a', value: 1 }], 422],
  [{ a: 1 }, [{ op: 'remove', path: '/constructor' }], 422],
];

/** RFC 7386 appendix A, and names of Object.prototype. */
const MERGE_PATCHES: [Json, Json, Json][] = [
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
  [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  [{ a: 'b' }, { a: null }, {}],
  [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
  [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
  [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
  [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [{ a: 'foo' }, { a: {} }, { a: {} }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  [{ a: [1, 2] }, { a: { a: 'b', c: null } }, { a: { a: 'b' } }],
  [{ a: { x: 1 } }, { a: { constructor: 1 } }, { a: { x: 1, constructor: 1 } }],
];

/** Strategic merge of THING's spec: [spec, patch of the spec, result or code]. */
const STRATEGIC: [string, string, string | number][] = [
  ['{"replicas":1}', '{"replicas":2}', '{"replicas":2}'],
  ['{"replicas":1}', '{"replicas":null}', '{}'],
  ['{"order":["a"]}', '{"order":["b"]}', '{"order":["b"]}'],
  ['{"tags":["a"]}', '{"tags":["b","a"]}', '{"tags":["b","a"]}'],
  ['{"tags":["a","b"]}', '{"$deleteFromPrimitiveList/tags":["a"]}', '{"tags":["b"]}'],
  [
    '{"tags":["a","b"]}',
    '{"tags":["c"],"$setElementOrder/tags":["c","b"],"$deleteFromPrimitiveList/tags":["a"]}',
    '{"tags":["c","b"]}',
  ],
  ['{}', '{"$deleteFromPrimitiveList/tags":["a"]}', '{}'],
  [
    '{"containers":[{"name":"a","image":"1"}]}',
    '{"containers":[{"name":"a","image":"2"}]}',
    '{"containers":[{"name":"a","image":"2"}]}',
  ],
  [
    '{"containers":[{"name":"a","image":"1"}]}',
    '{"containers":[{"name":"b"}]}',
    '{"containers":[{"name":"b"},{"name":"a","image":"1"}]}',
  ],
  [
    '{"containers":[{"name":"a"},{"name":"b"}]}',
    '{"containers":[{"$patch":"delete","name":"a"}]}',
    '{"containers":[{"name":"b"}]}',
  ],
  ['{"containers":[{"name":"a"}]}', '{"containers":[{"$patch":"delete","name":"z"}]}', '{"containers":[{"name":"a"}]}'],
  [
    '{"containers":[{"name":"a"}]}',
    '{"containers":[{"$patch":"replace"},{"name":"z"}]}',
    '{"containers":[{"name":"z"}]}',
  ],
  [
    '{"containers":[{"name":"a","image":"1"}]}',
    '{"containers":[{"$patch":"merge","name":"a","args":["x"]}]}',
    '{"containers":[{"name":"a","image":"1","args":["x"]}]}',
  ],
  ['{"containers":[{"name":"a"}]}', '{"containers":[{"image":"1"}]}', 500],
  ['{"containers":[{"name":"a"}]}', '{"containers":[{"$patch":"delete"}]}', 400],
  ['{"containers":[{"name":"a"}]}', '{"containers":[{"$patch":"explode","name":"a"}]}', 400],
  [
    '{"containers":[{"name":"a"},{"name":"b"}]}',
    '{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}]}',
    '{"containers":[{"name":"b"},{"name":"a"}]}',
  ],
  [
    '{"containers":[{"name":"a"},{"name":"s"},{"name":"b"}]}',
    '{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}]}',
    '{"containers":[{"name":"s"},{"name":"b"},{"name":"a"}]}',
  ],
  [
    '{"containers":[{"name":"a"},{"name":"s"}]}',
    '{"$setElementOrder/containers":[{"name":"n"},{"name":"a"}],"containers":[{"name":"n"}]}',
    '{"containers":[{"name":"n"},{"name":"a"},{"name":"s"}]}',
  ],
  [
    '{"containers":[{"name":"a","env":[{"name":"X","value":"1"}]}]}',
    '{"containers":[{"name":"a","env":[{"name":"Y","value":"2"}]}]}',
    '{"containers":[{"name":"a","env":[{"name":"Y","value":"2"},{"name":"X","value":"1"}]}]}',
  ],
  [
    '{"containers":[{"name":"a","args":["1"]}]}',
    '{"containers":[{"name":"a","args":["2"]}]}',
    '{"containers":[{"name":"a","args":["2"]}]}',
  ],
  [
    '{"strategy":{"type":"R","rolling":{"max":1}}}',
    '{"strategy":{"$retainKeys":["type"],"type":"Re"}}',
    '{"strategy":{"type":"Re"}}',
  ],
  ['{"strategy":{"type":"R","rolling":{"max":1}}}', '{"strategy":{"$retainKeys":["rolling"],"type":"Re"}}', 400],
  [
    '{"strategy":{"type":"R","rolling":{"max":1}}}',
    '{"strategy":{"$patch":"replace","type":"X"}}',
    '{"strategy":{"type":"X"}}',
  ],
  ['{"strategy":{"type":"R"}}', '{"strategy":{"$patch":"delete"}}', '{"strategy":{}}'],
  ['{"strategy":{"type":"R"}}', '{"strategy":{"$patch":"bogus"}}', 400],
  [
    '{"nodes":{"a":{"x":"1"}}}',
    '{"nodes":{"a":{"y":"2"},"b":{"z":null,"w":"3"}}}',
    '{"nodes":{"a":{"x":"1","y":"2"},"b":{"w":"3"}}}',
  ],
  ['{}', '{"containers":[{"name":"a"},{"$patch":"delete","name":"b"}]}', '{"containers":[{"name":"a"}]}'],
  ['{"open":{"a":[1]}}', '{"open":{"a":[2]}}', '{"open":{"a":[2]}}'],
  ['{"replicas":1}', '{"replicas":[1]}', '{"replicas":[1]}'],
];

/** [original, modified, current, result] of the spec. */
const THREE_WAY: [string, string, string, string][] = [
  ['{"replicas":1}', '{"replicas":2}', '{"replicas":1,"paused":true}', '{"replicas":2,"paused":true}'],
  ['{"replicas":1,"paused":true}', '{"paused":true}', '{"replicas":5,"paused":true}', '{"paused":true}'],
  ['{}', '{"paused":true}', '{"replicas":5}', '{"replicas":5,"paused":true}'],
  [
    '{"containers":[{"name":"a"},{"name":"b"}]}',
    '{"containers":[{"name":"a"}]}',
    '{"containers":[{"name":"a","image":"x"},{"name":"b"},{"name":"side"}]}',
    '{"containers":[{"name":"a","image":"x"},{"name":"side"}]}',
  ],
  ['{"tags":["a","b"]}', '{"tags":["b","c"]}', '{"tags":["a","b","z"]}', '{"tags":["b","c","z"]}'],
  ['{"order":["a"]}', '{"order":["b"]}', '{"order":["a","c"]}', '{"order":["b"]}'],
  [
    '{"nodes":{"a":{"x":"1","y":"1"}}}',
    '{"nodes":{"a":{"y":"2"}}}',
    '{"nodes":{"a":{"x":"1","y":"1","z":"9"}}}',
    '{"nodes":{"a":{"y":"2","z":"9"}}}',
  ],
];

function check(name: string, work: () => unknown, wanted: unknown): void {
  if (typeof wanted === 'number') {
    assert.throws(work, (error: unknown) => error instanceof StatusError && error.code === wanted, name);
  } else assert.deepEqual(JSON.parse(JSON.stringify(work())), wanted, name);
}

test('JSON patches', () => {
  for (const [document, operations, wanted] of JSON_PATCHES) {
    const before = JSON.stringify(document);
    check(JSON.stringify(operations), () => applyJsonPatch(document, operations as JsonObject[]), wanted);
    assert.equal(JSON.stringify(document), before, 'the document is not changed');
  }
});

test('merge patches', () => {
  for (const [document, patch, wanted] of MERGE_PATCHES) {
    check(JSON.stringify(patch), () => applyMergePatch(document, patch as JsonObject), wanted);
  }
});

test('a member named __proto__ stays a member', () => {
  const merged = applyMergePatch({}, json('{"__proto__":{"x":1}}'));
  assert.equal(JSON.stringify(merged), '{"__proto__":{"x":1}}');
  assert.equal(({} as JsonObject).x, undefined);
  const patched = applyJsonPatch({}, [json('{"op":"add","path":"/__proto__","value":{"x":1}}')]);
  assert.equal(JSON.stringify(patched), '{"__proto__":{"x":1}}');
});

test('strategic merge patches', () => {
  for (const [spec, patch, wanted] of STRATEGIC) {
    const before = { spec: json(spec) };
    const work = (): unknown => applyStrategicMerge(THING, before, { spec: json(patch) }).spec;
    check(`${spec} + ${patch}`, work, typeof wanted === 'number' ? wanted : json(wanted));
    assert.equal(JSON.stringify(before.spec), JSON.stringify(json(spec)), 'the object is not changed');
  }
});

test('three-way merges', () => {
  for (const [original, modified, current, wanted] of THREE_WAY) {
    const work = (): unknown =>
      threeWayStrategicMerge(THING, { spec: json(original) }, { spec: json(modified) }, { spec: json(current) }).spec;
    check(`${original} -> ${modified}`, work, json(wanted));
  }
});
