/** Who may talk to whom in a run, by the very engines that enforce and explain: policies, Services, routes of the edge. */
import type { Clock, Random } from '../../../base/index.ts';
import { EDGE } from '../../../explain/index.ts';
import type { Client, kinds, ResourceRef } from '../../../kernel/index.ts';
import { explainRoute, type MeshReads } from '../../../mesh/index.ts';
import { type FlowVerdict, type Identity, LiveNetwork, type Sender } from '../../../network/index.ts';
import type { RequestTarget } from '../scenario/model.ts';
import { MeshSigns } from './reach-mesh.ts';
import { clusterName, isAddress } from './reach-names.ts';
import type { Reach, RequestHead, RequestSource, Route } from './reach-port.ts';

const SERVED: readonly ResourceRef[] = [{ group: 'networking.k8s.io', version: 'v1', resource: 'ingresses' }];
const NAMESPACES: ResourceRef = { group: '', version: 'v1', resource: 'namespaces' };
const DNS_PORT = 53;
/** Entries of a list of pods that tells shares by how often it names each. */
const SHARES_MAX = 1000;

const NOWHERE: Route = { outcome: 'dns', pods: [] };
const EMPTY: Route = { outcome: 'no-endpoint', pods: [] };
const UNREAD: Route = { outcome: 'unknown', pods: [], by: 'the cluster has not been read yet' };

interface Asking {
  readonly sender: Sender;
  readonly pod?: kinds.Pod;
  /** The proxy at the edge, whose labels nobody knows: only rules for anybody let it through for certain. */
  readonly edge?: true;
}

type Request = { readonly path: string; readonly host: string } & RequestHead;

/** Answers are kept until something they hang on changes. */
class LiveReach implements Reach {
  readonly #network: LiveNetwork;
  readonly #signs: MeshSigns;
  readonly #known = new Map<string, Map<RequestTarget, Route>>();
  #seen = -1;
  /** Whether the answer just made holds for every request on the connection. */
  #byRequest = false;

  #dns: { readonly labels: unknown; readonly identity: Identity } | undefined;

  constructor(network: LiveNetwork) {
    this.#network = network;
    for (const ref of SERVED) network.follow(ref);
    this.#signs = new MeshSigns(network);
  }

  get version(): number {
    return this.#network.version;
  }

  route(from: RequestSource, to: RequestTarget, http: RequestHead): Route {
    if (this.#seen !== this.#network.version) {
      this.#known.clear();
      this.#seen = this.#network.version;
    }
    const key = from.kind === 'pod' ? `${from.namespace}/${from.name}` : `${from.zone ?? ''} ${from.address ?? ''}`;
    let known = this.#known.get(key);
    if (!known) this.#known.set(key, (known = new Map()));
    const found = known.get(to);
    if (found) return found;
    this.#byRequest = false;
    const route = this.#network.ready ? this.#find(from, to, http) : UNREAD;
    if (!this.#byRequest) known.set(to, route);
    return route;
  }

  #find(from: RequestSource, to: RequestTarget, http: RequestHead): Route {
    const asking = this.#askingOf(from);
    if (!asking) return { outcome: 'unknown', pods: [], by: 'nobody has the name of the sender' };
    const request: Request = { ...http, path: to.path, host: to.kind === 'host' ? to.host : '' };
    if (to.kind === 'service') return this.#toService(asking, `${to.namespace}/${to.name}`, to.port, request);
    if (isAddress(to.host)) return this.#toAddress(asking, to.host, to.port, request);
    const service = asking.pod && clusterName(to.host, asking.pod.metadata.namespace ?? 'default', this.#isNamespace);
    if (asking.pod && service) {
      const names = this.#mayLookUp(asking.sender, to.host);
      if (names.outcome !== 'allow') return { outcome: 'dns', pods: [], ...(names.by ? { by: names.by } : {}) };
      return this.#toService(asking, service, to.port, request);
    }
    return this.#toEdge(to, request);
  }

  readonly #isNamespace = (name: string): boolean =>
    this.#network.informers.of<kinds.Namespace>(NAMESPACES).get(name) !== undefined;

  #askingOf(from: RequestSource): Asking | undefined {
    if (from.kind === 'pod') {
      const pod = this.#network.pod(from.namespace, from.name);
      return pod && { sender: this.#network.senderOf(pod), pod };
    }
    if (from.address !== undefined) return { sender: this.#network.senderAt(from.address) };
    return { sender: this.#network.someone(from.zone === undefined ? 'internet' : 'anywhere') };
  }

  #mayLookUp(sender: Sender, host: string): FlowVerdict {
    const labels = this.#network.informers.of<kinds.Namespace>(NAMESPACES).get('kube-system')?.metadata.labels;
    if (!this.#dns || this.#dns.labels !== labels) this.#dns = { labels, identity: nameServer(labels ?? {}) };
    const server = this.#network.stranger('dns', this.#dns.identity);
    return this.#network.decideBetween(sender, server, DNS_PORT, 'UDP', { kind: 'dns', name: host });
  }

  #toService(asking: Asking, service: string, port: number | string | undefined, request: Request): Route {
    const node = asking.pod?.spec?.nodeName;
    const found = this.#network.services.resolve(service, port, node);
    if (found.kind === 'none') return NOWHERE;
    if (found.kind === 'no-port') return { ...EMPTY, by: `Service ${service} has no such port` };
    if (found.kind === 'elsewhere')
      return { outcome: 'unknown', pods: [], by: `Service ${service} leads out of the cluster to ${found.name}` };
    const { endpoints, sticky } = found;
    const { address } = asking.sender;
    const asked =
      sticky && address !== undefined && endpoints.length > 0
        ? [endpoints[placeOf(address, endpoints.length)]!]
        : endpoints;
    return this.#toEndpoints(asking, asked, request, service.slice(0, service.indexOf('/')));
  }

  #toAddress(asking: Asking, address: string, port: number | string | undefined, request: Request): Route {
    if (typeof port === 'string') return { ...EMPTY, by: `an address has no port named ${port}` };
    const service = this.#network.services.at(address);
    if (service !== undefined) return this.#toService(asking, service, port, request);
    const route = this.#toEndpoints(asking, [{ address, port: port ?? 80 }], request, undefined);
    if (route.outcome !== 'allow' || this.#network.podAt(address)) return route;
    return { outcome: 'unknown', pods: [], by: `nothing is known of ${address}` };
  }

  /** Every endpoint is asked about: those that refuse are told apart, one that is unknown makes all of it so. */
  #toEndpoints(
    asking: Asking,
    endpoints: readonly { readonly address: string; readonly port: number }[],
    request: Request,
    namespace: string | undefined,
  ): Route {
    if (endpoints.length === 0) return EMPTY;
    const unbuilt = this.#signs.between(asking.pod, namespace);
    const pods: string[] = [];
    const refusing: string[] = [];
    let by: string | undefined;
    let denied: string | undefined;
    for (const { address, port } of endpoints) {
      const mark = this.#signs.at(asking.pod, this.#network.podAt(address));
      const verdict = this.#decide(asking, address, port, request);
      if (verdict.byRequest) this.#byRequest = true;
      // Through a tunnel the flow has another port: what policy says of this one decides nothing.
      if (mark?.tunnel) return { outcome: 'unknown', pods: [], by: mark.text };
      if (verdict.outcome === 'deny') {
        refusing.push(address);
        denied ??= verdict.by;
        continue;
      }
      const unsure = verdict.outcome === 'unknown' ? (verdict.by ?? 'policy') : (mark?.text ?? unbuilt);
      if (unsure !== undefined) return { outcome: 'unknown', pods: [], by: unsure };
      pods.push(address);
      by ??= verdict.by;
    }
    if (pods.length === 0) return { outcome: 'deny', pods: [], ...(denied ? { by: denied } : {}) };
    return {
      outcome: 'allow',
      pods,
      ...(refusing.length > 0 ? { refusing } : {}),
      ...((denied ?? by) ? { by: denied ?? by! } : {}),
    };
  }

  #decide({ sender, edge }: Asking, address: string, port: number, request: Request): FlowVerdict {
    const { method, path, host, headers } = request;
    const http = { kind: 'http', method, path, host: headers.host ?? host, headers } as const;
    const verdict = this.#network.decide(sender, address, port, 'TCP', http);
    return edge && verdict.outcome === 'deny' ? { ...verdict, outcome: 'unknown' } : verdict;
  }

  /** By Ingress and routes to the Services they name, each with its share. */
  #toEdge(to: Extract<RequestTarget, { kind: 'host' }>, request: Request): Route {
    const [path = '/', query = ''] = request.path.split('?');
    const { method, headers } = request;
    const port = typeof to.port === 'number' ? { port: to.port } : {};
    this.#byRequest = true;
    const answer = explainRoute({ host: to.host, path, query, method, headers, ...port }, this.#reads);
    if (!answer) return NOWHERE;
    const by =
      'default' in answer.by ? answer.by.default.en : `${answer.by.kind} ${answer.by.namespace}/${answer.by.name}`;
    if (answer.outcome === 'unknown') return { outcome: 'unknown', pods: [], by };
    if (answer.outcome !== 'value') return { ...EMPTY, by };
    const edge = EDGE.kind === 'pod' ? EDGE.identity : undefined;
    const asking: Asking = { sender: this.#network.stranger('edge', edge!), edge: true };
    const parts = (answer.value ?? []).map(({ backend, weight }) => ({
      weight,
      route: backend ? this.#toService(asking, `${backend.namespace}/${backend.name}`, backend.port, request) : EMPTY,
    }));
    return { by, ...joined(parts) };
  }

  readonly #reads: MeshReads = {
    of: ref => this.#network.informers.known(ref) ?? { get: () => undefined, list: () => [] },
  } as MeshReads;

  [Symbol.asyncDispose](): Promise<void> {
    return this.#network[Symbol.asyncDispose]();
  }
}

/** Cluster DNS as every cluster has it: the pods k8s-app=kube-dns of kube-system. */
const nameServer = (namespaceLabels: Readonly<Record<string, string>>): Identity => ({
  kind: 'pod',
  namespace: 'kube-system',
  labels: new Map([['k8s-app', 'kube-dns']]),
  namespaceLabels: new Map(Object.entries({ ...namespaceLabels, 'kubernetes.io/metadata.name': 'kube-system' })),
  ports: [
    { name: 'dns', protocol: 'UDP', port: DNS_PORT },
    { name: 'dns-tcp', protocol: 'TCP', port: DNS_PORT },
  ],
});

/** FNV-1a: a client keeps its endpoint while the endpoints stay the same. */
function placeOf(address: string, count: number): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < address.length; at++) hash = Math.imul(hash ^ address.charCodeAt(at), 0x01000193) >>> 0;
  return hash % count;
}

interface Part {
  readonly weight: number;
  readonly route: Route;
}

/** One route of several: each part that answers is named as often as its share of the requests asks. */
function joined(parts: readonly Part[]): Route {
  const [only] = parts;
  if (only && parts.length === 1) return only.route;
  const unsure = parts.find(({ route }) => route.outcome === 'unknown');
  if (unsure) return unsure.route;
  const open = parts.filter(({ route }) => route.outcome === 'allow');
  if (open.length === 0) return only?.route ?? EMPTY;
  const smallest = Math.min(...open.map(({ weight, route }) => weight / route.pods.length));
  const whole = open.reduce((sum, { weight }) => sum + weight, 0) / smallest;
  const scale = Math.max(1, whole / SHARES_MAX);
  const pods = open.flatMap(({ weight, route }) => {
    const times = Math.max(1, Math.round(weight / route.pods.length / smallest / scale));
    return route.pods.flatMap(pod => Array.from({ length: times }, () => pod));
  });
  return { outcome: 'allow', pods };
}

/** Opens the port over live objects; what it answers before everything is read is `unknown`. */
export function openReach(parts: {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly report: (error: unknown) => void;
}): Reach {
  return new LiveReach(new LiveNetwork(parts));
}
