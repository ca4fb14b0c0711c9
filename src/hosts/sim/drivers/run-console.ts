/** The web console over a simulated run: the same page, with a bar to play, step and choose a seed. Loopback and a token only. */
import { targetUrl } from '../../../base/index.ts';
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { KubeObject } from '../../../kernel/index.ts';
import { cookieOf, FOLLOWED, isOurHost, sameText, servePage, setSafeHeaders, slim } from '../../node/console.ts';
import type { Ask } from '../protocol.ts';
import type { RunThread } from './run-thread.ts';

const BEAT_MS = 200;
const STREAMS_MAX = 32;
/** Virtual milliseconds a real one stands for. */
const SPEED = 60;
const SPEED_MAX = 100_000;
const SEED_MAX = 4_294_967_295;

/** What the bar shows. */
export interface RunState {
  readonly scenario: string;
  readonly seed: number;
  readonly speed: number;
  readonly playing: boolean;
  readonly t_ms: number;
  readonly until_ms: number;
  readonly stopped?: string;
}

export interface RunConsoleOptions {
  readonly thread: RunThread;
  /** How the run is opened, each time anew for another seed. */
  readonly open: Ask<'open'>;
  /** Folder of the built page. */
  readonly page: string;
  /** 0 picks a free one. */
  readonly port: number;
}

export class RunConsole implements AsyncDisposable {
  readonly #options: RunConsoleOptions;
  readonly #token = randomBytes(16).toString('hex');
  readonly #server: Server;
  readonly #streams = new Set<ServerResponse>();
  readonly #objects = new Map<string, Map<string, KubeObject>>();
  readonly #timer: NodeJS.Timeout;
  #state: RunState = { scenario: '', seed: 0, speed: SPEED, playing: false, t_ms: 0, until_ms: 0 };
  /** What is asked of the thread happens one after the other. */
  #last: Promise<void> = Promise.resolve();
  #beating = false;

  private constructor(options: RunConsoleOptions) {
    this.#options = options;
    this.#server = createServer((incoming, reply) => {
      this.#serve(incoming, reply).catch(() => {
        if (!reply.headersSent) reply.writeHead(500);
        reply.end();
      });
    });
    this.#timer = setInterval(() => void this.#beat(), BEAT_MS);
  }

  static async start(options: RunConsoleOptions): Promise<RunConsole> {
    const run = new RunConsole(options);
    await run.#open(options.open.seed);
    await new Promise<void>((resolve, reject) => {
      run.#server.once('error', reject);
      run.#server.listen(options.port, '127.0.0.1', resolve);
    });
    return run;
  }

  get url(): string {
    const { port } = this.#server.address() as { port: number };
    return `http://127.0.0.1:${port}/?token=${this.#token}`;
  }

  get state(): RunState {
    return this.#state;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#last;
    this.#server.closeAllConnections();
    await new Promise<void>(resolve => this.#server.close(() => resolve()));
  }

  async #open(seed: number | undefined): Promise<void> {
    const { thread, open } = this.#options;
    const opened = await thread.ask('open', { ...open, changes: true, ...(seed === undefined ? {} : { seed }) });
    this.#objects.clear();
    for (const collection of Object.keys(FOLLOWED)) this.#tell({ collection, reset: true });
    this.#state = {
      scenario: opened.scenario,
      seed: opened.seed,
      speed: this.#state.speed,
      playing: false,
      t_ms: opened.t_ms,
      until_ms: opened.until_ms,
    };
    await this.#look();
  }

  /** Tells every page what changed. */
  async #look(): Promise<void> {
    const { objects, traffic } = await this.#options.thread.ask('changes', {});
    for (const { collection, gone, object } of objects) {
      if (!(collection in FOLLOWED)) continue;
      const known = this.#objects.get(collection) ?? new Map<string, KubeObject>();
      this.#objects.set(collection, known);
      const uid = object.metadata.uid ?? '';
      const shown = slim(object);
      if (gone) known.delete(uid);
      else known.set(uid, shown);
      this.#tell({ collection, type: gone ? 'DELETED' : 'MODIFIED', object: shown });
    }
    if (traffic.length > 0) this.#tell({ traffic });
    this.#tell({ run: this.#state });
  }

  #tell(message: object): void {
    for (const stream of this.#streams) stream.write(`data: ${JSON.stringify(message)}\n\n`);
  }

  /** While it plays, as much virtual time passes as the speed says. */
  async #beat(): Promise<void> {
    if (!this.#state.playing || this.#beating) return;
    this.#beating = true;
    await this.#then(() => this.#play(this.#state.t_ms + BEAT_MS * this.#state.speed));
    this.#beating = false;
  }

  async #play(until_ms: number): Promise<void> {
    const { t_ms, stopped } = await this.#options.thread.ask('play', {
      until_ms: Math.min(until_ms, this.#state.until_ms),
    });
    const over = stopped !== undefined || t_ms >= this.#state.until_ms;
    this.#state = {
      ...this.#state,
      t_ms,
      playing: this.#state.playing && !over,
      ...(stopped === undefined ? {} : { stopped }),
    };
    await this.#look();
  }

  async #step(): Promise<void> {
    if (this.#state.t_ms >= this.#state.until_ms) return;
    const { t_ms } = await this.#options.thread.ask('step', {});
    this.#state = { ...this.#state, t_ms, playing: false };
    await this.#look();
  }

  #then(action: () => Promise<void>): Promise<void> {
    const next = this.#last.then(action).catch((error: Error) => {
      this.#state = { ...this.#state, playing: false, stopped: error.message };
      this.#tell({ run: this.#state });
    });
    this.#last = next;
    return next;
  }

  /** `do=play|pause|step|seed`, `speed=`, `seed=`. False: not understood. */
  async #command(asked: URLSearchParams): Promise<boolean> {
    const speed = Number(asked.get('speed') ?? this.#state.speed);
    if (!(speed > 0 && speed <= SPEED_MAX)) return false;
    this.#state = { ...this.#state, speed };
    const what = asked.get('do');
    if (what === 'play' || what === 'pause') {
      this.#state = { ...this.#state, playing: what === 'play' && this.#state.t_ms < this.#state.until_ms };
      this.#tell({ run: this.#state });
    } else if (what === 'step') await this.#then(() => this.#step());
    else if (what === 'seed') {
      const seed = asked.get('seed') ?? '';
      if (!/^\d+$/.test(seed) || Number(seed) > SEED_MAX) return false;
      await this.#then(() => this.#open(Number(seed)));
    } else return false;
    return true;
  }

  async #serve(incoming: IncomingMessage, reply: ServerResponse): Promise<void> {
    setSafeHeaders(reply);
    const url = targetUrl(incoming.url);
    if (!isOurHost(incoming.headers.host)) return void reply.writeHead(403).end();
    const given = url.searchParams.get('token');
    if (given !== null && sameText(given, this.#token)) {
      const cookie = `tenon=${this.#token}; HttpOnly; SameSite=Strict; Path=/`;
      return void reply.writeHead(303, { location: url.pathname, 'set-cookie': cookie }).end();
    }
    if (!sameText(cookieOf(incoming), this.#token))
      return void reply.writeHead(401).end('Open the link that "tenon sim" printed\n');
    if (incoming.method === 'POST' && url.pathname === '/data/run') {
      const good = await this.#command(url.searchParams);
      return void reply
        .writeHead(good ? 200 : 400, { 'content-type': 'application/json' })
        .end(JSON.stringify(this.#state));
    }
    if (incoming.method !== 'GET') return void reply.writeHead(405).end();
    if (url.pathname === '/data/stream') return this.#stream(reply);
    if (url.pathname.startsWith('/data/') || url.pathname.startsWith('/k8s/')) return void reply.writeHead(404).end();
    servePage(this.#options.page, url.pathname, reply);
  }

  #stream(reply: ServerResponse): void {
    if (this.#streams.size >= STREAMS_MAX) return void reply.writeHead(429).end();
    reply.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    const send = (message: object): void => void reply.write(`data: ${JSON.stringify(message)}\n\n`);
    for (const collection of Object.keys(FOLLOWED)) {
      send({ collection, reset: true });
      for (const object of this.#objects.get(collection)?.values() ?? []) send({ collection, type: 'ADDED', object });
    }
    send({ run: this.#state });
    this.#streams.add(reply);
    reply.on('close', () => this.#streams.delete(reply));
  }
}
