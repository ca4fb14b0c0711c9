import { createHash } from 'node:crypto';
import type { Clock, Random, Timer } from '../base/index.ts';
import type { Client, KubeObject } from '../kernel/index.ts';
import { Informers } from '../kernel/informers.ts';
import { Backends, REFS } from './drivers/backends.ts';
import { ProxySet } from './drivers/proxies.ts';
import { GATEWAY_REFS, GatewayStatus, GatewayView } from './gateway.ts';
import { type IngressPlace, ingressListeners, writeIngressStatus } from './ingress.ts';
import { GATEWAY_GROUP } from './dialects/gatewayapi/attach.ts';

export interface MeshOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly informers?: Informers;
  /** Where Ingress is served; port 0 picks a free one. */
  readonly ingress: IngressPlace;
  /** The address of a Gateway by `namespace/name`; loopback addresses of their own by default. */
  readonly gatewayAddress?: (key: string) => string;
  readonly report?: (error: unknown) => void;
}

/** Ingress and Gateway API, served. */
export interface Mesh extends AsyncDisposable {
  /** Ports in use by listener: `ingress/http`, `ingress/https`, `namespace/gateway/listener`. */
  readonly ports: ReadonlyMap<string, number>;
  /** Resolves when everything the API said so far is served. */
  settled(): Promise<void>;
}

const GATHER_MS = 5;
const RETRY_MS = 1000;

/** One of 127.77.0.0/16 for each Gateway: equal on every start. */
function loopbackOf(key: string): string {
  const hash = createHash('sha256').update(key).digest();
  return `127.77.${hash[0]}.${(hash[1]! % 254) + 1}`;
}

/** Turns what the API says into listeners, again after each change. */
class MeshLoop {
  ports: ReadonlyMap<string, number> = new Map();
  readonly #options: MeshOptions;
  readonly #informers: Informers;
  readonly #proxies: ProxySet;
  readonly #backends: Backends;
  readonly #status: GatewayStatus;
  readonly #stops: (() => void)[] = [];
  readonly #report: (error: unknown) => void;
  #gateways = false;
  #timer: Timer | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: MeshOptions, informers: Informers) {
    this.#options = options;
    this.#informers = informers;
    this.#report = options.report ?? ((): void => undefined);
    this.#backends = new Backends(informers);
    this.#status = new GatewayStatus(options.client, options.clock);
    this.#proxies = new ProxySet({
      random: options.random,
      places: backend => this.#backends.places(backend),
      report: this.#report,
    });
  }

  async start(): Promise<void> {
    const { definitions, services, slices, ...changing } = REFS;
    // Endpoints are looked up for each request: only what shapes listeners asks for another round.
    this.#informers.of(slices);
    for (const ref of [...Object.values(changing), services])
      this.#stops.push(this.#informers.of(ref).onChange(() => this.#touch()));
    this.#stops.push(this.#informers.of<KubeObject>(definitions).onChange(({ object }) => this.#definition(object)));
    this.#informers.start();
    await this.#informers.whenSynced();
    this.#touch();
    await this.settled();
  }

  /** Gateway kinds come with their CRDs, perhaps later. */
  #definition(object: KubeObject): void {
    if (this.#gateways || object.metadata.name !== `httproutes.${GATEWAY_GROUP}`) return;
    this.#gateways = true;
    for (const ref of Object.values(GATEWAY_REFS))
      this.#stops.push(this.#informers.of(ref).onChange(() => this.#touch()));
  }

  #touch(delay_ms = GATHER_MS): void {
    if (this.#stopped || this.#timer) return;
    this.#timer = this.#options.clock.after(delay_ms, () => {
      this.#timer = undefined;
      this.#running = this.#running.then(() => this.#round());
    });
  }

  async settled(): Promise<void> {
    if (this.#timer) {
      this.#timer.cancel();
      this.#timer = undefined;
      this.#running = this.#running.then(() => this.#round());
    }
    await this.#running;
  }

  async #round(): Promise<void> {
    if (this.#stopped) return;
    const { client, ingress, gatewayAddress = loopbackOf } = this.#options;
    try {
      const view = this.#gateways ? new GatewayView(this.#informers, this.#backends, gatewayAddress) : undefined;
      const listeners = [...ingressListeners(this.#informers, ingress), ...(view?.listeners() ?? [])];
      this.ports = await this.#proxies.apply(listeners);
      // A port that somebody else has may become free.
      if (listeners.some(({ id }) => !this.ports.has(id))) this.#touch(RETRY_MS);
      await writeIngressStatus(client, this.#informers, ingress);
      if (view) await this.#status.write(this.#informers, view, this.ports);
    } catch (error) {
      this.#report(error);
      this.#touch(RETRY_MS);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    for (const stop of this.#stops) stop();
    await this.#running;
    await this.#proxies[Symbol.asyncDispose]();
  }
}

/** Serves Ingress (networking.k8s.io/v1) and HTTPRoute (gateway.networking.k8s.io/v1) and keeps their status. */
export async function startMesh(options: MeshOptions): Promise<Mesh> {
  const { client, clock, random, report } = options;
  await using stack = new AsyncDisposableStack();
  const informers =
    options.informers ?? stack.use(new Informers({ client, clock, random, ...(report ? { report } : {}) }));
  const loop = new MeshLoop(options, informers);
  stack.defer(() => loop.stop());
  await loop.start();
  const owned = stack.move();
  return {
    get ports() {
      return loop.ports;
    },
    settled: () => loop.settled(),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
