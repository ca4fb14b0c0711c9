import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { FaultError, targetUrl } from '../../base/index.ts';
import { parseDigest } from '../images/digest.ts';
import { MANIFEST_BYTES_MAX } from '../images/manifest.ts';
import { OCI_INDEX } from '../images/media.ts';
import { isRepository, isTag } from '../images/reference.ts';
import { Refusal } from '../registry/errors.ts';
import { pageOf, parseRange, parseRoute, type Route } from '../registry/route.ts';
import type { ImageContent } from './image-content.ts';
import type { Repository } from './image-refs.ts';
import { OWN_REGISTRY } from './image-store.ts';
import { Manifests, referrersIndex } from './registry-manifests.ts';
import { Uploads } from './registry-uploads.ts';

export interface RegistryServerOptions {
  readonly content: ImageContent;
  readonly host?: string;
  /** 0 picks a free one. */
  readonly port?: number;
  readonly now?: () => number;
}

interface Exchange {
  readonly request: http.IncomingMessage;
  readonly response: http.ServerResponse;
  readonly query: URLSearchParams;
}

type On<Kind extends Route['kind']> = Extract<Route, { kind: Kind }>;

/** The OCI distribution API (spec 1.1) over a content store: pulls, pushes, tags, referrers. Loopback, no login. */
export class RegistryServer implements AsyncDisposable {
  readonly #content: ImageContent;
  readonly #uploads: Uploads;
  readonly #manifests: Manifests;
  readonly #server: http.Server;

  private constructor(options: RegistryServerOptions) {
    this.#content = options.content;
    this.#uploads = new Uploads(options.content, options.now ?? Date.now);
    this.#manifests = new Manifests(options.content);
    this.#server = http.createServer((request, response) => void this.handle(request, response));
    this.#server.requestTimeout = 0;
  }

  /** Listens and resolves when requests are taken. */
  static async start(options: RegistryServerOptions): Promise<RegistryServer> {
    const registry = new RegistryServer(options);
    await new Promise<void>((resolve, reject) => {
      registry.#server.once('error', reject);
      registry.#server.listen(options.port ?? 0, options.host ?? '127.0.0.1', resolve);
    });
    return registry;
  }

  /** `127.0.0.1:PORT`, as it stands in image names. */
  get address(): string {
    const { address, port } = this.#server.address() as AddressInfo;
    return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>(resolve => this.#server.close(() => resolve()));
    await this.#uploads[Symbol.asyncDispose]();
  }

  /** Answers one request; never rejects. */
  async handle(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    response.setHeader('Docker-Distribution-API-Version', 'registry/2.0');
    try {
      const url = targetUrl(request.url);
      const route = parseRoute(url.pathname);
      if (!route) throw new Refusal('NAME_UNKNOWN', 'nothing is served here');
      await this.#serve(route, { request, response, query: url.searchParams });
    } catch (error) {
      refuse(response, error);
    }
  }

  async #serve(route: Route, exchange: Exchange): Promise<void> {
    switch (route.kind) {
      case 'base':
        return json(exchange, '{}');
      case 'catalog':
        return this.#catalog(exchange);
      case 'tags':
        return this.#tags(route, exchange);
      case 'manifest':
        return this.#manifest(route, exchange);
      case 'blob':
        return this.#blob(route, exchange);
      case 'uploads':
        return this.#begin(route, exchange);
      case 'upload':
        return this.#upload(route, exchange);
      case 'referrers':
        return this.#referrers(route, exchange);
    }
  }

  async #catalog(exchange: Exchange): Promise<void> {
    const all: string[] = [];
    for await (const at of this.#content.refs.repositories()) if (at.registry === OWN_REGISTRY) all.push(at.repository);
    page(exchange, '/v2/_catalog', all.sort(), names => ({ repositories: names }));
  }

  async #tags(route: On<'tags'>, exchange: Exchange): Promise<void> {
    only(exchange, ['GET', 'HEAD']);
    const at = own(route.repository);
    if (!(await this.#content.refs.exists(at)))
      throw new Refusal('NAME_UNKNOWN', `repository "${route.repository}" is empty`);
    page(exchange, `/v2/${route.repository}/tags/list`, await this.#content.refs.tags(at), tags => ({
      name: route.repository,
      tags,
    }));
  }

  async #manifest(route: On<'manifest'>, exchange: Exchange): Promise<void> {
    const at = own(route.repository);
    only(exchange, ['GET', 'HEAD', 'PUT', 'DELETE']);
    if (exchange.request.method === 'PUT') return this.#pushManifest(route, at, exchange);
    const target = await this.#manifests.find(at, route);
    if (!target)
      throw new Refusal(
        'MANIFEST_UNKNOWN',
        `there is no manifest "${route.digest ?? route.tag}" in "${route.repository}"`,
      );
    if (exchange.request.method === 'DELETE') {
      if (route.digest) await this.#content.refs.unlinkManifest(at, route.digest);
      else await this.#content.refs.removeTag(at, route.tag ?? '');
      return finish(exchange, 202);
    }
    const { response } = exchange;
    response.setHeader('Content-Type', target.mediaType);
    response.setHeader('Docker-Content-Digest', target.digest);
    response.setHeader('Content-Length', target.size);
    response.end(exchange.request.method === 'HEAD' ? undefined : await this.#content.blobs.read(target.digest));
  }

  async #pushManifest(route: On<'manifest'>, at: Repository, exchange: Exchange): Promise<void> {
    const { request, response, query } = exchange;
    const bytes = await bodyOf(request, MANIFEST_BYTES_MAX);
    const mediaType = (request.headers['content-type'] ?? '').split(';')[0]!.trim();
    const tags = route.tag === undefined ? query.getAll('tag') : [route.tag];
    const bad = tags.find(tag => !isTag(tag));
    if (bad !== undefined) throw new Refusal('MANIFEST_INVALID', `"${bad.slice(0, 150)}" is no tag`);
    const { target, subject } = await this.#manifests.push(at, bytes, mediaType, tags, route.digest);
    if (subject) response.setHeader('OCI-Subject', subject);
    if (route.tag === undefined && tags.length > 0) response.setHeader('OCI-Tag', tags);
    response.setHeader('Docker-Content-Digest', target.digest);
    response.setHeader('Location', `/v2/${route.repository}/manifests/${target.digest}`);
    finish(exchange, 201);
  }

  async #blob(route: On<'blob'>, exchange: Exchange): Promise<void> {
    only(exchange, ['GET', 'HEAD', 'DELETE']);
    const { request, response } = exchange;
    const at = own(route.repository);
    const link = await this.#content.refs.blob(at, route.digest);
    const size = link && (await this.#content.blobs.size(route.digest));
    if (size === undefined)
      throw new Refusal('BLOB_UNKNOWN', `there is no blob "${route.digest}" in "${route.repository}"`);
    if (request.method === 'DELETE') {
      await this.#content.refs.unlinkBlob(at, route.digest);
      return finish(exchange, 202);
    }
    const range = parseRange(request.headers.range, size);
    if (range === 'unsatisfiable')
      throw new Refusal('RANGE_INVALID', `the blob has ${size} bytes`, { 'Content-Range': `bytes */${size}` });
    response.statusCode = range ? 206 : 200;
    response.setHeader('Content-Type', 'application/octet-stream');
    response.setHeader('Docker-Content-Digest', route.digest);
    response.setHeader('Accept-Ranges', 'bytes');
    response.setHeader('Content-Length', range ? range.end - range.start + 1 : size);
    if (range) response.setHeader('Content-Range', `bytes ${range.start}-${range.end}/${size}`);
    if (request.method === 'HEAD' || size === 0) response.end();
    else await pipeline(this.#content.blobs.stream(route.digest, range), response).catch(() => response.destroy());
  }

  async #begin(route: On<'uploads'>, exchange: Exchange): Promise<void> {
    only(exchange, ['POST']);
    const { request, response, query } = exchange;
    const at = own(route.repository);
    const mount = query.get('mount');
    if (mount !== null) {
      const digest = parseDigest(mount);
      if (!digest) throw new Refusal('DIGEST_INVALID', `"${mount.slice(0, 150)}" is no digest`);
      const from = query.get('from');
      const mounted = await this.#uploads.mount(
        at,
        digest,
        from !== null && isRepository(from) ? own(from) : undefined,
      );
      if (mounted) return created(exchange, route.repository, mounted.digest);
    }
    const id = await this.#uploads.begin(at);
    const digest = query.get('digest');
    if (digest !== null) {
      const target = await this.#uploads.finish(at, id, request, undefined, digest);
      return created(exchange, route.repository, target.digest);
    }
    request.resume();
    response.setHeader('Location', `/v2/${route.repository}/blobs/uploads/${id}`);
    response.setHeader('Docker-Upload-UUID', id);
    response.setHeader('Range', '0-0');
    finish(exchange, 202);
  }

  async #upload(route: On<'upload'>, exchange: Exchange): Promise<void> {
    only(exchange, ['GET', 'PATCH', 'PUT', 'DELETE']);
    const { request, response, query } = exchange;
    const at = own(route.repository);
    const range = request.headers['content-range'];
    switch (request.method) {
      case 'DELETE':
        await this.#uploads.cancel(at, route.id);
        return finish(exchange, 204);
      case 'PUT': {
        const target = await this.#uploads.finish(at, route.id, request, range, query.get('digest'));
        return created(exchange, route.repository, target.digest);
      }
      default: {
        const size =
          request.method === 'PATCH'
            ? await this.#uploads.append(at, route.id, request, range)
            : this.#uploads.size(at, route.id);
        response.setHeader('Location', `/v2/${route.repository}/blobs/uploads/${route.id}`);
        response.setHeader('Docker-Upload-UUID', route.id);
        response.setHeader('Range', `0-${Math.max(0, size - 1)}`);
        finish(exchange, request.method === 'PATCH' ? 202 : 204);
      }
    }
  }

  async #referrers(route: On<'referrers'>, exchange: Exchange): Promise<void> {
    only(exchange, ['GET', 'HEAD']);
    const type = exchange.query.get('artifactType');
    const all = await this.#manifests.referrers(own(route.repository), route.digest);
    if (type !== null) exchange.response.setHeader('OCI-Filters-Applied', 'artifactType');
    json(exchange, referrersIndex(type === null ? all : all.filter(entry => entry.artifactType === type)), OCI_INDEX);
  }
}

const own = (repository: string): Repository => ({ registry: OWN_REGISTRY, repository });

function only({ request }: Exchange, methods: readonly string[]): void {
  if (!methods.includes(request.method ?? ''))
    throw new Refusal('UNSUPPORTED', `${request.method} is not served here`, { Allow: methods.join(', ') });
}

function finish({ response }: Exchange, status: number): void {
  response.statusCode = status;
  if (status !== 204) response.setHeader('Content-Length', 0);
  response.end();
}

function created(exchange: Exchange, repository: string, digest: string): void {
  exchange.request.resume();
  exchange.response.setHeader('Location', `/v2/${repository}/blobs/${digest}`);
  exchange.response.setHeader('Docker-Content-Digest', digest);
  finish(exchange, 201);
}

function json({ request, response }: Exchange, text: string, type = 'application/json'): void {
  response.setHeader('Content-Type', type);
  response.setHeader('Content-Length', Buffer.byteLength(text));
  response.end(request.method === 'HEAD' ? undefined : text);
}

function page(
  exchange: Exchange,
  path: string,
  all: readonly string[],
  body: (names: readonly string[]) => unknown,
): void {
  const text = exchange.query.get('n');
  const n = text === null ? undefined : Number(text);
  if (n !== undefined && (!Number.isInteger(n) || n < 0))
    throw new Refusal('BLOB_UPLOAD_INVALID', `"n" is no number of results`);
  const { page: names, next } = pageOf(all, n, exchange.query.get('last') ?? undefined);
  if (next !== undefined)
    exchange.response.setHeader('Link', `<${path}?n=${n}&last=${encodeURIComponent(next)}>; rel="next"`);
  json(exchange, JSON.stringify(body(names)));
}

async function bodyOf(request: http.IncomingMessage, bytes_max: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bytes_max) throw new Refusal('SIZE_INVALID', `the body exceeds ${bytes_max} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function refuse(response: http.ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const refusal =
    error instanceof Refusal
      ? error
      : error instanceof FaultError
        ? new Refusal('BLOB_UPLOAD_INVALID', error.message)
        : undefined;
  const body = refusal?.body() ?? JSON.stringify({ errors: [{ code: 'UNKNOWN', message: 'the registry failed' }] });
  for (const [name, value] of Object.entries(refusal?.headers ?? {})) response.setHeader(name, value);
  response.statusCode = refusal?.status ?? 500;
  response.setHeader('Content-Type', 'application/json');
  response.setHeader('Content-Length', Buffer.byteLength(body));
  response.end(body);
}
