import type { Parsed } from '../../../base/index.ts';
import type { KubeObject } from '../../../kernel/index.ts';
import { networkFaults } from '../../faults.ts';
import type { Direction, PodPeer, Policy, Rule, Selector } from '../../model.ts';
import { NO_CONTEXT, type PolicyContext } from '../context.ts';
import { describeObject, inNamespace } from '../kubernetes/networkpolicy.ts';
import { onlyFields, readList, readObject, refuse } from '../kubernetes/read.ts';
import { type PolicyReading, readEndpoints, readNodeSelector, readPeers, unmodelled } from './peers.ts';
import { type PortGroup, readGroup, readIcmps } from './ports.ts';

const PEERS = ['Endpoints', 'Entities', 'CIDR', 'CIDRSet', 'Nodes', 'Requires', 'Groups'];
const COMMON = ['toPorts', 'icmps', 'authentication'];

/** Every field that is read or known to be unread ("Layer 3", "Layer 4" and "Layer 7" of the policy reference). */
const FIELDS = {
  spec: new Set([
    'endpointSelector',
    'nodeSelector',
    'ingress',
    'ingressDeny',
    'egress',
    'egressDeny',
    'enableDefaultDeny',
    // They say nothing about who is let through.
    'description',
    'labels',
    'log',
  ]),
  ingress: new Set([...PEERS.map(name => `from${name}`), ...COMMON]),
  egress: new Set([...PEERS.map(name => `to${name}`), 'toFQDNs', 'toServices', ...COMMON]),
} as const;

function readSection(
  reading: PolicyReading,
  spec: Readonly<Record<string, unknown>>,
  base: string,
  direction: Direction,
  deny: boolean,
): Rule[] {
  const section = deny ? `${direction}Deny` : direction;
  const side = direction === 'ingress' ? 'from' : 'to';
  return readList(reading, spec[section], `${base}/${section}`).flatMap((value, index): Rule[] => {
    const path = `${base}/${section}/${index}`;
    const rule = readObject(reading, value, path) ?? {};
    onlyFields(reading, rule, path, FIELDS[direction]);
    if (rule.authentication !== undefined) unmodelled(reading, `${path}/authentication`);
    const action = deny ? 'deny' : 'allow';
    const common = {
      direction,
      action,
      name: `${section}#${index + 1}`,
      peers: readPeers(reading, rule, side, path),
    } as const;
    const icmps = readIcmps(reading, rule.icmps, `${path}/icmps`);
    const list = readList(reading, rule.toPorts, `${path}/toPorts`);
    const groups = list.map((group, place) => readGroup(reading, group, `${path}/toPorts/${place}`));
    if (groups.length === 0) return [{ ...common, path, ports: rule.icmps === undefined ? 'any' : icmps }];
    const isOwn = ({ requests, learnsNames }: PortGroup): boolean => requests !== undefined || learnsNames === true;
    const plain = groups.filter(group => !isOwn(group)).flatMap(({ ports }) => ports);
    return [
      ...(plain.length + icmps.length > 0 || groups.every(group => !isOwn(group))
        ? [{ ...common, path, ports: [...plain, ...icmps] }]
        : []),
      ...groups.filter(isOwn).map(group => ({ ...common, ...group })),
    ];
  });
}

/** Labels no node has for policies unless Cilium is told so ("Limiting Identity-Relevant Labels"). */
const HIDDEN_NODE_LABELS = /^(kubernetes\.io|k8s\.io|io\.kubernetes|[^/]*beta\.kubernetes\.io|etcd_node|annotation)/;

/** Whose host firewall the policy is: cluster-wide ones with a node selector and no endpoint selector ("Host Policies"). */
function readForNodes(
  reading: PolicyReading,
  spec: Readonly<Record<string, unknown>>,
  base: string,
  namespace: string | undefined,
): Selector | undefined {
  if (spec.nodeSelector === undefined) return undefined;
  const path = `${base}/nodeSelector`;
  const selector = readNodeSelector(reading, spec.nodeSelector, path);
  const isRefused = namespace !== undefined || spec.endpointSelector !== undefined;
  if (isRefused)
    refuse(reading, path, 'a CiliumClusterwideNetworkPolicy without an endpointSelector', spec.nodeSelector);
  if (isRefused || selector.some(({ key }) => HIDDEN_NODE_LABELS.test(key))) unmodelled(reading, path);
  // Of what requests ask a host policy reads DNS alone.
  for (const direction of ['ingress', 'egress'] as const)
    for (const [index, rule] of readList(reading, spec[direction], `${base}/${direction}`).entries())
      if (/"http":/.test(JSON.stringify(rule))) unmodelled(reading, `${base}/${direction}/${index}/toPorts`);
  return selector;
}

function readSpec(object: KubeObject, value: unknown, base: string, context: PolicyContext): Parsed<Policy> {
  const namespace = object.kind === 'CiliumNetworkPolicy' ? object.metadata.namespace || 'default' : undefined;
  const reading: PolicyReading = {
    object: describeObject(object),
    faults: [],
    unmodelled: [],
    context,
    ...(namespace ? { namespace } : {}),
  };
  const spec = readObject(reading, value, base) ?? {};
  onlyFields(reading, spec, base, FIELDS.spec);
  const forNodes = readForNodes(reading, spec, base, namespace);
  const [own] =
    spec.endpointSelector === undefined
      ? []
      : readEndpoints(reading, spec.endpointSelector, `${base}/endpointSelector`);
  // Whom it selects is not known: it selects nobody here, and whoever it may mean gets no certain verdict.
  if (spec.endpointSelector !== undefined && !own)
    reading.faults.push(
      networkFaults.make(
        'not-modelled',
        { path: `${base}/endpointSelector` },
        `${reading.object}${base}/endpointSelector`,
      ),
    );
  // A namespaced policy never selects beyond its namespace, whatever its selector says.
  const subject = own && namespace ? { ...own, namespaces: [...own.namespaces, ...inNamespace(namespace)] } : own;
  const defaults = readObject(reading, spec.enableDefaultDeny, `${base}/enableDefaultDeny`) ?? {};
  const isolates = (direction: Direction): boolean => {
    const said = defaults[direction];
    const rules = [spec[direction], spec[`${direction}Deny`]].some(list => Array.isArray(list) && list.length > 0);
    return typeof said === 'boolean' ? said : rules;
  };
  const rules = (['ingress', 'egress'] as const).flatMap(direction => [
    ...readSection(reading, spec, base, direction, true),
    ...readSection(reading, spec, base, direction, false),
  ]);
  return {
    value: {
      kind: object.kind,
      ...(namespace ? { namespace } : {}),
      name: object.metadata.name ?? '',
      tier: 'namespace',
      priority: 0,
      subject: subject ?? NOBODY,
      isolates: { ingress: isolates('ingress'), egress: isolates('egress') },
      rules,
      unmodelled: reading.unmodelled,
      ...(forNodes === undefined ? {} : { forNodes }),
      where: { object: reading.object },
    },
    faults: reading.faults,
  };
}

/** Host policies and selectors that could not be read select no pod. */
const NOBODY: PodPeer = {
  kind: 'pods',
  namespaces: [],
  pods: [
    { key: '-', operator: 'Exists', values: [] },
    { key: '-', operator: 'DoesNotExist', values: [] },
  ],
};

/** Reads CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy (cilium.io/v2): `spec`, `specs`, or both. */
export function parseCiliumPolicy(object: KubeObject, context: PolicyContext = NO_CONTEXT): Parsed<Policy[]> {
  const several = Array.isArray(object.specs) ? (object.specs as unknown[]) : [];
  const parsed = [
    ...(object.spec === undefined ? [] : [readSpec(object, object.spec, '/spec', context)]),
    ...several.map((spec, index) => readSpec(object, spec, `/specs/${index}`, context)),
  ];
  return { value: parsed.map(entry => entry.value), faults: parsed.flatMap(entry => entry.faults) };
}
