import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTarget, verbOf } from './target.ts';

const ROWS: readonly (readonly [string, string, string])[] = [
  // method and URL; group/version namespace resource name subresource rest; verb
  ['GET /api/v1/pods', '/v1 - pods - - -', 'list'],
  ['GET /api/v1/namespaces/d/pods', '/v1 d pods - - -', 'list'],
  ['GET /api/v1/namespaces/d/pods?watch=1', '/v1 d pods - - -', 'watch'],
  ['GET /api/v1/watch/namespaces/d/pods', '/v1 d pods - - -', 'watch'],
  ['GET /api/v1/namespaces/d/pods/p/log', '/v1 d pods p log -', 'get'],
  ['POST /api/v1/namespaces/d/pods/p/proxy/a/b%2Fc/', '/v1 d pods p proxy a/b%2Fc/', 'create'],
  ['GET /api/v1/namespaces', '/v1 - namespaces - - -', 'list'],
  ['GET /api/v1/namespaces/d', '/v1 d namespaces d - -', 'get'],
  ['PUT /api/v1/namespaces/d/finalize', '/v1 d namespaces d finalize -', 'update'],
  ['PATCH /api/v1/namespaces/d/status', '/v1 d namespaces d status -', 'patch'],
  ['DELETE /apis/apps/v1/namespaces/d/deployments', 'apps/v1 d deployments - - -', 'deletecollection'],
  ['DELETE /apis/apps/v1/namespaces/d/deployments/x', 'apps/v1 d deployments x - -', 'delete'],
  ['PATCH /apis/apps/v1/namespaces/d/deployments/x/scale', 'apps/v1 d deployments x scale -', 'patch'],
  ['GET /api/v1/nodes/n%31', '/v1 - nodes n1 - -', 'get'],
  ['GET /api/v1/namespaces/d/services/https:web:443/proxy/', '/v1 d services https:web:443 proxy -', 'get'],
];

for (const [line, place, verb] of ROWS) {
  test(`request target: ${line}`, () => {
    const [method = '', url = ''] = line.split(' ');
    const target = parseTarget(url);
    const dash = (text: string): string => text || '-';
    assert.equal(target.isResource, true);
    assert.equal(
      [
        `${target.group}/${target.version}`,
        dash(target.namespace),
        target.resource,
        dash(target.name),
        dash(target.subresource),
        dash(target.rest),
      ].join(' '),
      place,
    );
    assert.equal(verbOf(method, target, target.query.startsWith('watch')), verb);
  });
}

for (const path of [
  '/',
  '/api',
  '/api/',
  '/api/v1',
  '/apis',
  '/apis/apps',
  '/apis/apps/v1',
  '/version',
  '/healthz/ping',
  '/apis//',
  '//',
]) {
  test(`no resource: ${path}`, () => assert.equal(parseTarget(path).isResource, false));
}
