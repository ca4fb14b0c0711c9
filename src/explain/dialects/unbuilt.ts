/** API groups whose objects decide about traffic in layers that are not built yet, with the hop they decide at. */
export const UNBUILT_GROUPS: readonly (readonly [RegExp, UnbuiltLayer])[] = [
  [/^(security|networking|telemetry|extensions)\.istio\.io$/, 'mesh'],
  [/^policy\.linkerd\.io$/, 'mesh'],
  [/(^|\.)kuma\.io$/, 'mesh'],
  [/^(consul|split\.smi-spec|specs\.smi-spec|access\.smi-spec)\./, 'mesh'],
  [/^networkservicemesh\.io$/, 'nsm'],
  [/^crd\.projectcalico\.org$|^projectcalico\.org$/, 'network'],
  [/^crd\.antrea\.io$|^policy\.antrea\.io$/, 'network'],
];

/** Groups that hold much else: only these kinds of them decide about traffic. */
export const UNBUILT_KINDS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['k8s.ovn.org', new Set(['EgressFirewall'])],
  ['network.openshift.io', new Set(['EgressNetworkPolicy', 'NetNamespace'])],
  ['networking.gke.io', new Set(['FQDNNetworkPolicy'])],
  ['networking.k8s.aws', new Set(['ApplicationNetworkPolicy', 'ClusterNetworkPolicy'])],
  ['vpcresources.k8s.aws', new Set(['SecurityGroupPolicy'])],
  ['kubeovn.io', new Set(['Subnet', 'SecurityGroup'])],
  ['crd.nsx.vmware.com', new Set(['SecurityPolicy'])],
]);

export type UnbuiltLayer = 'mesh' | 'nsm' | 'network';

/** Kinds of those groups that say nothing about who may talk. */
export const HARMLESS_KINDS: ReadonlySet<string> = new Set([
  'Telemetry',
  'WasmPluginStatus',
  'ServiceProfileStatus',
  'IPPool',
  'IPAMBlock',
  'IPAMHandle',
  'BlockAffinity',
  'ClusterInformation',
  'FelixConfiguration',
  'BGPConfiguration',
  'BGPPeer',
  'IPPoolStatus',
  'IPReservation',
  'MeshMetric',
  'MeshTrace',
  'MeshAccessLog',
]);

/** Namespaces whose mesh objects count everywhere. */
export const ROOT_NAMESPACES = new Set(['istio-system', 'linkerd', 'kuma-system']);

/** Labels and annotations that put a pod into a mesh: of the namespace or of the pod. */
export const MESH_MARKS: readonly {
  readonly key: string;
  /** Values that switch it off. */
  readonly off: readonly string[];
  /** `tunnel` carries the flow on another port of the destination, `proxy` on the same one. */
  readonly way: 'tunnel' | 'proxy';
}[] = [
  { key: 'istio.io/dataplane-mode', off: ['none'], way: 'tunnel' },
  { key: 'istio-injection', off: ['disabled'], way: 'proxy' },
  { key: 'istio.io/rev', off: [], way: 'proxy' },
  { key: 'sidecar.istio.io/inject', off: ['false'], way: 'proxy' },
  { key: 'linkerd.io/inject', off: ['disabled'], way: 'proxy' },
  { key: 'kuma.io/sidecar-injection', off: ['disabled', 'false'], way: 'proxy' },
];
