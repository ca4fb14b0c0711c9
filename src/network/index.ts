export { compareConnections, type Difference } from './analysis/difference.ts';
export { type Connection, listConnections } from './analysis/connections.ts';
export { applyEdit } from './analysis/edits.ts';
export { explain, findIdentity, type FlowQuestion, type PartyReference } from './analysis/explain.ts';
export { type Exposure, exposures } from './analysis/exposure.ts';
export { hangingRules, loneAddress } from './analysis/standings.ts';
export { podLabels } from './dialects/cilium/accounts.ts';
export { networkViews, type OriginOf, type Party, readSnapshot, type Snapshot } from './analysis/snapshot.ts';
export { type Network, type NetworkOptions, startNetwork } from './controller.ts';
export { removeNetwork } from './drivers/clean.ts';
export { RoutedPodNetwork as podNetwork, type PodNetworkOptions } from './drivers/podnetwork.ts';
export { NameServer } from './drivers/dns.ts';
export {
  type HeaderChange,
  HttpProxy,
  type HttpProxyOptions,
  type ProxyDecision,
  type RequestHead,
} from './drivers/httpproxy.ts';
export { type RootlessOptions, RootlessPodNetwork as rootlessPodNetwork } from './drivers/rootless.ts';
export { connectionsOf } from './engine/connectivity.ts';
export { Decisions } from './engine/decisions.ts';
export {
  type ConnectionSet,
  formatConnections,
  isEmpty as hasNoConnections,
  subtract as subtractConnections,
} from './engine/ports.ts';
export { networkFaults } from './faults.ts';
export { type FlowVerdict, LiveNetwork, type Sender } from './live.ts';
export type { Direction, Identity, Policy, Protocol, Rule } from './model.ts';
export { formatFlowLine, parseFlowLine } from './flowlines.ts';
export { FlowLog } from './flowlog.ts';
export { HOST_FIREWALL } from './hostview.ts';
export { countsConnection, type ObservedFlow } from './flows.ts';
export { OPTIONAL_REFS as policyRefs } from './policies.ts';
export { judgeEdits } from './testing/editworld.ts';
export type { Attachment, AttachRequest, PodConnection, PodInterface, PodNetwork } from './ports.ts';
