import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
// Unlike the clock's, this timer keeps the process alive: a drain that is cut short by an empty event loop is no drain.
import { setTimeout as wait } from 'node:timers/promises';
import type { Timer } from '../../base/index.ts';
import { handle } from '../serve/handler.ts';
import type { Services } from '../serve/services.ts';
import { compose, type Frame } from './compose.ts';
import { adminKubeconfig } from './kubeconfig.ts';
import { shareIdentity } from './identity.ts';
import { type Handlers, listen, type Listener } from './listener.ts';
import type { ApiOptions, RunningApi } from './options.ts';
import type { NodeRelay } from './relay.ts';
import { openPki, type Pki, writeWhole } from './pki.ts';
import { serveUpgrade } from './upgrade.ts';

const DRAIN_ms = 5_000;
const DRAIN_STEP_ms = 10;
/** How often certificates are looked at. */
const ROTATE_EVERY_ms = 6 * 3_600_000;

const urlOf = (host: string, port: number): string => `https://${host.includes(':') ? `[${host}]` : host}:${port}`;

const handlersOf = (services: Services, relay: NodeRelay, frame: Frame): Handlers => ({
  request: exchange => {
    frame.inFlight++;
    exchange.onClosed(() => frame.inFlight--);
    void handle(services, exchange);
  },
  upgrade: (request, socket, head, connection) => void serveUpgrade(services, relay, request, socket, head, connection),
});

/** Starts the API over HTTPS; resolves when it answers. */
export async function startApi(options: ApiOptions): Promise<RunningApi> {
  const { clock, random, state } = options;
  const host = options.host ?? '127.0.0.1';
  await mkdir(state, { recursive: true, mode: 0o700 });
  const places = { addresses: [...(options.addresses ?? [])], names: options.names ?? [] };
  if (options.agree) await shareIdentity(state, options.agree, clock, random);
  const readPki = (): Promise<Pki> => openPki(state, places, clock, random);
  let pki = await readPki();
  await using stack = new AsyncDisposableStack();
  const frame: Frame = { address: `${host}:${options.port}`, draining: false, inFlight: 0 };
  const { services, relay, signer } = stack.use(await compose(options, () => pki, frame));
  const handlers = handlersOf(services, relay, frame);
  const listeners: Listener[] = [];
  const open = async (address: string, port: number): Promise<Listener> => {
    const clientAuthorities = pki.authority.certificate;
    const opened = await listen({ host: address, port, certificate: pki.server, clientAuthorities, handlers });
    listeners.push(opened);
    return opened;
  };
  const { port } = stack.use(await open(host, options.port));
  const url = urlOf(host, port);
  frame.address = url.slice('https://'.length);
  const kubeconfig = join(state, 'kubeconfig');
  const writeKubeconfig = (): Promise<void> => writeWhole(kubeconfig, adminKubeconfig(url, pki), 0o600);
  await writeKubeconfig();
  const rotate = async (): Promise<boolean> => {
    const fresh = await readPki();
    const changed =
      JSON.stringify([fresh.server, fresh.admin, fresh.agentClient, fresh.authority]) !==
      JSON.stringify([pki.server, pki.admin, pki.agentClient, pki.authority]);
    pki = fresh;
    if (!changed) return false;
    for (const listener of listeners) listener.rotate(pki.server, pki.authority.certificate);
    await writeKubeconfig();
    return true;
  };
  let timer: Timer;
  const later = (): Timer => clock.after(ROTATE_EVERY_ms, () => void rotate().finally(() => (timer = later())));
  timer = later();
  const kept = stack.move();
  return {
    url,
    port,
    kubeconfig,
    get pki() {
      return pki;
    },
    signer,
    rotate,
    listenAlso: async address => {
      kept.use(await open(address, port));
    },
    [Symbol.asyncDispose]: async () => {
      timer.cancel();
      frame.draining = true;
      for (const listener of listeners) listener.drain();
      for (const end of services.draining) end();
      // Followed logs and shells would hold the drain until it times out: they are cut first.
      relay[Symbol.dispose]();
      const until = clock.monotonic() + DRAIN_ms;
      while (frame.inFlight > 0 && clock.monotonic() < until) await wait(DRAIN_STEP_ms);
      await kept.disposeAsync();
    },
  };
}
