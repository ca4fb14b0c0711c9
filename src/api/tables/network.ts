import type { KubeObject } from '../../kernel/index.ts';
import {
  ageCell,
  at,
  type Fields,
  labelsCell,
  listAt,
  nameOf,
  selectorCell,
  shape,
  shortList,
  textAt,
} from './shape.ts';
import type { Cell, TableShape } from './shape.ts';

const SHOWN = 3;

const addressesOf = (object: KubeObject): string =>
  [...new Set(listAt(object, 'status.loadBalancer.ingress').map(one => textAt(one, 'ip') || textAt(one, 'hostname')))]
    .filter(Boolean)
    .sort()
    .join(',');

function externalAddress(service: KubeObject): string {
  const own = ((at(service, 'spec.externalIPs') ?? []) as string[]).join(',');
  switch (textAt(service, 'spec.type', 'ClusterIP')) {
    case 'LoadBalancer': {
      const given = addressesOf(service);
      if (own) return given ? `${given},${own}` : own;
      return given || '<pending>';
    }
    case 'ExternalName':
      return textAt(service, 'spec.externalName');
    default:
      return own || '<none>';
  }
}

const portText = (port: Fields): string =>
  typeof port.nodePort === 'number' && port.nodePort > 0
    ? `${String(port.port)}:${port.nodePort}/${textAt(port, 'protocol', 'TCP')}`
    : `${String(port.port)}/${textAt(port, 'protocol', 'TCP')}`;

function serviceCells(service: KubeObject, now_ms: number): Cell[] {
  const addresses = (at(service, 'spec.clusterIPs') ?? []) as string[];
  return [
    nameOf(service),
    textAt(service, 'spec.type', 'ClusterIP'),
    addresses[0] || textAt(service, 'spec.clusterIP', '<none>'),
    externalAddress(service),
    listAt(service, 'spec.ports').map(portText).join(',') || '<none>',
    ageCell(service, now_ms),
    labelsCell(at(service, 'spec.selector')),
  ];
}

function endpointsText(object: KubeObject): string {
  const all: string[] = [];
  for (const subset of listAt(object, 'subsets')) {
    const ports = listAt(subset, 'ports');
    for (const address of listAt(subset, 'addresses')) {
      const ip = textAt(address, 'ip');
      const host = ip.includes(':') ? `[${ip}]` : ip;
      if (ports.length === 0) all.push(ip);
      else for (const port of ports) all.push(`${host}:${String(port.port)}`);
    }
  }
  return all.length === 0 ? '<none>' : shortList(all, SHOWN);
}

function ingressCells(ingress: KubeObject, now_ms: number): Cell[] {
  const hosts = listAt(ingress, 'spec.rules')
    .map(rule => textAt(rule, 'host'))
    .filter(Boolean);
  return [
    nameOf(ingress),
    textAt(ingress, 'spec.ingressClassName', '<none>'),
    hosts.length === 0 ? '*' : shortList(hosts, SHOWN),
    addressesOf(ingress),
    listAt(ingress, 'spec.tls').length > 0 ? '80, 443' : '80',
    ageCell(ingress, now_ms),
  ];
}

function sliceCells(slice: KubeObject, now_ms: number): Cell[] {
  const ports = listAt(slice, 'ports').map(port =>
    port.port === undefined || port.port === null ? '*' : String(port.port),
  );
  const endpoints = listAt(slice, 'endpoints').flatMap(endpoint => (endpoint.addresses ?? []) as string[]);
  return [
    nameOf(slice),
    textAt(slice, 'addressType'),
    ports.length === 0 ? '<unset>' : shortList(ports, SHOWN),
    endpoints.length === 0 ? '<unset>' : shortList(endpoints, SHOWN),
    ageCell(slice, now_ms),
  ];
}

function parametersText(object: KubeObject): string {
  const parameters = at(object, 'spec.parameters');
  if (!parameters) return '<none>';
  const group = textAt(parameters, 'apiGroup');
  return `${textAt(parameters, 'kind')}${group ? `.${group}` : ''}/${textAt(parameters, 'name')}`;
}

export const NETWORK_SHAPES: readonly (readonly [string, TableShape])[] = [
  ['/Service', shape('Name|Type|Cluster-IP|External-IP|Port(s)|Age|Selector*', serviceCells)],
  [
    '/Endpoints',
    shape('Name|Endpoints|Age', (object, now_ms) => [nameOf(object), endpointsText(object), ageCell(object, now_ms)]),
  ],
  ['discovery.k8s.io/EndpointSlice', shape('Name|AddressType|Ports|Endpoints|Age', sliceCells)],
  ['networking.k8s.io/Ingress', shape('Name|Class|Hosts|Address|Ports|Age', ingressCells)],
  [
    'networking.k8s.io/IngressClass',
    shape('Name|Controller|Parameters|Age', (object, now_ms) => [
      nameOf(object),
      textAt(object, 'spec.controller'),
      parametersText(object),
      ageCell(object, now_ms),
    ]),
  ],
  [
    'networking.k8s.io/NetworkPolicy',
    shape('Name|Pod-Selector|Age', (object, now_ms) => [
      nameOf(object),
      selectorCell(at(object, 'spec.podSelector')),
      ageCell(object, now_ms),
    ]),
  ],
  [
    'networking.k8s.io/ServiceCIDR',
    shape('Name|CIDRs|Age', (object, now_ms) => [
      nameOf(object),
      ((at(object, 'spec.cidrs') ?? []) as string[]).join(','),
      ageCell(object, now_ms),
    ]),
  ],
  [
    'networking.k8s.io/IPAddress',
    shape('Name|ParentRef', object => {
      const parent = at(object, 'spec.parentRef');
      const parts = ['resource', 'namespace', 'name'].map(field => textAt(parent, field)).filter(Boolean);
      const group = textAt(parent, 'group');
      return [
        nameOf(object),
        parent ? (group ? `${parts[0]}.${group}/${parts.slice(1).join('/')}` : parts.join('/')) : '<none>',
      ];
    }),
  ],
];
