import { readFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { parseQuery, wantsWatch } from '../../src/api/request/query.ts';
import { parseTarget, type RequestTarget } from '../../src/api/request/target.ts';
import type { Wire } from '../../src/api/testing/client.ts';
import type { TestServer } from '../../src/api/testing/server.ts';
import { apiVersionOf, isAlreadyExists, type KubeObject, type ResourceDefinition } from '../../src/kernel/index.ts';
import { decodeProtobuf, encodeProtobuf } from '../../src/kernel/proto/index.ts';
import { sampleOf, subresourceBody } from '../k8s-conformance/samples.ts';
import type { Recorded } from './requests.ts';

export interface Stage {
  readonly server: TestServer;
  readonly wire: Wire;
}

/** What was wrong with an answer; undefined is a pass. */
type Verdict = string | undefined;

interface Described {
  readonly target: RequestTarget;
  readonly definition: ResourceDefinition | undefined;
  readonly watch: boolean;
}

function describe(stage: Stage, request: Recorded): Described {
  const target = parseTarget(request.url);
  const definition = target.isResource ? stage.server.kernel.catalog.resource(target) : undefined;
  return { target, definition, watch: wantsWatch(parseQuery(target.query)) };
}

/** Makes what a request is about: the namespace, and the object its path or field selector names. */
async function seed(stage: Stage, { target, definition }: Described, method: string): Promise<void> {
  if (!definition || !definition.verbs.includes('create') || !definition.verbs.includes('get')) return;
  const selected = /(?:^|,)metadata\.name=([^,]+)/.exec(parseQuery(target.query).get('fieldSelector') ?? '')?.[1];
  const name = target.name || selected;
  if (!name || (method === 'POST' && target.subresource === '')) return;
  await stage.server.kernel
    .client()
    .create(definition, sampleOf(definition, name, target.namespace || 'default'))
    .catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error;
    });
}

let made = 0;

/** A body of the kind and the format the recorded one had. */
async function bodyOf(
  stage: Stage,
  request: Recorded,
  { target, definition }: Described,
): Promise<string | Buffer | undefined> {
  const type = request.contentType.split(';')[0]!;
  if (type === '' || !definition) return undefined;
  if (request.method === 'DELETE')
    return JSON.stringify({ kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background' });
  const subresource = definition.subresources.find(one => one.name === target.subresource)?.kind;
  if (type === 'application/json-patch+json') return '[{"op":"add","path":"/metadata/annotations","value":{"a":"b"}}]';
  if (type.endsWith('merge-patch+json'))
    return JSON.stringify(
      subresource?.kind === 'Scale' ? { spec: { replicas: 2 } } : { metadata: { annotations: { a: 'b' } } },
    );
  const sample = sampleOf(definition, target.name || `made-${made++}`, target.namespace || 'default');
  let object: KubeObject = subresource ? subresourceBody(subresource, sample) : sample;
  if (request.method === 'PUT') {
    const key = { ...(target.namespace ? { namespace: target.namespace } : {}), name: target.name };
    object = await stage.server.kernel.client().get(definition, key);
  }
  if (type === 'application/vnd.kubernetes.protobuf') return Buffer.from(encodeProtobuf(object)!);
  return JSON.stringify(object);
}

/** Whether an answer's type is one the client said it reads, and its body is of that type. */
function checkForm(request: Recorded, type: string): Verdict {
  const bare = type.split(';')[0]!;
  const accepted = request.accept.split(',').map(clause => clause.trim());
  if (request.accept !== '' && !accepted.some(clause => clause === '*/*' || clause.split(';')[0] === bare))
    return `content type ${type} is none of ${request.accept}`;
  const transformed = /as=(\w+)/.exec(accepted[0] ?? '')?.[1];
  if (transformed && !type.includes(`as=${transformed}`)) return `content type ${type} lacks as=${transformed}`;
  return undefined;
}

interface Document {
  readonly kind?: string;
  readonly apiVersion?: string;
  readonly items?: readonly unknown[];
  readonly rows?: readonly unknown[];
}

function read(type: string, body: Buffer): Document {
  if (type.startsWith('application/vnd.kubernetes.protobuf')) return decodeProtobuf(body);
  return JSON.parse(body.toString('utf8')) as Document;
}

/** The kind an answer must be of, where the request says it. */
function expectedKind(request: Recorded, { target, definition }: Described, type: string): string | undefined {
  if (type.includes('as=Table')) return 'Table';
  if (type.includes('as=APIGroupDiscoveryList')) return 'APIGroupDiscoveryList';
  if (!definition) return undefined;
  const subresource = definition.subresources.find(one => one.name === target.subresource)?.kind;
  if (subresource) return subresource.kind;
  if (target.subresource === 'log') return undefined;
  if (request.method === 'DELETE') return undefined;
  return request.method === 'GET' && target.name === '' ? `${definition.kind}List` : definition.kind;
}

function checkShape(request: Recorded, described: Described, type: string, body: Buffer): Verdict {
  if (!/json|protobuf/.test(type)) return undefined;
  const document = read(type, body);
  const kind = expectedKind(request, described, type);
  if (kind !== undefined && document.kind !== kind) return `expected kind ${kind}, got ${document.kind}`;
  // Protobuf writes an empty list as no field at all.
  const items = type.includes('protobuf') ? (document.items ?? []) : document.items;
  if (kind?.endsWith('List') && !Array.isArray(items)) return 'a list without items';
  if (kind === 'Table' && !Array.isArray(document.rows)) return 'a table without rows';
  if (
    kind === described.definition?.kind &&
    described.definition &&
    document.apiVersion !== apiVersionOf(described.definition)
  )
    return `expected apiVersion ${apiVersionOf(described.definition)}, got ${document.apiVersion}`;
  return undefined;
}

/** Opens a watch as recorded, changes what it looks at, and waits for the first event. */
async function replayWatch(stage: Stage, request: Recorded, { target, definition }: Described): Promise<Verdict> {
  const params = parseQuery(target.query);
  const initial = params.get('sendInitialEvents') === 'true';
  const url = request.url.replace(/resourceVersion=\d+&?/, '');
  const reading = stage.wire.read(url, text => text.includes(initial ? 'initial-events-end' : '\n'), {
    accept: request.accept || '*/*',
  });
  await seed(stage, { target, definition, watch: true }, 'GET');
  if (definition && !/metadata\.name/.test(params.get('fieldSelector') ?? ''))
    await stage.server.kernel
      .client()
      .create(definition, sampleOf(definition, `made-${made++}`, target.namespace || 'default'));
  const text = await reading;
  for (const line of text.trim().split('\n')) {
    const event = JSON.parse(line) as { type?: string; object?: Document };
    if (!event.type || !event.object?.kind) return `not a watch event: ${line.slice(0, 100)}`;
    if (request.accept.includes('as=Table') && event.type !== 'BOOKMARK' && event.object.kind !== 'Table')
      return `an event of kind ${event.object.kind}, not Table`;
  }
  return undefined;
}

/** Asks for the recorded upgrade and expects 101 with one of the offered protocols. */
function replayUpgrade(stage: Stage, request: Recorded): Promise<Verdict> {
  const { to, protocols } = request.upgrade!;
  const { api, state } = stage.server;
  const websocket = to.toLowerCase() === 'websocket';
  const headers = websocket
    ? {
        upgrade: 'websocket',
        connection: 'Upgrade',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        'sec-websocket-protocol': protocols.join(', '),
      }
    : { upgrade: to, connection: 'Upgrade', 'x-stream-protocol-version': protocols.join(', ') };
  return new Promise(resolve => {
    const asked = httpsRequest(`${api.url}${request.url}`, {
      method: request.method,
      headers,
      ca: readFileSync(join(state, 'pki', 'ca.crt')),
      cert: api.pki.admin.certificate,
      key: api.pki.admin.key,
      agent: false,
    });
    asked.on('upgrade', (response, socket) => {
      const chosen = String(response.headers[websocket ? 'sec-websocket-protocol' : 'x-stream-protocol-version'] ?? '');
      socket.destroy();
      resolve(
        protocols.includes(chosen) ? undefined : `chose the protocol "${chosen}", offered were ${protocols.join(', ')}`,
      );
    });
    asked.on('response', response => {
      response.resume();
      resolve(`expected 101, got ${response.statusCode}`);
    });
    asked.on('error', error => resolve(error.message));
    asked.end();
  });
}

/** A document's address with the hash the server gives it now: the recorded one is of another server. */
async function currentUrl(stage: Stage, url: string): Promise<string> {
  const path = url.split('?')[0]!;
  if (!path.startsWith('/openapi/v3/')) return url;
  const index = (await stage.wire.send('GET', '/openapi/v3')).json() as {
    paths: Record<string, { serverRelativeURL: string }>;
  };
  return index.paths[path.slice('/openapi/v3/'.length)]?.serverRelativeURL ?? url;
}

/** Replays one request against a server that has what it is about; undefined when it is answered as it should be. */
export async function replay(stage: Stage, request: Recorded): Promise<Verdict> {
  const described = describe(stage, request);
  if (described.watch) return replayWatch(stage, request, described);
  await seed(stage, described, request.method);
  if (request.upgrade) return replayUpgrade(stage, request);
  const body = await bodyOf(stage, request, described);
  const answer = await stage.wire.send(request.method, await currentUrl(stage, request.url), body, {
    accept: request.accept || '*/*',
    ...(request.contentType ? { 'content-type': request.contentType } : {}),
  });
  if (answer.status < 200 || answer.status > 299)
    return `expected success, got ${answer.status} ${answer.text.slice(0, 200)}`;
  const type = String(answer.headers['content-type'] ?? '');
  return checkForm(request, type) ?? checkShape(request, described, type, answer.body);
}
