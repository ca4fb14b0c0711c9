import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeDocuments, type KubeObject } from '../../kernel/index.ts';
import { parseTarget } from './place.ts';
import { prepare } from './prepared.ts';
import { whyFlow } from './why.ts';

const POD = (name: string, labels: string, ports = '8080'): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, namespace: a, labels: {${labels}}}\nspec: {containers: [{name: c, ports: [{name: http, containerPort: ${ports}}]}]}\n---\n`;
const SERVICE = (name: string, selector: string, target = 'http'): string =>
  `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}, namespace: a}\nspec: {selector: {${selector}}, ports: [{port: 80, targetPort: ${target}}]}\n---\n`;
const DENY =
  'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: deny, namespace: a}\nspec: {podSelector: {matchLabels: {app: two}}, policyTypes: [Ingress]}\n---\n';
const BASE =
  POD('one', 'app: one') + POD('two', 'app: two') + POD('three', 'app: two, extra: x') + SERVICE('two', 'app: two');

function ask(text: string, source: string, destination: string, profile?: string): string {
  const { value, faults } = decodeDocuments(text, { file: 'f.yaml' });
  assert.deepEqual(faults, []);
  const objects = value.map(document => document.value as unknown as KubeObject);
  const { place, port } = parseTarget(destination);
  const journey = whyFlow(prepare({ objects, originOf: () => undefined }), {
    source: parseTarget(source).place,
    destination: place,
    protocol: 'TCP',
    ...(port === undefined ? {} : { port }),
    ...(profile ? { profile } : {}),
  });
  assert.equal(journey.outcome, journey.hops.find(hop => hop.outcome !== 'allow')?.outcome ?? 'allow');
  return journey.outcome;
}

/** A pod on the host's network, and where it and others run. */
const HOST = (node?: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: agent, namespace: a, labels: {app: two}}\nspec: {hostNetwork: true${node ? `, nodeName: ${node}` : ''}, containers: [{name: c, ports: [{containerPort: 8080}]}]}\n---\n`;
const ON = (text: string, node: string): string =>
  text.replaceAll('spec: {containers', `spec: {nodeName: ${node}, containers`);
const BLOCK =
  'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: block, namespace: a}\nspec: {podSelector: {matchLabels: {app: two}}, policyTypes: [Ingress], ingress: [{from: [{ipBlock: {cidr: CIDR}}]}]}\n---\n';
const AT = (text: string, ip: string): string => text.replaceAll('\n---', `\nstatus: {podIP: ${ip}}\n---`);
const ADMIN =
  'apiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\nmetadata: {name: admin}\nspec: {priority: 1, subject: {namespaces: {}}, ingress: [{action: Deny, from: [{namespaces: {}}]}]}\n---\n';
const BY_ACCOUNT =
  'apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: accounts, namespace: a}\nspec: {endpointSelector: {matchLabels: {app: two}}, ingress: [{fromEndpoints: [{matchLabels: {io.cilium.k8s.policy.serviceaccount: default}}]}]}\n---\n';

const rows: [name: string, text: string, source: string, destination: string, outcome: string, profile?: string][] = [
  ['nothing isolates: allowed', BASE, 'a/one', 'a/two', 'allow'],
  ['an isolating policy denies', BASE + DENY, 'a/one', 'a/two', 'deny'],
  ['the same through a named port', BASE + DENY, 'a/one', 'svc/a/two:80', 'deny'],
  ['flannel enforces nothing', BASE + DENY, 'a/one', 'a/two', 'allow', 'flannel'],
  ['on AWS it depends on the installation', BASE + DENY, 'a/one', 'a/two', 'unknown', 'aws'],
  ['no policy selects who is on the network of the host', BASE + HOST() + DENY, 'a/one', 'a/agent:8080', 'allow'],
  [
    'whether it is on the node of whom it asks is not written',
    BASE + HOST() + DENY,
    'a/agent',
    'pod/a/two:8080',
    'unknown',
  ],
  ['a node always reaches its pods', ON(BASE, 'n1') + HOST('n1') + DENY, 'a/agent', 'pod/a/two:8080', 'allow'],
  ['other nodes only where policy lets them', ON(BASE, 'n1') + HOST('n2') + DENY, 'a/agent', 'pod/a/two:8080', 'deny'],
  ['a block is of what is outside', BASE + BLOCK.replace('CIDR', '0.0.0.0/0'), 'a/one', 'pod/a/two:8080', 'deny'],
  [
    'Calico compares the addresses of pods with it',
    BASE + BLOCK.replace('CIDR', '0.0.0.0/0'),
    'a/one',
    'pod/a/two:8080',
    'allow',
    'calico',
  ],
  ['Cilium does not hold policies of administrators', BASE + ADMIN, 'a/one', 'pod/a/two:8080', 'unknown', 'cilium'],
  ['Tenon does', BASE + ADMIN, 'a/one', 'pod/a/two:8080', 'deny', 'tenon'],
  [
    'Cilium holds its own kinds',
    BASE + BY_ACCOUNT.replace('default', 'other'),
    'a/one',
    'pod/a/two:8080',
    'deny',
    'cilium',
  ],
  ['Calico does not', BASE + BY_ACCOUNT.replace('default', 'other'), 'a/one', 'pod/a/two:8080', 'unknown', 'calico'],
  [
    'which of them the pod will have is not known',
    BASE + BLOCK.replace('CIDR', '10.1.0.0/16'),
    'a/one',
    'pod/a/two:8080',
    'unknown',
    'calico',
  ],
  [
    'a pod that runs has its address',
    AT(BASE, '10.2.0.7') + BLOCK.replace('CIDR', '10.1.0.0/16'),
    'a/one',
    'pod/a/two:8080',
    'deny',
    'kindnet',
  ],
  [
    'a pod has the service account it names, or the default one',
    BASE + BY_ACCOUNT,
    'pod/a/one',
    'pod/a/two:8080',
    'allow',
  ],
  ['a port the Service lacks', BASE, 'a/one', 'a/two:81', 'deny'],
  ['a Service nobody stands behind', BASE + SERVICE('none', 'app: nobody'), 'a/one', 'a/none', 'deny'],
  ['backends that do not agree', BASE + DENY.replace('{app: two}', '{extra: x}'), 'a/one', 'a/two', 'unknown'],
  [
    'an object of a mesh makes it unknown',
    `${BASE}apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: m, namespace: a}\nspec: {}\n`,
    'a/one',
    'a/two',
    'unknown',
  ],
  [
    'a mesh object of another namespace does not',
    `${BASE}apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: m, namespace: b}\nspec: {}\n`,
    'a/one',
    'a/two',
    'allow',
  ],
  [
    'a deny stays a deny whatever a mesh says',
    `${BASE}${DENY}apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: m, namespace: a}\nspec: {}\n`,
    'a/one',
    'a/two',
    'deny',
  ],
  ['a name outside', BASE, 'a/one', 'example.com:443', 'unknown'],
  ['an address outside, no egress policy', BASE, 'a/one', '8.8.8.8:53', 'allow'],
];

for (const [name, text, source, destination, outcome, profile] of rows) {
  test(name, () => assert.equal(ask(text, source, destination, profile), outcome));
}

const HTTP_RULE =
  'apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: reads, namespace: a}\nspec: {endpointSelector: {matchLabels: {app: two}}, ingress: [{toPorts: [{ports: [{port: "8080", protocol: TCP}], rules: {http: [{method: GET, path: "/public/.*"}]}}]}]}\n---\n';

const requests: readonly (readonly [path: string | undefined, method: string | undefined, outcome: string])[] = [
  ['/public/list', 'GET', 'allow'],
  ['/public/list', 'POST', 'deny'],
  ['/private', 'GET', 'deny'],
  [undefined, undefined, 'unknown'],
];

for (const [path, method, outcome] of requests) {
  test(`a rule about requests, asked about ${method ?? 'no'} ${path ?? 'request'}: ${outcome}`, () => {
    const { value } = decodeDocuments(BASE + HTTP_RULE, { file: 'f.yaml' });
    const objects = value.map(document => document.value as unknown as KubeObject);
    const journey = whyFlow(prepare({ objects, originOf: () => undefined }), {
      source: parseTarget('a/one').place,
      destination: parseTarget('a/two').place,
      port: 80,
      protocol: 'TCP',
      ...(path === undefined ? {} : { path }),
      ...(method === undefined ? {} : { http: { method } }),
    });
    assert.equal(journey.outcome, outcome);
  });
}
