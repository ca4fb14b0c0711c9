/** The load of bench/api: one role a process, told by a JSON argument, answering with one JSON line. */
import { type ClientHttp2Session, connect, type SecureClientSessionOptions } from 'node:http2';

/** Where the API is, and as whom. */
export interface LoadTarget {
  readonly server: string;
  readonly token?: string;
  readonly certificate?: string;
  readonly key?: string;
}

/** What one process does. */
export type LoadRole =
  | { readonly role: 'create' | 'get' | 'patch' | 'apply'; readonly count: number; readonly bytes?: number }
  | { readonly role: 'list'; readonly count: number; readonly expected: number }
  | { readonly role: 'pages'; readonly expected: number }
  | { readonly role: 'watch'; readonly watchers: number; readonly events: number }
  | { readonly role: 'write'; readonly count: number; readonly perSecond?: number }
  | { readonly role: 'namespace' };

export interface LoadRequest {
  readonly target: LoadTarget;
  readonly namespace: string;
  readonly work: LoadRole;
}

/** Numbers of one role. */
export interface LoadAnswer {
  readonly seconds: number;
  readonly operations: number;
  /** Milliseconds from the write to its arrival, sorted; only of watchers. */
  readonly latencies_ms?: readonly number[];
  /** Milliseconds of each list. */
  readonly lists_ms?: readonly number[];
}

const SESSIONS = 4;
const IN_FLIGHT = 8;
const PAD_BYTES = 512;
const WATCH_S_MAX = 120;

/** Milliseconds that mean the same in every process of this machine. */
const now_ms = (): number => performance.timeOrigin + performance.now();

interface Answer {
  readonly status: number;
  readonly text: string;
}

class Connections {
  readonly #target: LoadTarget;
  readonly #sessions: ClientHttp2Session[] = [];
  #next = 0;

  constructor(target: LoadTarget, count = SESSIONS) {
    this.#target = target;
    const { certificate, key } = target;
    const options: SecureClientSessionOptions = {
      rejectUnauthorized: false,
      settings: { initialWindowSize: 8 * 1024 * 1024 },
      ...(certificate && key ? { cert: certificate, key } : {}),
    };
    for (let i = 0; i < count; i++) {
      const session = connect(target.server, options);
      session.on('connect', () => session.setLocalWindowSize(16 * 1024 * 1024));
      this.#sessions.push(session);
    }
  }

  open(method: string, path: string, contentType?: string, body?: string): ReturnType<ClientHttp2Session['request']> {
    const session = this.#sessions[this.#next++ % this.#sessions.length]!;
    const { token } = this.#target;
    const stream = session.request({
      ':method': method,
      ':path': path,
      accept: 'application/json',
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(contentType ? { 'content-type': contentType } : {}),
    });
    stream.end(body);
    return stream;
  }

  send(method: string, path: string, contentType?: string, body?: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const stream = this.open(method, path, contentType, body);
      const chunks: Buffer[] = [];
      let status = 0;
      stream.on('response', headers => (status = headers[':status'] ?? 0));
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => resolve({ status, text: Buffer.concat(chunks).toString('utf8') }));
      stream.on('error', reject);
    });
  }

  close(): void {
    for (const session of this.#sessions) session.destroy();
  }
}

function check({ status, text }: Answer, allowed = 299): string {
  if (status < 200 || status > allowed) throw new Error(`the API answered ${status}: ${text.slice(0, 200)}`);
  return text;
}

const base = (namespace: string): string => `/api/v1/namespaces/${namespace}/configmaps`;

function configMap(namespace: string, index: number, bytes: number): string {
  const metadata = { name: `cm-${index}`, namespace, labels: { app: 'load', shard: `s${index % 10}` } };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata,
    data: { value: '0', pad: 'x'.repeat(bytes) },
  });
}

const applied = (namespace: string, index: number): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `cm-${index}`, namespace, labels: { applied: 'yes' } },
    data: { applied: `a${index}` },
  });

type Operation = (connections: Connections, index: number) => Promise<unknown>;

function operation(
  namespace: string,
  work: Extract<LoadRole, { role: 'create' | 'get' | 'patch' | 'apply' }>,
): Operation {
  const path = base(namespace);
  switch (work.role) {
    case 'create':
      return async (to, at) =>
        check(await to.send('POST', path, 'application/json', configMap(namespace, at, work.bytes ?? PAD_BYTES)));
    case 'get':
      return async (to, at) => {
        const text = check(await to.send('GET', `${path}/cm-${at}`));
        if (!text.includes(`"cm-${at}"`)) throw new Error(`another object came for cm-${at}`);
      };
    case 'patch':
      return async (to, at) =>
        check(
          await to.send('PATCH', `${path}/cm-${at}`, 'application/merge-patch+json', `{"data":{"value":"p${at}"}}`),
        );
    case 'apply':
      return async (to, at) =>
        check(
          await to.send(
            'PATCH',
            `${path}/cm-${at}?fieldManager=load&force=true`,
            'application/apply-patch+yaml',
            applied(namespace, at),
          ),
        );
  }
}

async function many(to: Connections, count: number, run: Operation): Promise<LoadAnswer> {
  let next = 0;
  const started = performance.now();
  const worker = async (): Promise<void> => {
    while (next < count) await run(to, next++);
  };
  await Promise.all(Array.from({ length: SESSIONS * IN_FLIGHT }, worker));
  return { seconds: (performance.now() - started) / 1_000, operations: count };
}

async function list(to: Connections, namespace: string, count: number, expected: number): Promise<LoadAnswer> {
  const lists_ms: number[] = [];
  const started = performance.now();
  for (let i = 0; i < count; i++) {
    const before = performance.now();
    const text = check(await to.send('GET', base(namespace)));
    lists_ms.push(performance.now() - before);
    const found = text.split('"name":"cm-').length - 1;
    if (found !== expected) throw new Error(`the list has ${found} objects, expected ${expected}`);
  }
  return { seconds: (performance.now() - started) / 1_000, operations: count, lists_ms };
}

async function pages(to: Connections, namespace: string, expected: number): Promise<LoadAnswer> {
  const started = performance.now();
  let found = 0;
  let token = '';
  let operations = 0;
  do {
    const query = `?limit=500${token ? `&continue=${encodeURIComponent(token)}` : ''}`;
    const answer = JSON.parse(check(await to.send('GET', base(namespace) + query))) as {
      metadata: { continue?: string };
      items: object[];
    };
    found += answer.items.length;
    token = answer.metadata.continue ?? '';
    operations++;
  } while (token);
  if (found < expected) throw new Error(`the pages have ${found} objects, expected ${expected}`);
  return { seconds: (performance.now() - started) / 1_000, operations };
}

/** Patches as fast as possible or at a rate; each says when it was sent. */
async function write(to: Connections, namespace: string, count: number, perSecond?: number): Promise<LoadAnswer> {
  const run: Operation = async (connections, at) => {
    const body = `{"data":{"sent":"t${now_ms().toFixed(3)}"}}`;
    check(await connections.send('PATCH', `${base(namespace)}/cm-${at % 500}`, 'application/merge-patch+json', body));
  };
  if (perSecond === undefined) return many(to, count, run);
  const started = performance.now();
  const sent: Promise<unknown>[] = [];
  for (let at = 0; at < count; at++) {
    const wait_ms = started + (at * 1_000) / perSecond - performance.now();
    if (wait_ms > 0) await new Promise(resolve => setTimeout(resolve, wait_ms));
    sent.push(run(to, at));
  }
  await Promise.all(sent);
  return { seconds: (performance.now() - started) / 1_000, operations: count };
}

/** Follows the namespace with many watchers until each has seen every event. */
async function watch(to: Connections, namespace: string, watchers: number, events: number): Promise<LoadAnswer> {
  const listed = JSON.parse(check(await to.send('GET', `${base(namespace)}?limit=1`))) as {
    metadata: { resourceVersion: string };
  };
  const path = `${base(namespace)}?watch=true&resourceVersion=${listed.metadata.resourceVersion}`;
  const latencies: number[] = [];
  const { promise: all, resolve } = Promise.withResolvers<void>();
  let first = 0;
  let opened = 0;
  let last = 0;
  await new Promise<void>(ready => {
    for (let i = 0; i < watchers; i++) {
      const stream = to.open('GET', `${path}&timeoutSeconds=${WATCH_S_MAX}`);
      let rest = '';
      stream.on('response', () => ++opened === watchers && ready());
      stream.setEncoding('utf8');
      stream.on('data', (chunk: string) => {
        last = now_ms();
        first ||= last;
        const lines = (rest + chunk).split('\n');
        rest = lines.pop()!;
        for (const line of lines) {
          const sent = /"sent":"t([\d.]+)"/.exec(line);
          if (sent) latencies.push(last - Number(sent[1]));
        }
        if (latencies.length >= watchers * events) resolve();
      });
      stream.on('error', () => undefined);
    }
  });
  process.stdout.write('open\n');
  const limit = setTimeout(resolve, WATCH_S_MAX * 1_000);
  await all;
  clearTimeout(limit);
  if (latencies.length !== watchers * events) {
    throw new Error(`${latencies.length} events came, expected ${watchers * events}`);
  }
  latencies.sort((left, right) => left - right);
  return { seconds: (last - first) / 1_000, operations: latencies.length, latencies_ms: latencies };
}

async function run({ target, namespace, work }: LoadRequest): Promise<LoadAnswer> {
  const to = new Connections(target);
  try {
    // Connections are made and code is warm before the clock starts.
    for (let i = 0; i < SESSIONS; i++) await to.send('GET', '/version');
    switch (work.role) {
      case 'namespace': {
        const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
        check(await to.send('POST', '/api/v1/namespaces', 'application/json', JSON.stringify(body)));
        return { seconds: 0, operations: 1 };
      }
      case 'list':
        return await list(to, namespace, work.count, work.expected);
      case 'pages':
        return await pages(to, namespace, work.expected);
      case 'watch':
        return await watch(to, namespace, work.watchers, work.events);
      case 'write':
        return await write(to, namespace, work.count, work.perSecond);
      default:
        return await many(to, work.count, operation(namespace, work));
    }
  } finally {
    to.close();
  }
}

if (import.meta.main)
  process.stdout.write(`${JSON.stringify(await run(JSON.parse(process.argv[2]!) as LoadRequest))}\n`);
