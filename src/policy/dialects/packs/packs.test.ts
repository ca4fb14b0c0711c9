import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeDocuments, type KubeObject } from '../../../kernel/index.ts';
import { assess, CHECKS, PACKS } from './index.ts';
import type { ControlStatus } from './model.ts';

const read = (text: string): KubeObject[] =>
  decodeDocuments(text, { file: 'p.yaml' }).value.map(document => document.value as unknown as KubeObject);

/** What one check says of objects. */
function status(id: string, text: string): ControlStatus {
  const pack = { name: 'one', title: { en: '', zh: '' }, controls: [{ id, title: { en: '', zh: '' }, checks: [id] }] };
  return assess(pack, read(text))[0]!.status;
}

const pod = (spec: string, container = ''): string =>
  `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d, namespace: shop}\nspec: {template: {spec: {${spec ? `${spec}, ` : ''}containers: [{name: c, image: "r.example/a:1"${container ? `, ${container}` : ''}}]}}}\n---\n`;
const context = (text: string): string => pod('', `securityContext: {${text}}`);
const role = (rule: string): string =>
  `apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: r}\nrules: [${rule}]\n`;
const rule = (group: string, resource: string, verb: string): string =>
  role(`{apiGroups: ["${group}"], resources: ["${resource}"], verbs: ["${verb}"]}`);
const binding = (role: string, subject: string): string =>
  `apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: b}\nroleRef: {name: ${role}}\nsubjects: [${subject}]\n`;
const space = (more: string, labels = ''): string =>
  `apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {${labels}}}\n---\n${pod('')}${more}`;
const deny = (types: string): string =>
  `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: shop}\nspec: {podSelector: {}, policyTypes: [${types}]}\n`;
const component = (name: string, flags: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, namespace: kube-system}\nspec: {containers: [{name: c, image: x, command: [${name}, --port=1${flags ? `, "${flags}"` : ''}]}]}\n`;
const user = '{kind: User, name: ada}';

type Row = readonly [check: string, passes: string, fails: string];
const ROWS: readonly Row[] = [
  ['privileged', pod(''), context('privileged: true')],
  ['host-pid', pod(''), pod('hostPID: true')],
  ['host-ipc', pod(''), pod('hostIPC: true')],
  ['host-network', pod(''), pod('hostNetwork: true')],
  ['escalation', context('allowPrivilegeEscalation: false'), pod('')],
  ['non-root', pod('securityContext: {runAsNonRoot: true}'), context('runAsUser: 0')],
  ['no-net-raw', context('capabilities: {drop: [NET_RAW]}'), pod('')],
  [
    'no-added-capabilities',
    context('capabilities: {add: [NET_BIND_SERVICE]}'),
    context('capabilities: {add: [SYS_ADMIN]}'),
  ],
  ['drop-all', context('capabilities: {drop: [ALL]}'), context('capabilities: {drop: [NET_RAW]}')],
  ['host-process', pod(''), context('windowsOptions: {hostProcess: true}')],
  ['host-path', pod('volumes: [{name: v, emptyDir: {}}]'), pod('volumes: [{name: v, hostPath: {path: /}}]')],
  ['host-ports', pod('', 'ports: [{containerPort: 80}]'), pod('', 'ports: [{containerPort: 80, hostPort: 80}]')],
  [
    'seccomp',
    pod('securityContext: {seccompProfile: {type: RuntimeDefault}}'),
    context('seccompProfile: {type: Unconfined}'),
  ],
  ['security-context', context('runAsUser: 5'), pod('')],
  ['read-only-root', context('readOnlyRootFilesystem: true'), pod('')],
  ['limits', pod('', 'resources: {limits: {cpu: 1, memory: 1Gi}}'), pod('', 'resources: {limits: {cpu: 1}}')],
  ['probes', pod('', 'readinessProbe: {tcpSocket: {port: 1}}'), pod('')],
  ['image-pinned', pod(''), pod('').replace('r.example/a:1', 'r.example:5000/a')],
  ['image-digest', pod('').replace(':1"', `@sha256:${'0'.repeat(64)}"`), pod('')],
  ['image-pull-always', pod('', 'imagePullPolicy: Always'), pod('', 'imagePullPolicy: IfNotPresent')],
  ['no-secret-env', pod('', 'env: [{name: A, value: b}]'), pod('', 'envFrom: [{secretRef: {name: s}}]')],
  [
    'no-plain-secrets',
    pod('', 'env: [{name: DB_PASSWORD, valueFrom: {secretKeyRef: {name: s, key: k}}}]'),
    pod('', 'env: [{name: DB_PASSWORD, value: x}]'),
  ],
  ['no-token-mount', pod('automountServiceAccountToken: false'), pod('')],
  ['own-account', pod('serviceAccountName: a'), pod('')],
  ['not-default-namespace', pod(''), pod('').replace('namespace: shop', 'namespace: default')],
  ['no-runtime-socket', pod(''), pod('volumes: [{name: v, hostPath: {path: /run/containerd/containerd.sock}}]')],
  ['mandatory-access', pod(''), context('appArmorProfile: {type: Unconfined}')],
  ['cluster-admin', binding('view', user), binding('cluster-admin', user)],
  ['masters-group', binding('view', user), binding('view', '{kind: Group, name: "system:masters"}')],
  ['no-anonymous', binding('view', user), binding('view', '{kind: User, name: "system:anonymous"}')],
  [
    'default-account-unbound',
    binding('view', user),
    binding('view', '{kind: ServiceAccount, name: default, namespace: shop}'),
  ],
  ['secrets-access', rule('', 'configmaps', 'get'), rule('', 'secrets', 'list')],
  ['wildcards', rule('', 'pods', 'get'), rule('', '*', 'get')],
  ['create-pods', rule('', 'pods', 'get'), rule('', 'pods', 'create')],
  ['escalating-verbs', rule('', 'users', 'get'), rule('', 'users', 'impersonate')],
  ['create-volumes', rule('', 'persistentvolumes', 'get'), rule('', 'persistentvolumes', 'create')],
  ['node-proxy', rule('', 'nodes', 'get'), rule('', 'nodes/proxy', 'get')],
  [
    'approve-requests',
    rule('certificates.k8s.io', 'certificatesigningrequests', 'get'),
    rule('certificates.k8s.io', 'certificatesigningrequests/approval', 'update'),
  ],
  [
    'webhook-access',
    rule('', 'pods', 'get'),
    rule('admissionregistration.k8s.io', 'mutatingwebhookconfigurations', 'patch'),
  ],
  ['mint-tokens', rule('', 'serviceaccounts', 'get'), rule('', 'serviceaccounts/token', 'create')],
  ['exec-access', rule('', 'pods', 'get'), rule('', 'pods/exec', 'create')],
  [
    'account-no-token',
    'apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: default, namespace: shop}\nautomountServiceAccountToken: false\n',
    'apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: default, namespace: shop}\n',
  ],
  ['network-policy', space(deny('Ingress')), space('')],
  ['default-deny', space(deny('Ingress')), space(deny('Egress'))],
  ['egress-deny', space(deny('Egress')), space(deny('Ingress'))],
  ['quota', space('apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: q, namespace: shop}\n'), space('')],
  ['limit-range', space('apiVersion: v1\nkind: LimitRange\nmetadata: {name: l, namespace: shop}\n'), space('')],
  [
    'pod-security-level',
    space('', 'pod-security.kubernetes.io/enforce: baseline'),
    space('', 'pod-security.kubernetes.io/enforce: privileged'),
  ],
  ['policy-mechanism', space('', 'pod-security.kubernetes.io/enforce: restricted'), space('')],
  ['several-namespaces', space(''), 'apiVersion: v1\nkind: Namespace\nmetadata: {name: default}\n'],
  [
    'image-policy',
    'apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: p}\nspec: {rules: [{name: r, verifyImages: [{}]}]}\n',
    'apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: p}\nspec: {rules: [{name: r, validate: {}}]}\n',
  ],
  [
    'ingress-tls',
    'kind: Ingress\napiVersion: networking.k8s.io/v1\nmetadata: {name: i, namespace: shop}\nspec: {rules: [{host: a.b}], tls: [{hosts: [a.b]}]}\n',
    'kind: Ingress\napiVersion: networking.k8s.io/v1\nmetadata: {name: i, namespace: shop}\nspec: {rules: [{host: a.b}], tls: [{hosts: [c.d]}]}\n',
  ],
  [
    'no-node-port',
    'apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: shop}\nspec: {}\n',
    'apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: shop}\nspec: {type: NodePort}\n',
  ],
  [
    'no-external-ips',
    'apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: shop}\nspec: {}\n',
    'apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: shop}\nspec: {externalIPs: [192.0.2.1]}\n',
  ],
  [
    'webhooks-fail-closed',
    'apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: {name: w}\nwebhooks: [{name: a}]\n',
    'apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: {name: w}\nwebhooks: [{name: a, failurePolicy: Ignore}]\n',
  ],
  ...(
    [
      ['apiserver', 'anonymous-auth', '=false', '=true'],
      ['apiserver', 'token-auth-file', '', '=/tokens'],
      ['apiserver', 'kubelet-client-certificate', '=/a', ''],
      ['apiserver', 'kubelet-certificate-authority', '=/a', ''],
      ['apiserver', 'authorization-mode', '=Node,RBAC', '=Node,RBAC,AlwaysAllow'],
      ['apiserver', 'enable-admission-plugins', '=NodeRestriction', '=NodeRestriction,AlwaysAdmit'],
      ['apiserver', 'profiling', '=false', ''],
      ['apiserver', 'audit-log-path', '=/a', ''],
      ['apiserver', 'audit-log-maxage', '=30', '=29'],
      ['apiserver', 'audit-log-maxbackup', '=10', '=x'],
      ['apiserver', 'audit-log-maxsize', '=100', '=10'],
      ['apiserver', 'audit-policy-file', '=/a', ''],
      ['apiserver', 'service-account-key-file', '=/a', ''],
      ['apiserver', 'etcd-certfile', '=/a', ''],
      ['apiserver', 'etcd-cafile', '=/a', ''],
      ['apiserver', 'tls-cert-file', '=/a', ''],
      ['apiserver', 'client-ca-file', '=/a', ''],
      ['apiserver', 'encryption-provider-config', '=/a', ''],
      ['controller-manager', 'profiling', '=false', '=true'],
      ['controller-manager', 'use-service-account-credentials', '=true', ''],
      ['controller-manager', 'service-account-private-key-file', '=/a', ''],
      ['controller-manager', 'root-ca-file', '=/a', ''],
      ['controller-manager', 'bind-address', '=127.0.0.1', '=0.0.0.0'],
      ['scheduler', 'profiling', '=false', ''],
      ['scheduler', 'bind-address', '=127.0.0.1', ''],
      ['etcd', 'cert-file', '=/a', ''],
      ['etcd', 'client-cert-auth', '=true', ''],
      ['etcd', 'auto-tls', '', '=true'],
      ['etcd', 'peer-cert-file', '=/a', ''],
      ['etcd', 'peer-client-cert-auth', '', '=false'],
      ['etcd', 'peer-auto-tls', '=false', '=true'],
    ] as const
  ).map(([of, flag, good, bad]): Row => {
    const name = of === 'etcd' ? of : `kube-${of}`;
    const written = (value: string): string => component(name, value === '' ? '' : `--${flag}${value}`);
    // A flag without a value is true.
    const passes = of === 'etcd' && flag === 'peer-client-cert-auth' ? component(name, `--${flag}`) : written(good);
    return [`${of}:${flag}`, passes, written(bad)];
  }),
];

for (const [id, passes, fails] of ROWS)
  test(`${id}: objects that pass and objects that do not`, () => {
    assert.equal(status(id, passes), 'pass');
    assert.equal(status(id, fails), 'fail');
  });

test('every check has its row, and is asked by some pack', () => {
  assert.deepEqual(ROWS.map(([id]) => id).sort(), [...CHECKS.keys()].sort());
  const asked = new Set(PACKS.flatMap(({ controls }) => controls.flatMap(({ checks }) => checks)));
  assert.deepEqual(
    [...CHECKS.keys()].filter(id => !asked.has(id)),
    [],
  );
});

test('packs name checks that there are, controls once, and everything in both languages', () => {
  for (const { name, controls } of PACKS) {
    assert.equal(new Set(controls.map(({ id }) => id)).size, controls.length, name);
    for (const { id, checks, title } of controls) {
      assert.deepEqual(
        checks.filter(check => !CHECKS.has(check)),
        [],
        `${name} ${id}`,
      );
      assert.match(title.zh, /\p{Script=Han}/u, `${name} ${id}`);
      assert.doesNotMatch(title.en, /\p{Script=Han}/u, `${name} ${id}`);
    }
  }
});

test('what no object can prove, and what is not there, is not assessable; exempt namespaces are left out', () => {
  const cis = PACKS[0]!;
  const of = (objects: string, exempt: string[] = []) =>
    new Map(assess(cis, read(objects), new Set(exempt)).map(each => [each.control.id, each]));
  const none = of('');
  assert.ok([...none.values()].every(each => each.status === 'not-assessable' && each.why));
  assert.equal(of(pod('hostPID: true')).get('5.2.3')!.status, 'fail');
  assert.equal(of(pod('hostPID: true'), ['shop']).get('5.2.3')!.status, 'not-assessable');
  assert.equal(of(pod('')).get('4.2.1')!.status, 'not-assessable');
});

test('hostile objects are findings, not crashes', () => {
  const hostile =
    'apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: __proto__}\nspec: {containers: [null, 3, {name: constructor}], securityContext: []}\n';
  for (const pack of PACKS) assert.ok(assess(pack, read(hostile)).length > 0);
});
