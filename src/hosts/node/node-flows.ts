import type { IncomingMessage, ServerResponse } from 'node:http';
import { request as ask } from 'node:https';
import { type Clock, type Random, targetUrl, type Timer } from '../../base/index.ts';
import type { Client, kinds, KubeObject } from '../../kernel/index.ts';
import { Informers } from '../../kernel/informers.ts';
import { type FlowLog, formatFlowLine, parseFlowLine } from '../../network/index.ts';
import { NODES } from './node-name.ts';

/** Path of a node's endpoint where its flows are told: kubelet has none of this name. */
export const FLOWS_PATH = '/tenon/flows';
/** An empty line says that the node is still there. */
const ALIVE_MS = 5_000;
const SILENT_MS_MAX = 15_000;
const AGAIN_MS = 1_000;
const LINE_LENGTH_MAX = 256 * 1024;

/**
 * Tells of the flows in a log, a line each, as fast as they are read: `?run=R&from=N` goes on at place N of run R. The
 * first line is `{"run": R, "lost": n}`; `{"lost": n}` follows whenever flows were forgotten before they were read, with
 * `missed` where the kernel could not tell of some: those never had a place.
 */
export function tellFlows(
  log: FlowLog,
  clock: Clock,
  request: Pick<IncomingMessage, 'url'>,
  response: Pick<ServerResponse, 'writeHead' | 'write' | 'on' | 'once'>,
): void {
  const { searchParams } = targetUrl(request.url);
  const from = Number(searchParams.get('from'));
  let place = searchParams.get('run') === log.run && Number.isSafeInteger(from) && from >= 0 ? from : 0;
  let isBlocked = false;
  let isOpen = true;
  const write = (line: string): void => void (isBlocked = !response.write(`${line}\n`));
  const lost = (): number => {
    const oldest = log.seen - log.size;
    const count = Math.max(0, oldest - place);
    place += count;
    return count;
  };
  let missed = 0;
  const tell = (): void => {
    if (missed > 0 && isOpen && !isBlocked) {
      write(JSON.stringify({ lost: 0, missed }));
      missed = 0;
    }
    while (isOpen && !isBlocked && place < log.seen) {
      const flow = log.at(place);
      if (flow) {
        place++;
        write(formatFlowLine(flow));
      } else write(JSON.stringify({ lost: lost() }));
    }
  };
  response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
  write(JSON.stringify({ run: log.run, lost: lost() }));
  const stop = log.follow({
    flow: tell,
    lost: (count, _, where) => {
      if (where === 'kernel') missed += count;
      tell();
    },
  });
  const alive = (): void => {
    if (!isBlocked) write('');
    timer = clock.after(ALIVE_MS, alive);
  };
  let timer: Timer = clock.after(ALIVE_MS, alive);
  response.on('drain', () => {
    isBlocked = false;
    tell();
  });
  response.on('close', () => {
    isOpen = false;
    stop();
    timer.cancel();
  });
  tell();
}

export interface NodeFlowsOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  /** The node whose log this is: it is not asked. */
  readonly nodeName: string;
  readonly log: FlowLog;
  /** How nodes know us, and whom we take for a node. PEM. */
  readonly certificate: string;
  readonly key: string;
  readonly authority: string;
}

/** What one line of a node means: `{"run"}` and `{"lost"}` are about the stream, the rest are flows. */
function readLine(line: string): { readonly run?: string; readonly lost: number; readonly missed: number } | undefined {
  if (!line.startsWith('{"run"') && !line.startsWith('{"lost"')) return undefined;
  try {
    const { run, lost, missed } = JSON.parse(line) as { run?: unknown; lost?: unknown; missed?: unknown };
    const count = (said: unknown): number => (Number.isSafeInteger(said) ? Math.max(0, said as number) : 0);
    return { lost: count(lost), missed: count(missed), ...(typeof run === 'string' ? { run } : {}) };
  } catch {
    return undefined;
  }
}

interface Endpoint {
  readonly address: string;
  readonly port: number;
}

function endpointOf(node: kinds.Node): Endpoint | undefined {
  const address = node.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address;
  const { daemonEndpoints } = (node.status ?? {}) as { daemonEndpoints?: { kubeletEndpoint?: { Port?: number } } };
  const port = daemonEndpoints?.kubeletEndpoint?.Port;
  return address && port ? { address, port } : undefined;
}

/** Follows one node, again and again; goes on where it was. */
class FollowedNode implements Disposable {
  readonly #options: NodeFlowsOptions;
  readonly #name: string;
  readonly endpoint: Endpoint;
  #run = '';
  #place = 0;
  #ended = false;
  #hangUp: () => void = () => undefined;
  #timer: Timer | undefined;

  constructor(options: NodeFlowsOptions, name: string, endpoint: Endpoint, before?: FollowedNode) {
    this.#options = options;
    this.#name = name;
    this.endpoint = endpoint;
    if (before) [this.#run, this.#place] = [before.#run, before.#place];
    options.log.nodes.set(name, false);
    this.#connect();
  }

  #connect(): void {
    const { certificate: cert, key, authority: ca, log, clock } = this.#options;
    const { address: host, port } = this.endpoint;
    const path = `${FLOWS_PATH}?run=${encodeURIComponent(this.#run)}&from=${this.#place}`;
    const subject = `system:node:${this.#name}`;
    const again = (): void => {
      if (this.#ended) return;
      this.#ended = true;
      log.nodes.set(this.#name, false);
      this.#timer = clock.after(AGAIN_MS, () => {
        this.#ended = false;
        this.#connect();
      });
    };
    const asked = ask(
      {
        host,
        port,
        path,
        cert,
        key,
        ca,
        agent: false,
        servername: '',
        timeout: SILENT_MS_MAX,
        // Flows of a node are believed from that node alone: its serving certificate names it.
        checkServerIdentity: (_, peer) =>
          peer.subject.CN === subject ? undefined : new Error(`The certificate is not that of ${subject}`),
      },
      answer => {
        answer.on('close', again).on('error', again);
        if (answer.statusCode !== 200) return void answer.destroy();
        log.nodes.set(this.#name, true);
        let rest = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => {
          const lines = (rest + chunk).split('\n');
          rest = lines.pop()!;
          for (const line of lines) this.#take(line);
          if (rest.length > LINE_LENGTH_MAX) asked.destroy();
        });
      },
    );
    this.#hangUp = () => void asked.destroy();
    asked.on('timeout', this.#hangUp).on('error', again).on('close', again).end();
  }

  #take(line: string): void {
    if (line === '') return;
    const { log } = this.#options;
    const about = readLine(line);
    if (about?.run !== undefined && about.run !== this.#run) [this.#run, this.#place] = [about.run, 0];
    const flow = about ? undefined : parseFlowLine(line, this.#name);
    const lost = about ? about.lost : flow ? 0 : 1;
    this.#place += flow ? 1 : lost;
    if (flow) log.keep(flow);
    else if (lost > 0) log.lose(lost, this.#name, 'log');
    if (about && about.missed > 0) log.lose(about.missed, this.#name, 'kernel');
  }

  [Symbol.dispose](): void {
    this.#ended = true;
    this.#timer?.cancel();
    this.#hangUp();
    this.#options.log.nodes.delete(this.#name);
  }
}

/** Brings the flows of all other nodes into a node's log, as long as it lives. */
export function followNodeFlows(options: NodeFlowsOptions): AsyncDisposable {
  const { client, clock, random, nodeName } = options;
  const informers = new Informers({ client, clock, random });
  const nodes = informers.of<kinds.Node & KubeObject>(NODES);
  const followed = new Map<string, FollowedNode>();
  const sync = (): void => {
    const wanted = new Map<string, Endpoint>();
    for (const node of nodes.list()) {
      const { name = '' } = node.metadata;
      const endpoint = endpointOf(node);
      if (name !== nodeName && endpoint) wanted.set(name, endpoint);
    }
    for (const [name, one] of followed) {
      if (wanted.has(name)) continue;
      one[Symbol.dispose]();
      followed.delete(name);
    }
    for (const [name, endpoint] of wanted) {
      const known = followed.get(name);
      if (known && known.endpoint.address === endpoint.address && known.endpoint.port === endpoint.port) continue;
      known?.[Symbol.dispose]();
      followed.set(name, new FollowedNode(options, name, endpoint, known));
    }
  };
  const stop = nodes.onChange(sync);
  informers.start();
  return {
    [Symbol.asyncDispose]: async () => {
      stop();
      for (const one of followed.values()) one[Symbol.dispose]();
      await informers[Symbol.asyncDispose]();
    },
  };
}
