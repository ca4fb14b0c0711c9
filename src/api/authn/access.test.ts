import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Wire, wire } from '../testing/client.ts';
import { issue, makeAuthority } from '../drivers/certificate.ts';
import { realClock, realRandom, type TestServer, testServer } from '../testing/server.ts';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const PODS = '/api/v1/namespaces/default/pods';
const ALICE = { name: 'alice', groups: ['system:authenticated'] };

let alice: Wire;

let admin: Wire;

let server: TestServer;

const role = (name: string, rules: object[]): object => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'Role',
  metadata: { name },
  rules,
});

const binding = (name: string, kind: string, to: string, user: string): object => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  metadata: { name },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: to },
  subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: user }],
});

async function checkAWrongTokenIs(): Promise<void> {
  using wrong = wire(server, { token: 'nonsense' });
  assert.equal((await wrong.send('GET', PODS)).status, 401);
  using nobody = wire(server, { anonymous: true });
  assert.equal((await nobody.send('GET', PODS)).status, 403);
  const refused = (await alice.send('GET', PODS)).json();
  assert.equal(
    refused.message,
    'pods is forbidden: User "alice" cannot list resource "pods" in API group "" in the namespace "default"',
  );
}

async function checkARoleGrantsAt(): Promise<void> {
  assert.equal(
    (
      await admin.send(
        'POST',
        `${RBAC}/namespaces/default/roles`,
        role('pods', [{ verbs: ['list'], apiGroups: [''], resources: ['pods'] }]),
      )
    ).status,
    201,
  );
  assert.equal(
    (await admin.send('POST', `${RBAC}/namespaces/default/rolebindings`, binding('pods', 'Role', 'pods', 'alice')))
      .status,
    201,
  );
  assert.equal((await alice.send('GET', PODS)).status, 200);
  assert.equal((await alice.send('GET', `${PODS}/x`)).status, 403);
  assert.equal((await alice.send('GET', '/api/v1/namespaces/kube-system/pods')).status, 403);
}

async function checkNobodyGivesAwayMore(): Promise<void> {
  await admin.send(
    'POST',
    `${RBAC}/namespaces/default/roles`,
    role('role-writer', [
      { verbs: ['*'], apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles', 'rolebindings'] },
    ]),
  );
  await admin.send(
    'POST',
    `${RBAC}/namespaces/default/rolebindings`,
    binding('role-writer', 'Role', 'role-writer', 'carol'),
  );
  const as = { 'impersonate-user': 'carol' };
  const grab = await admin.send(
    'POST',
    `${RBAC}/namespaces/default/roles`,
    role('grab', [{ verbs: ['get'], apiGroups: [''], resources: ['secrets'] }]),
    as,
  );
  assert.equal(grab.status, 201, 'verb * includes escalate');
  await admin.send(
    'PUT',
    `${RBAC}/namespaces/default/roles/role-writer`,
    role('role-writer', [
      { verbs: ['create', 'update'], apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles', 'rolebindings'] },
    ]),
  );
  const refused = await admin.send(
    'POST',
    `${RBAC}/namespaces/default/roles`,
    role('grab2', [{ verbs: ['get'], apiGroups: [''], resources: ['secrets'] }]),
    as,
  );
  assert.equal(refused.status, 403);
  assert.match(refused.text, /attempting to grant RBAC permissions not currently held/);
  const bound = await admin.send(
    'POST',
    `${RBAC}/namespaces/default/rolebindings`,
    binding('up', 'ClusterRole', 'cluster-admin', 'carol'),
    as,
  );
  assert.equal(bound.status, 403);
  const own = await admin.send(
    'POST',
    `${RBAC}/namespaces/default/roles`,
    role('less', [{ verbs: ['create'], apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles'] }]),
    as,
  );
  assert.equal(own.status, 201);
}

async function checkAggregatedRolesFollowTheir(): Promise<void> {
  const extra = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'extra', labels: { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' } },
    rules: [{ verbs: ['get'], apiGroups: ['example.com'], resources: ['widgets'] }],
  };
  await admin.send('POST', `${RBAC}/clusterroles`, extra);
  const until = performance.now() + 3_000;
  for (;;) {
    const view = (await admin.send('GET', `${RBAC}/clusterroles/view`)).text;
    const edit = (await admin.send('GET', `${RBAC}/clusterroles/edit`)).text;
    if (view.includes('widgets') && edit.includes('widgets')) break;
    assert.ok(performance.now() < until, 'aggregation did not happen');
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}

async function checkImpersonationNeedsItsOwn(): Promise<void> {
  const refused = await alice.send('GET', PODS, undefined, { 'impersonate-user': 'bob' });
  assert.match(refused.text, /cannot impersonate resource \\"users\\"/);
  const self = await admin.send(
    'POST',
    '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
    { 'impersonate-user': 'system:serviceaccount:ns:sa', 'impersonate-extra-acme.com%2fscope': 'dev' },
  );
  assert.deepEqual(self.json().status, {
    userInfo: {
      username: 'system:serviceaccount:ns:sa',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:ns', 'system:authenticated'],
      extra: { 'acme.com/scope': ['dev'] },
    },
  });
}

async function checkAccessAndRulesReviews(): Promise<void> {
  const review = (user: string, verb: string): Promise<unknown> =>
    admin
      .send('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        spec: { user, resourceAttributes: { namespace: 'default', verb, resource: 'pods' } },
      })
      .then(answer => (answer.json().status as { allowed: boolean }).allowed);
  assert.equal(await review('alice', 'list'), true);
  assert.equal(await review('alice', 'delete'), false);
  const rules = await alice.send('POST', '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectRulesReview',
    spec: { namespace: 'default' },
  });
  assert.equal(rules.status, 201);
  assert.match(rules.text, /"resources":\["pods"\]/);
}

async function checkServiceAccountTokensBound(): Promise<void> {
  const accounts = '/api/v1/namespaces/default/serviceaccounts';
  await admin.send('POST', accounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'robot' } });
  const request = (spec: object): Promise<{ status: number; text: string }> =>
    admin.send('POST', `${accounts}/robot/token`, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec,
    });
  assert.equal((await request({ expirationSeconds: 5 })).status, 422);
  const answer = await request({});
  assert.equal(answer.status, 201);
  const { token } = (JSON.parse(answer.text) as { status: { token: string } }).status;
  using robot = wire(server, { token });
  const self = await robot.send('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'SelfSubjectReview',
  });
  assert.match(self.text, /"username":"system:serviceaccount:default:robot"/);
  const [head = '', body = '', signature = ''] = token.split('.');
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as { sub: string };
  const forged = `${head}.${Buffer.from(JSON.stringify({ ...claims, sub: 'x' })).toString('base64url')}.${signature}`;
  using forger = wire(server, { token: forged });
  assert.equal((await forger.send('GET', PODS)).status, 401);
  const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${body}.`;
  using unsigned = wire(server, { token: none });
  assert.equal((await unsigned.send('GET', PODS)).status, 401);
  const other = JSON.parse((await request({ audiences: ['vault'] })).text) as { status: { token: string } };
  using elsewhere = wire(server, { token: other.status.token });
  assert.equal((await elsewhere.send('GET', PODS)).status, 401);
  const token2 = await admin.send('POST', '/apis/authentication.k8s.io/v1/tokenreviews', {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    spec: { token: other.status.token, audiences: ['vault'] },
  });
  assert.equal((token2.json().status as { authenticated: boolean }).authenticated, true);
  await admin.send('DELETE', `${accounts}/robot`);
  const review = await admin.send('POST', '/apis/authentication.k8s.io/v1/tokenreviews', {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    spec: { token },
  });
  assert.equal((review.json().status as { authenticated?: boolean }).authenticated, undefined);
}

async function checkBootstrapTokens(): Promise<void> {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const data = {
    'token-id': base64('abcdef'),
    'token-secret': base64('0123456789abcdef'),
    'usage-bootstrap-authentication': base64('true'),
  };
  await admin.send('POST', '/api/v1/namespaces/kube-system/secrets', {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'bootstrap.kubernetes.io/token',
    metadata: { name: 'bootstrap-token-abcdef' },
    data,
  });
  using joiner = wire(server, { token: 'abcdef.0123456789abcdef' });
  const self = await joiner.send('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'SelfSubjectReview',
  });
  assert.match(self.text, /system:bootstrappers/);
  using wrong = wire(server, { token: 'abcdef.0123456789abcdee' });
  assert.equal((await wrong.send('GET', PODS)).status, 401);
}

async function checkCertificates(): Promise<void> {
  const requests = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
  const pem = (der: string): string =>
    Buffer.from(
      `-----BEGIN CERTIFICATE REQUEST-----\n${Buffer.from(der, 'latin1').toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`,
    ).toString('base64');
  const body = (name: string, der: string): object => ({
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name },
    spec: {
      request: pem(der),
      signerName: 'kubernetes.io/kube-apiserver-client',
      usages: ['client auth'],
      username: 'root',
      groups: ['system:masters'],
    },
  });
  await admin.send('POST', `${RBAC}/clusterroles`, {
    metadata: { name: 'asker' },
    rules: [
      {
        verbs: ['create', 'update', 'get'],
        apiGroups: ['certificates.k8s.io'],
        resources: ['certificatesigningrequests', 'certificatesigningrequests/approval'],
      },
    ],
  });
  await admin.send('POST', `${RBAC}/clusterrolebindings`, {
    ...binding('asker', 'ClusterRole', 'asker', 'dave'),
    kind: 'ClusterRoleBinding',
  });
  const as = { 'impersonate-user': 'dave' };
  const made = await admin.send('POST', requests, body('dave', 'plain'), as);
  assert.equal(made.status, 201, made.text);
  const spec = made.json().spec as { username: string; groups: string[] };
  assert.deepEqual([spec.username, spec.groups], ['dave', ['system:authenticated']]);
  const grab = await admin.send('POST', requests, body('grab', '...system:masters...'), as);
  assert.equal(grab.status, 403);
  const approval = {
    ...made.json(),
    status: { conditions: [{ type: 'Approved', status: 'True', reason: 'x', message: 'y' }] },
  };
  const refused = await admin.send('PUT', `${requests}/dave/approval`, approval, as);
  assert.match(refused.text, /not permitted to approve requests with signerName/);
  assert.equal((await admin.send('PUT', `${requests}/dave/approval`, approval)).status, 200);
}

async function checkRoleRefStays(): Promise<void> {
  const path = `${RBAC}/namespaces/default/rolebindings`;
  await admin.send('POST', path, binding('fixed', 'ClusterRole', 'view', 'eve'));
  const changed = await admin.send('PUT', `${path}/fixed`, binding('fixed', 'ClusterRole', 'edit', 'eve'));
  assert.equal(changed.status, 422);
  assert.match(changed.text, /cannot change roleRef/);
}

async function checkForeignCertificate(): Promise<void> {
  const foreign = makeAuthority('elsewhere', 1, realClock, realRandom);
  const request = {
    commonName: 'kubernetes-admin',
    organizations: ['system:masters'],
    usage: 'client',
    days: 1,
  } as const;
  using stranger = wire(server, { certificate: issue(foreign, request, realClock, realRandom) });
  assert.equal((await stranger.send('GET', PODS)).status, 401);
  using ours = wire(server, { certificate: issue(server.api.pki.authority, request, realClock, realRandom) });
  assert.equal((await ours.send('GET', PODS)).status, 200);
  const serving = {
    commonName: 'kubernetes-admin',
    organizations: ['system:masters'],
    usage: 'server',
    days: 1,
  } as const;
  using misused = wire(server, { certificate: issue(server.api.pki.authority, serving, realClock, realRandom) });
  assert.equal((await misused.send('GET', PODS)).status, 401);
}

describe('who may do what', () => {
  before(async () => {
    server = await testServer({ tokens: new Map([['alice-token', ALICE]]) });
    admin = wire(server);
    alice = wire(server, { token: 'alice-token' });
  });
  after(async () => {
    admin[Symbol.dispose]();
    alice[Symbol.dispose]();
    await server[Symbol.asyncDispose]();
  });
  test('a wrong token is 401, nobody is 403, a stranger is 403 in the real words', checkAWrongTokenIs);
  test('a role grants at once, and only that', checkARoleGrantsAt);
  test('nobody gives away more than they have', checkNobodyGivesAwayMore);
  test('aggregated roles follow their labels', checkAggregatedRolesFollowTheir);
  test('impersonation needs its own permission', checkImpersonationNeedsItsOwn);
  test('access and rules reviews', checkAccessAndRulesReviews);
  test('service account tokens: bound, checked, gone with their account', checkServiceAccountTokensBound);
  test('bootstrap tokens', checkBootstrapTokens);
  test('certificate requests say who asks; approving needs the signer', checkCertificates);
  test('a binding keeps its role', checkRoleRefStays);
  test('only client certificates of our authority count', checkForeignCertificate);
});
