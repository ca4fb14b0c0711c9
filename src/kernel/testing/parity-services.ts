import type { Scene, SceneRequest } from './parity-requests.ts';

const SERVICES = '/api/v1/namespaces/default/services';

const make = (name: string, spec: string): SceneRequest => [
  `POST ${SERVICES}`,
  `{apiVersion: v1, kind: Service, metadata: {name: ${name}}, spec: {ports: [{port: 80}], ${spec}}}`,
];
const patch = (name: string, spec: string): SceneRequest => [`PATCH ${SERVICES}/${name} merge`, `{spec: {${spec}}}`];
const remove = (name: string): SceneRequest => [`DELETE ${SERVICES}/${name}`];

let made = 0;
/** One service: how it is made, then one change after the other. */
function life(spec: string, ...changes: readonly string[]): Scene {
  const name = `s${++made}`;
  return {
    name: `a service with ${spec || 'nothing'}, then ${changes.join(' then ') || 'no change'}`,
    requests: [
      make(name, spec),
      ...changes.map(change => patch(name, change)),
      [`GET ${SERVICES}/${name}`],
      remove(name),
    ],
  };
}

const SCENES: readonly Scene[] = [
  life(''),
  life('ipFamilyPolicy: SingleStack'),
  life('ipFamilyPolicy: PreferDualStack'),
  life('ipFamilyPolicy: RequireDualStack'),
  life('ipFamilyPolicy: Both'),
  life('ipFamilies: [IPv4]'),
  life('ipFamilies: [IPv6]'),
  life('ipFamilies: [IPv4, IPv6]'),
  life('ipFamilies: [IPv6, IPv4], ipFamilyPolicy: PreferDualStack'),
  life('ipFamilies: [IPv6, IPv4], ipFamilyPolicy: RequireDualStack'),
  life('ipFamilies: [IPv4, IPv4]'),
  life('ipFamilies: [IPv5]'),
  life('ipFamilies: [IPv6], ipFamilyPolicy: PreferDualStack'),
  life('clusterIP: None'),
  life('clusterIP: None, selector: {a: b}'),
  life('clusterIP: None, ipFamilyPolicy: SingleStack'),
  life('clusterIP: None, selector: {a: b}, ipFamilyPolicy: RequireDualStack'),
  life('clusterIP: None, clusterIPs: [None, None]'),
  life('clusterIP: None, ipFamilies: [IPv6]', 'ipFamilies: [IPv4, IPv6]', 'ipFamilies: [IPv4]', 'selector: {a: b}'),
  life('clusterIP: 10.0.0.20'),
  life('clusterIPs: [10.0.0.21]'),
  life('clusterIP: 10.0.0.22, clusterIPs: [10.0.0.23]'),
  life('clusterIP: 10.0.0.24, clusterIPs: [10.0.0.24, 10.0.0.25]'),
  life('clusterIP: 10.0.0.26, clusterIPs: [10.0.0.26, "fd00:9::26"]'),
  life('clusterIP: 10.0.0.27, clusterIPs: [10.0.0.27, "fd00:9::27"], ipFamilyPolicy: PreferDualStack'),
  life('clusterIP: "fd00:9::28", clusterIPs: ["fd00:9::28", 10.0.0.28], ipFamilyPolicy: RequireDualStack'),
  life('clusterIP: "fd00:9::29", ipFamilies: [IPv4]'),
  life('clusterIP: "fd00:9::2a"'),
  life('clusterIP: 10.0.0.30, ipFamilies: [IPv6]'),
  life('clusterIP: 10.0.0.31, clusterIPs: [10.0.0.31, "fd00:9::31", 10.0.0.32], ipFamilyPolicy: RequireDualStack'),
  life('clusterIP: 10.0.0.33, clusterIPs: [10.0.0.33, x], ipFamilyPolicy: RequireDualStack'),
  life('clusterIP: 10.0.0.300'),
  life('clusterIP: 10.9.0.1'),
  life('clusterIP: "fd01::1"'),
  life('type: ExternalName, externalName: a.example'),
  life('type: ExternalName, externalName: a.example, internalTrafficPolicy: Local', 'internalTrafficPolicy: Cluster'),
  life('type: ExternalName, externalName: a.example, clusterIP: None'),
  life('type: ExternalName, externalName: a.example, clusterIP: ""'),
  life('loadBalancerClass: a.example/b'),
  life('type: LoadBalancer, loadBalancerClass: "a b"'),
  life('type: LoadBalancer, clusterIP: None'),
  life('type: ExternalName, externalName: a.example, clusterIP: 10.0.0.34'),
  life('type: ExternalName, externalName: a.example, ipFamilies: [IPv4], ipFamilyPolicy: SingleStack'),
  life('', 'ipFamilyPolicy: PreferDualStack', 'ipFamilyPolicy: SingleStack'),
  life('', 'ipFamilyPolicy: RequireDualStack', 'ipFamilyPolicy: PreferDualStack', 'ipFamilies: [IPv4]'),
  life('', 'ipFamilies: [IPv6]'),
  life('', 'ipFamilies: [IPv6, IPv4], ipFamilyPolicy: RequireDualStack'),
  life('', 'ipFamilies: null', 'clusterIP: null', 'clusterIPs: null', 'clusterIP: null, clusterIPs: null'),
  life('', 'clusterIP: 10.0.0.40', 'clusterIP: 10.0.0.40, clusterIPs: [10.0.0.40]', 'clusterIP: None', 'clusterIP: ""'),
  life('clusterIP: None', 'clusterIP: 10.0.0.41', 'clusterIP: null, clusterIPs: null', 'clusterIP: ""'),
  life('ipFamilyPolicy: PreferDualStack', 'ipFamilies: [IPv4]', 'ipFamilies: [IPv4], ipFamilyPolicy: SingleStack'),
  life('ipFamilyPolicy: PreferDualStack', 'ipFamilyPolicy: null', 'ipFamilies: null', 'clusterIPs: null'),
  life('ipFamilyPolicy: RequireDualStack', 'ipFamilyPolicy: SingleStack', 'ipFamilyPolicy: RequireDualStack'),
  life('ipFamilyPolicy: SingleStack', 'clusterIPs: [10.0.0.42, "fd00:9::42"], ipFamilyPolicy: PreferDualStack'),
  life(
    'clusterIP: 10.0.0.43',
    'clusterIPs: [10.0.0.43, "fd00:9::43"], ipFamilyPolicy: PreferDualStack',
    'clusterIPs: [10.0.0.43]',
  ),
  life('clusterIP: 10.0.0.44', 'type: ExternalName, externalName: a.example', 'type: ClusterIP', 'externalName: null'),
  life('ipFamilyPolicy: PreferDualStack', 'type: ExternalName, externalName: a.example', 'type: NodePort'),
  life('type: ExternalName, externalName: a.example', 'type: ClusterIP, clusterIP: 10.0.0.45'),
  life('type: NodePort', 'type: ClusterIP', 'type: LoadBalancer', 'externalTrafficPolicy: Local', 'type: ClusterIP'),
  life(
    'type: NodePort',
    'ports: [{port: 81}]',
    'ports: [{port: 81, name: a}, {port: 82, name: b}]',
    'type: ExternalName, externalName: a.b',
  ),
  life(
    'type: LoadBalancer, allocateLoadBalancerNodePorts: false',
    'allocateLoadBalancerNodePorts: true',
    'type: ClusterIP',
  ),
  life(
    'type: LoadBalancer, loadBalancerClass: a.example/b',
    'loadBalancerClass: a.example/c',
    'type: NodePort',
    'type: LoadBalancer',
  ),
  life(
    'type: LoadBalancer, externalTrafficPolicy: Local',
    'externalTrafficPolicy: Cluster',
    'type: ClusterIP',
    'externalIPs: [1.2.3.4]',
  ),
  life('type: NodePort, ports: [{port: 80, nodePort: 80}]'),
  life('type: NodePort, ports: [{port: 80, name: a, protocol: TCP}, {port: 80, name: b, protocol: UDP}]'),
  life(
    'type: ClusterIP, internalTrafficPolicy: Local',
    'type: ExternalName, externalName: a.b',
    'internalTrafficPolicy: Local',
  ),
  life(
    'clusterIP: 10.0.0.20',
    'ports: [{port: 0}]',
    'selector: {a: b}',
    'sessionAffinity: ClientIP',
    'sessionAffinity: None',
  ),
  {
    name: 'an address belongs to one service',
    requests: [
      make('one', 'clusterIP: 10.0.0.50'),
      make('two', 'clusterIP: 10.0.0.50'),
      ['GET /apis/networking.k8s.io/v1/ipaddresses/10.0.0.50'],
      remove('one'),
      ['GET /apis/networking.k8s.io/v1/ipaddresses/10.0.0.50'],
      make('two', 'clusterIP: 10.0.0.50'),
      ['DELETE /apis/networking.k8s.io/v1/ipaddresses/10.0.0.50'],
      remove('two'),
    ],
  },
  {
    name: 'an update may make a service, and one without its addresses keeps them',
    requests: [
      make('put', 'ipFamilyPolicy: PreferDualStack'),
      [`PUT ${SERVICES}/put`, '{apiVersion: v1, kind: Service, metadata: {name: put}, spec: {ports: [{port: 81}]}}'],
      [
        `PUT ${SERVICES}/put`,
        '{apiVersion: v1, kind: Service, metadata: {name: put}, spec: {ports: [{port: 81}], clusterIP: 10.0.0.60}}',
      ],
      [`PUT ${SERVICES}/new`, '{apiVersion: v1, kind: Service, metadata: {name: new}, spec: {ports: [{port: 81}]}}'],
      remove('put'),
      remove('new'),
    ],
  },
  {
    name: 'a trial takes no address',
    requests: [
      [
        `POST ${SERVICES}?dryRun=All`,
        '{apiVersion: v1, kind: Service, metadata: {name: dry}, spec: {ports: [{port: 80}]}}',
      ],
      [
        `POST ${SERVICES}?dryRun=All`,
        '{apiVersion: v1, kind: Service, metadata: {name: dry}, spec: {ports: [{port: 80}], clusterIP: 10.8.0.1}}',
      ],
      [
        `POST ${SERVICES}?dryRun=All`,
        '{apiVersion: v1, kind: Service, metadata: {name: dry}, spec: {ports: [{port: 80}], clusterIP: 10.0.0.1}}',
      ],
    ],
  },
];

/** Families and addresses of services: every way to say and to change them. */
export const SERVICE_SCENES: readonly Scene[] = SCENES.map(scene => ({ ...scene, addresses: true }));
