import type { KubeObject } from '../../../kernel/index.ts';
import { parseAddress } from '../../engine/addresses.ts';
import { selects } from '../../engine/selectors.ts';
import { readSelector, readStringMap } from '../kubernetes/read.ts';
import type { AddressRange } from '../../model.ts';
import type { Workload } from '../kubernetes/workloads.ts';

type Fields = Readonly<Record<string, unknown>>;
const fields = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};

/** A network pods can be on: the cluster's, one that replaces it for some namespaces, or one beside it. */
export interface PodNetworkName {
  readonly kind: 'pod-network' | 'UDN' | 'CUDN' | 'NAD';
  readonly name: string;
}

export const POD_NETWORK: PodNetworkName = { kind: 'pod-network', name: 'pod-network' };

/** Which networks each workload is on. */
export interface WorkloadNetworks {
  readonly primary: PodNetworkName;
  readonly secondary: readonly PodNetworkName[];
}

const PRIMARY_LABEL = 'k8s.ovn.org/primary-user-defined-network';
const NETWORKS_ANNOTATION = 'k8s.v1.cni.cncf.io/networks';
export const POLICY_FOR_ANNOTATION = 'k8s.v1.cni.cncf.io/policy-for';

const roleOf = (spec: Fields): unknown => fields(spec.layer2).role ?? fields(spec.layer3).role;

/** Finds the network that replaces the cluster's in a namespace (OVN-Kubernetes user defined networks). */
function primaryNetworks(objects: readonly KubeObject[]): (workload: Workload) => PodNetworkName {
  const own = new Set<string>();
  const shared: { name: string; selector: ReturnType<typeof readSelector> }[] = [];
  for (const object of objects) {
    if (object.kind !== 'UserDefinedNetwork' && object.kind !== 'ClusterUserDefinedNetwork') continue;
    const spec = fields(object.spec);
    if (object.kind === 'UserDefinedNetwork') {
      if (roleOf(spec) === 'Primary') own.add(object.metadata.namespace || 'default');
    } else if (roleOf(fields(spec.network)) === 'Primary') {
      const selector = readSelector({ object: '', faults: [] }, spec.namespaceSelector, '/spec/namespaceSelector');
      shared.push({ name: object.metadata.name ?? '', selector });
    }
  }
  return workload => {
    const labels = workload.identity.namespaceLabels;
    // Only namespaces created with the label may have a primary network of their own.
    if (!labels.has(PRIMARY_LABEL)) return POD_NETWORK;
    if (own.has(workload.namespace)) return { kind: 'UDN', name: workload.namespace };
    const cluster = shared.find(({ selector }) => selects(selector, labels));
    return cluster ? { kind: 'CUDN', name: cluster.name } : POD_NETWORK;
  };
}

/** `a, ns/b@eth1` or a JSON list of {name, namespace}: the two forms of the networks annotation. */
function annotatedNetworks(text: string): string[] {
  const trimmed = text.trim();
  if (trimmed.startsWith('[')) {
    try {
      const parsed: unknown = JSON.parse(trimmed);
      if (!Array.isArray(parsed)) return [];
      return parsed.flatMap(entry => {
        const { name } = fields(entry);
        return typeof name === 'string' ? [name] : [];
      });
    } catch {
      return [];
    }
  }
  return trimmed.split(',').flatMap(part => bareName(part));
}

function bareName(part: string): string[] {
  const name = part.trim().split('@')[0]!.split('/').at(-1)!;
  return name === '' ? [] : [name];
}

function attachedNetworks(workload: Workload): string[] {
  const annotation = workload.annotations.get(NETWORKS_ANNOTATION);
  const networks = workload.spec.networks;
  const machine = Array.isArray(networks)
    ? networks.flatMap(entry => {
        const { networkName } = fields(fields(entry).multus);
        return typeof networkName === 'string' ? bareName(networkName) : [];
      })
    : [];
  return [...(annotation === undefined ? [] : annotatedNetworks(annotation)), ...machine];
}

/** Reads which networks each workload is on; attachments of networks nobody defined are left out. */
export function readNetworks(
  objects: readonly KubeObject[],
  workloads: readonly Workload[],
): ReadonlyMap<Workload, WorkloadNetworks> {
  const defined = new Set(
    objects.filter(object => object.kind === 'NetworkAttachmentDefinition').map(object => object.metadata.name ?? ''),
  );
  const primaryOf = primaryNetworks(objects);
  return new Map(
    workloads.map(workload => {
      const names = [...new Set(attachedNetworks(workload))].filter(name => defined.has(name));
      return [workload, { primary: primaryOf(workload), secondary: names.map(name => ({ kind: 'NAD', name })) }];
    }),
  );
}

/** Addresses in `addresses:` lists of a cloud-init network configuration, block or flow style. */
function cloudInitAddresses(workload: Workload): string[] {
  const volumes = Array.isArray(workload.spec.volumes) ? workload.spec.volumes : [];
  return volumes.flatMap(volume => {
    const { networkData } = fields(fields(volume).cloudInitNoCloud ?? fields(volume).cloudInitConfigDrive);
    if (typeof networkData !== 'string') return [];
    return [...networkData.matchAll(/\baddresses:((?:\s*[-[,]?\s*["']?[0-9a-fA-F.:]+\/\d+["']?\s*\]?)+)/g)].flatMap(
      ([, block]) => [...block!.matchAll(/[0-9a-fA-F.:]+(?=\/\d+)/g)].map(match => match[0]),
    );
  });
}

function annotatedAddresses(text: string, network: string): string[] {
  if (!text.trim().startsWith('[')) return [];
  try {
    const parsed: unknown = JSON.parse(text);
    return (Array.isArray(parsed) ? parsed : []).flatMap(entry => {
      const { name, ips } = fields(entry);
      return name === network && Array.isArray(ips) ? ips.map(ip => String(ip).split('/')[0]!) : [];
    });
  } catch {
    return [];
  }
}

/** The addresses documents give a workload on one secondary network. */
export function attachedAddresses(workload: Workload, network: string): AddressRange[] {
  const annotation = workload.annotations.get(NETWORKS_ANNOTATION) ?? '';
  return [...annotatedAddresses(annotation, network), ...cloudInitAddresses(workload)].flatMap(text => {
    const address = parseAddress(text);
    return address ? [{ family: address.family, first: address.value, last: address.value }] : [];
  });
}

/** The networks a MultiNetworkPolicy is for, by name. */
export function policyNetworks(object: KubeObject): string[] {
  const text = readStringMap(object.metadata.annotations).get(POLICY_FOR_ANNOTATION) ?? '';
  return text.split(',').flatMap(bareName);
}
