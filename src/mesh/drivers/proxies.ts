import type { Random } from '../../base/index.ts';
import { HttpProxy, type HeaderChange, type ProxyDecision, type RequestHead } from '../../network/index.ts';
import { changePath, chooseWeighted, hostRank, redirectLocation, selectListener, selectRule } from '../engine/route.ts';
import type { BackendReference, Certificate, Filter, HttpRule, Listener } from '../model.ts';
import type { Place } from './backends.ts';

export interface ProxySetOptions {
  readonly random: Random;
  readonly places: (backend: BackendReference) => readonly Place[];
  readonly report: (error: unknown) => void;
}

const respond = (status: number, body: string, headers: Readonly<Record<string, string>> = {}): ProxyDecision => ({
  kind: 'respond',
  status,
  headers: { 'content-type': 'text/plain', ...headers },
  body,
});

const NOTHING: HeaderChange = { set: [], add: [], remove: [] };

function headerChange(filters: readonly Filter[], kind: 'request-headers' | 'response-headers'): HeaderChange {
  let change = NOTHING;
  for (const filter of filters) {
    if (filter.kind !== kind) continue;
    change = {
      set: [...change.set, ...filter.set],
      add: [...change.add, ...filter.add],
      remove: [...change.remove, ...filter.remove],
    };
  }
  return change;
}

/** Proxies for a changing set of listeners, one for each address and port. */
export class ProxySet implements AsyncDisposable {
  readonly #options: ProxySetOptions;
  readonly #proxies = new Map<string, { proxy: HttpProxy; port: Promise<number>; listeners: readonly Listener[] }>();

  constructor(options: ProxySetOptions) {
    this.#options = options;
  }

  /** Takes listeners into use; ports no one listens on any more are closed. Answers the ports by listener id. */
  async apply(listeners: readonly Listener[]): Promise<ReadonlyMap<string, number>> {
    const groups = new Map<string, Listener[]>();
    for (const listener of listeners) {
      const key = `${listener.address} ${listener.port} ${listener.tls}`;
      groups.set(key, [...(groups.get(key) ?? []), listener]);
    }
    for (const [key, entry] of this.#proxies) {
      if (groups.has(key)) continue;
      this.#proxies.delete(key);
      await entry.proxy[Symbol.asyncDispose]();
    }
    const ports = new Map<string, number>();
    for (const [key, group] of groups) {
      const entry = this.#proxies.get(key) ?? this.#open(key, group[0]!);
      entry.listeners = group;
      try {
        const port = await entry.port;
        for (const listener of group) ports.set(listener.id, port);
      } catch (error) {
        this.#proxies.delete(key);
        this.#options.report(error);
      }
    }
    return ports;
  }

  #open(
    key: string,
    { address, port, tls }: Listener,
  ): { proxy: HttpProxy; port: Promise<number>; listeners: readonly Listener[] } {
    const proxy = new HttpProxy({
      address,
      port,
      decide: head => this.#decide(this.#proxies.get(key)?.listeners ?? [], head),
      ...(tls ? { certificate: (name: string) => pickCertificate(this.#proxies.get(key)?.listeners ?? [], name) } : {}),
    });
    const entry = { proxy, port: proxy.listen(), listeners: [] };
    this.#proxies.set(key, entry);
    return entry;
  }

  #decide(listeners: readonly Listener[], head: RequestHead): ProxyDecision {
    const rule = selectRule(selectListener(listeners, head.host)?.rules ?? [], head);
    if (!rule) return respond(404, 'no route for this request\n');
    const redirect = rule.filters.find(filter => filter.kind === 'redirect');
    if (redirect?.kind === 'redirect')
      return respond(redirect.status, '', { location: redirectLocation(redirect, rule, head) });
    const chosen = chooseWeighted(rule.backends, this.#options.random.next());
    if (!chosen?.backend) return respond(500, 'the route has no usable backend\n');
    const place = this.#pick(chosen.backend);
    if (!place) return respond(503, 'no healthy endpoint\n');
    return this.#forward(rule, [...rule.filters, ...chosen.filters], head, place);
  }

  #pick(backend: BackendReference): Place | undefined {
    const places = this.#options.places(backend);
    return places[Math.floor(this.#options.random.next() * places.length)];
  }

  #forward(rule: HttpRule, filters: readonly Filter[], head: RequestHead, place: Place): ProxyDecision {
    const rewrite = filters.find(filter => filter.kind === 'rewrite');
    const change = rewrite?.kind === 'rewrite' ? rewrite : undefined;
    const path = change?.path ? changePath(change.path, rule.path, head.path) : head.path;
    return {
      kind: 'forward',
      ...place,
      path: head.query === '' ? path : `${path}?${head.query}`,
      ...(change?.host ? { host: change.host } : {}),
      request: headerChange(filters, 'request-headers'),
      response: headerChange(filters, 'response-headers'),
      ...(rule.timeout_ms === undefined ? {} : { timeout_ms: rule.timeout_ms }),
      mirrors: filters.flatMap(filter => {
        const mirror = filter.kind === 'mirror' ? this.#pick(filter.backend) : undefined;
        return mirror ? [mirror] : [];
      }),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#proxies.values()].map(entry => entry.proxy[Symbol.asyncDispose]()));
  }
}

/** The certificate whose hosts name the server most exactly; a listener's own one otherwise. */
export function pickCertificate(listeners: readonly Listener[], name: string): Certificate | undefined {
  const offered = listeners
    .filter(listener => hostRank(listener.host, name) >= 0)
    .flatMap(listener =>
      listener.certificates.map(certificate => ({ certificate, rank: hostRank(listener.host, name) })),
    );
  const best = (certificate: Certificate, rank: number): number =>
    Math.max(rank, ...certificate.hosts.map(host => hostRank(host, name)));
  return offered.sort((left, right) => best(right.certificate, right.rank) - best(left.certificate, left.rank))[0]
    ?.certificate;
}
