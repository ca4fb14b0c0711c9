import type { Clock } from '../base/index.ts';
import type { Client, kinds, KubeObject, ResourceRef } from '../kernel/index.ts';
import type { Informers } from '../kernel/informers.ts';
import {
  GATEWAY_GROUP,
  type GatewayListener,
  intersectHosts,
  isGranted,
  listenersOf,
  type ParentReference,
  parentsOf,
} from './dialects/gatewayapi/attach.ts';
import { lowerHttpRoute } from './dialects/gatewayapi/httproute.ts';
import { fields, text } from './dialects/gatewayapi/read.ts';
import { conditionsOf } from './dialects/gatewayapi/status.ts';
import { type Backends, REFS } from './drivers/backends.ts';
import type { HttpRule, Listener } from './model.ts';
import type { MeshReads } from './ports.ts';
import { certificateOf } from './secrets.ts';

export const GATEWAY_CONTROLLER = 'tenon.dev/gateway-controller';

const ref = (version: string, resource: string): ResourceRef => ({ group: GATEWAY_GROUP, version, resource });
export const GATEWAY_REFS = {
  classes: ref('v1', 'gatewayclasses'),
  gateways: ref('v1', 'gateways'),
  routes: ref('v1', 'httproutes'),
  grants: ref('v1beta1', 'referencegrants'),
} as const;

const keyOf = (object: KubeObject): string => `${object.metadata.namespace}/${object.metadata.name}`;

/** What one listener serves and what its status says. */
interface ServedListener {
  readonly spec: GatewayListener;
  readonly listener?: Listener;
  readonly rules: HttpRule[];
  routes: number;
  readonly refsReason: string;
  readonly supported: boolean;
  readonly badKinds: boolean;
}

interface ServedGateway {
  readonly gateway: KubeObject;
  readonly address: string;
  readonly listeners: readonly ServedListener[];
}

interface ServedParent {
  readonly parent: ParentReference;
  readonly accepted: string;
  readonly resolved: string;
}

/** The state of every Gateway and HTTPRoute of ours at one moment; a pure reading of the informers. */
export class GatewayView {
  readonly gateways: ServedGateway[] = [];
  readonly parents = new Map<KubeObject, ServedParent[]>();
  readonly #informers: MeshReads;
  readonly #backends: Pick<Backends, 'hasPort'>;
  readonly #anyClass: boolean;

  /** `anyClass` reads the Gateways of every class, as their specification says all of them work. */
  constructor(
    informers: MeshReads,
    backends: Pick<Backends, 'hasPort'>,
    addressOf: (key: string) => string,
    anyClass = false,
  ) {
    this.#informers = informers;
    this.#backends = backends;
    this.#anyClass = anyClass;
    for (const gateway of informers.of<KubeObject>(GATEWAY_REFS.gateways).list()) {
      if (!this.#isOurs(gateway)) continue;
      const address = addressOf(keyOf(gateway));
      this.gateways.push({
        gateway,
        address,
        listeners: listenersOf(gateway).map(spec => this.#serve(gateway, spec, address)),
      });
    }
    for (const route of informers.of<KubeObject>(GATEWAY_REFS.routes).list()) this.#attach(route);
  }

  #isOurs(gateway: KubeObject): boolean {
    if (this.#anyClass) return true;
    const name = text(fields(gateway.spec).gatewayClassName) ?? '';
    const found = this.#informers.of<KubeObject>(GATEWAY_REFS.classes).get(name);
    return fields(found?.spec).controllerName === GATEWAY_CONTROLLER;
  }

  #granted(
    kind: string,
    namespace: string,
    to: { group: string; kind: string; namespace: string; name: string },
  ): boolean {
    return isGranted(this.#informers.of<KubeObject>(GATEWAY_REFS.grants).list(), { kind, namespace }, to);
  }

  #serve(gateway: KubeObject, spec: GatewayListener, address: string): ServedListener {
    const namespace = gateway.metadata.namespace ?? 'default';
    const tls = spec.protocol === 'HTTPS';
    const supported = (spec.protocol === 'HTTP' || tls) && spec.tlsMode !== 'Passthrough';
    const badKinds = spec.kinds.some(kind => kind !== 'HTTPRoute');
    let refsReason = badKinds ? 'InvalidRouteKinds' : 'ResolvedRefs';
    const certificates = spec.certificateRefs.flatMap(reference => {
      if (!this.#granted('Gateway', namespace, reference)) {
        refsReason = 'RefNotPermitted';
        return [];
      }
      const found =
        reference.kind === 'Secret' &&
        reference.group === '' &&
        certificateOf(this.#informers, `${reference.namespace}/${reference.name}`, []);
      if (!found) refsReason = 'InvalidCertificateRef';
      return found ? [found] : [];
    });
    const rules: HttpRule[] = [];
    const usable = supported && (!tls || certificates.length > 0);
    const listener: Listener | undefined = usable
      ? {
          id: `${keyOf(gateway)}/${spec.name}`,
          address,
          port: spec.port,
          tls,
          ...(spec.hostname ? { host: spec.hostname } : {}),
          certificates,
          rules,
        }
      : undefined;
    return { spec, ...(listener ? { listener } : {}), rules, routes: 0, refsReason, supported, badKinds };
  }

  #allows(listener: ServedListener, gateway: KubeObject, route: KubeObject): boolean {
    const { from, selector, kinds } = listener.spec;
    if (kinds.length > 0 && !kinds.includes('HTTPRoute')) return false;
    if (from === 'All') return true;
    if (from === 'Same') return gateway.metadata.namespace === route.metadata.namespace;
    const namespace = this.#informers.of<kinds.Namespace>(REFS.namespaces).get(route.metadata.namespace ?? '');
    const labels = namespace?.metadata.labels ?? {};
    return Object.entries(fields(selector.matchLabels)).every(([key, value]) => labels[key] === value);
  }

  #attach(route: KubeObject): void {
    const served = parentsOf(route).flatMap((parent): ServedParent[] => {
      const found = this.gateways.find(
        ({ gateway }) => gateway.metadata.namespace === parent.namespace && gateway.metadata.name === parent.name,
      );
      return found ? [this.#attachTo(route, parent, found)] : [];
    });
    if (served.length > 0) this.parents.set(route, served);
  }

  #attachTo(route: KubeObject, parent: ParentReference, { gateway, listeners }: ServedGateway): ServedParent {
    const named = listeners.filter(
      ({ spec }) =>
        (parent.sectionName === undefined || spec.name === parent.sectionName) &&
        (parent.port === undefined || spec.port === parent.port),
    );
    const allowed = named.filter(listener => this.#allows(listener, gateway, route));
    const lower = (hosts: readonly string[]): ReturnType<typeof lowerHttpRoute> =>
      lowerHttpRoute(route, hosts, { refuse: to => this.#refuse(route, to) });
    let accepted =
      named.length === 0
        ? 'NoMatchingParent'
        : allowed.length === 0
          ? 'NotAllowedByListeners'
          : 'NoMatchingListenerHostname';
    for (const listener of allowed) {
      const hosts = intersectHosts(listener.spec.hostname, route);
      if (!hosts) continue;
      accepted = 'Accepted';
      listener.rules.push(...lower(hosts).rules);
      listener.routes++;
    }
    const [problem] = lower([]).problems;
    return { parent, accepted, resolved: problem ?? 'ResolvedRefs' };
  }

  #refuse(
    route: KubeObject,
    to: { group: string; kind: string; namespace: string; name: string; port?: number },
  ): string | undefined {
    if (to.group !== '' || to.kind !== 'Service') return 'InvalidKind';
    if (!this.#granted('HTTPRoute', route.metadata.namespace ?? 'default', to)) return 'RefNotPermitted';
    if (to.port === undefined) return 'BackendNotFound';
    return this.#backends.hasPort({ namespace: to.namespace, name: to.name, port: to.port })
      ? undefined
      : 'BackendNotFound';
  }

  listeners(): Listener[] {
    return this.gateways.flatMap(({ listeners }) => listeners.flatMap(({ listener }) => (listener ? [listener] : [])));
  }
}

/** Writes what a view found back into status, where it differs. */
export class GatewayStatus {
  readonly #client: Client;
  readonly #clock: Clock;

  constructor(client: Client, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  async #write(to: ResourceRef, object: KubeObject, status: object): Promise<void> {
    const before = fields(object.status);
    if (JSON.stringify({ ...before, ...status }) === JSON.stringify(before)) return;
    await this.#client.update(to, { ...object, status: { ...before, ...status } }, { subresource: 'status' });
  }

  #conditions(object: KubeObject, wanted: Parameters<typeof conditionsOf>[0], before: unknown) {
    const now = new Date(this.#clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
    return conditionsOf(wanted, object.metadata.generation ?? 1, now, before);
  }

  async write(informers: Informers, view: GatewayView, open: ReadonlyMap<string, number>): Promise<void> {
    for (const entry of informers.of<KubeObject>(GATEWAY_REFS.classes).list()) {
      if (fields(entry.spec).controllerName !== GATEWAY_CONTROLLER) continue;
      const conditions = this.#conditions(entry, [['Accepted', true, 'Accepted']], fields(entry.status).conditions);
      await this.#write(GATEWAY_REFS.classes, entry, { conditions });
    }
    for (const served of view.gateways) await this.#writeGateway(served, open);
    for (const [route, parents] of view.parents) await this.#writeRoute(route, parents);
  }

  async #writeGateway(
    { gateway, address, listeners }: ServedGateway,
    open: ReadonlyMap<string, number>,
  ): Promise<void> {
    const before = fields(gateway.status);
    const known = Array.isArray(before.listeners) ? before.listeners.map(fields) : [];
    const isOpen = ({ listener }: ServedListener): boolean => listener !== undefined && open.has(listener.id);
    const statuses = listeners.map(served => {
      const { spec, supported, refsReason, badKinds, routes } = served;
      const old = known.find(entry => entry.name === spec.name);
      const programmed = isOpen(served);
      return {
        name: spec.name,
        supportedKinds:
          badKinds && !spec.kinds.includes('HTTPRoute') ? [] : [{ group: GATEWAY_GROUP, kind: 'HTTPRoute' }],
        attachedRoutes: routes,
        conditions: this.#conditions(
          gateway,
          [
            ['Accepted', supported, supported ? 'Accepted' : 'UnsupportedProtocol'],
            ['Programmed', programmed, programmed ? 'Programmed' : 'Invalid'],
            ['ResolvedRefs', refsReason === 'ResolvedRefs', refsReason],
            ['Conflicted', false, 'NoConflicts'],
          ],
          old?.conditions,
        ),
      };
    });
    const programmed = listeners.some(isOpen);
    const valid = listeners.every(({ supported }) => supported);
    await this.#write(GATEWAY_REFS.gateways, gateway, {
      addresses: [{ type: 'IPAddress', value: address }],
      conditions: this.#conditions(
        gateway,
        [
          ['Accepted', true, valid ? 'Accepted' : 'ListenersNotValid'],
          ['Programmed', programmed, programmed ? 'Programmed' : 'Invalid'],
        ],
        before.conditions,
      ),
      listeners: statuses,
    });
  }

  async #writeRoute(route: KubeObject, parents: readonly ServedParent[]): Promise<void> {
    const before = fields(route.status);
    const known = Array.isArray(before.parents) ? before.parents.map(fields) : [];
    const others = known.filter(entry => entry.controllerName !== GATEWAY_CONTROLLER);
    const own = parents.map(({ parent, accepted, resolved }) => {
      const old = known.find(entry => JSON.stringify(entry.parentRef) === JSON.stringify(parent.raw));
      return {
        parentRef: parent.raw,
        controllerName: GATEWAY_CONTROLLER,
        conditions: this.#conditions(
          route,
          [
            ['Accepted', accepted === 'Accepted', accepted],
            ['ResolvedRefs', resolved === 'ResolvedRefs', resolved],
          ],
          old?.conditions,
        ),
      };
    });
    await this.#write(GATEWAY_REFS.routes, route, { parents: [...others, ...own] });
  }
}
