import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { STATUS_CODES } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Bundle, type SigningKey, unpackBundle, verifyBundle } from '../opa-bundle.ts';
import { bundleContents, bundleFiles, type Version } from '../opa-sources.ts';
import { ConfigurationError, type Fields } from './configuration.ts';
import type { Log } from './log.ts';
import { type ActiveBundle, partsOfRoot, overlaps } from './ownership.ts';
import { errorText } from '../opa-flags.ts';
import type { Service } from './service.ts';

/** How often a source is asked, in milliseconds. */
export interface Polling {
  readonly min_ms: number;
  readonly max_ms: number;
  /** How long the service may hold an answer back; 0: not at all. */
  readonly long_ms: number;
}

const RETRY_FIRST_MS = 500;
const SIZE_MAX = 1024 * 1024 * 1024;
const LONG_POLLING = 'application/vnd.openpolicyagent.bundles';

export interface BundleSource {
  readonly name: string;
  readonly service: Service | undefined;
  /** A path on the service, or a `file:` URL. */
  readonly resource: string;
  readonly polling: Polling;
  readonly isManual: boolean;
  readonly persistAt?: string;
  readonly size_max: number;
  readonly signing?: { readonly key: SigningKey; readonly scope?: string; readonly excluded: readonly string[] };
}

/** What is told of a bundle (OPA, "Status"). Times are RFC 3339. */
export interface BundleStatus {
  name: string;
  active_revision?: string;
  last_successful_activation?: string;
  last_successful_download?: string;
  last_successful_request?: string;
  last_request?: string;
  type?: string;
  size?: number;
  code?: string;
  message?: string;
  http_code?: number;
  errors?: readonly unknown[];
}

export function pollingOf(fields: Fields): Polling {
  const min = fields.number('min_delay_seconds') ?? 60;
  const max = fields.number('max_delay_seconds') ?? Math.max(120, min);
  if (max < min) throw new ConfigurationError('polling: max_delay_seconds must be >= min_delay_seconds');
  return {
    min_ms: min * 1000,
    max_ms: max * 1000,
    long_ms: (fields.number('long_polling_timeout_seconds') ?? 0) * 1000,
  };
}

/** How long until the next turn: anywhere between the bounds, so that servers do not all ask at once. */
export const betweenTurns = ({ min_ms, max_ms }: Pick<Polling, 'min_ms' | 'max_ms'>): number =>
  min_ms + Math.random() * (max_ms - min_ms);

export async function waited(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal, ref: true }).catch(() => undefined);
}

export interface SourceContext {
  readonly services: ReadonlyMap<string, Service>;
  readonly keys: ReadonlyMap<string, SigningKey & { readonly scope?: string }>;
  readonly folder: string;
}

/** Which service a part of the configuration speaks to; the only one where none is named. */
export function serviceFor(fields: Fields, at: string, services: ReadonlyMap<string, Service>): Service {
  const name = fields.text('service') ?? (services.size === 1 ? [...services.keys()][0] : undefined);
  const service = name === undefined ? undefined : services.get(name);
  if (!service)
    throw new ConfigurationError(
      name === undefined ? `${at}.service: name one of services` : `${at}.service: service name "${name}" not found`,
    );
  return service;
}

export function sourceOf(name: string, fields: Fields, { services, keys, folder }: SourceContext): BundleSource {
  const resource = fields.text('resource') ?? `bundles/${name}`;
  const signing = fields.fields('signing');
  const keyid = signing.text('keyid');
  const key = keyid === undefined ? undefined : keys.get(keyid);
  if (keyid !== undefined && !key)
    throw new ConfigurationError(`bundles.${name}.signing.keyid: key id "${keyid}" not found`);
  const scope = signing.text('scope') ?? key?.scope;
  return {
    name,
    resource,
    service: resource.startsWith('file:') ? undefined : serviceFor(fields, `bundles.${name}`, services),
    polling: pollingOf(fields.fields('polling')),
    isManual: fields.text('trigger') === 'manual',
    size_max: fields.number('size_limit_bytes') ?? SIZE_MAX,
    ...(fields.flag('persist') ? { persistAt: join(folder, 'bundles', name, 'bundle.tar.gz') } : {}),
    ...(key
      ? { signing: { key, excluded: signing.list('exclude_files'), ...(scope === undefined ? {} : { scope }) } }
      : {}),
  };
}

/** A bundle made ready: what is outside of its roots is refused. */
export function readyBundle(name: string, bundle: Bundle, version: Version): ActiveBundle {
  if (bundle.files.has('patch.json')) throw new Error('delta bundles are not read here: serve snapshots');
  const roots = (bundle.manifest.roots ?? ['']).map(partsOfRoot);
  const { modules, data } = bundleContents(bundle, name, version);
  for (const { package: path, file } of modules)
    if (!roots.some(root => root.every((part, at) => path[at] === part)))
      throw new Error(
        `manifest roots [${bundle.manifest.roots?.join(' ')}] do not permit 'package ${path.join('.')}' in module '${file}'`,
      );
  for (const path of leavesOf(data))
    if (!roots.some(root => overlaps(root, path)))
      throw new Error(
        `manifest roots [${bundle.manifest.roots?.join(' ')}] do not permit data at path '/${path.join('/')}'`,
      );
  return { name, manifest: bundle.manifest, roots, modules, data };
}

function leavesOf(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [path];
  return Object.entries(value).flatMap(([name, item]) => leavesOf(item, [...path, name]));
}

interface Downloaded {
  readonly archive?: Buffer;
  readonly bundle: Bundle;
  readonly etag?: string;
  readonly size: number;
}

class HttpError extends Error {
  readonly status: number;
  constructor(status: number) {
    super(`server replied with ${STATUS_CODES[status] ?? status}`);
    this.status = status;
  }
}

/** Keeps one bundle in step with its source. */
export class BundleLoader {
  readonly status: BundleStatus;
  readonly #source: BundleSource;
  readonly #version: Version;
  readonly #activate: (bundle: ActiveBundle) => void;
  readonly #changed: () => void;
  readonly #log: Log;
  #etag: string | undefined;
  #modified_ms: number | undefined;
  #isLong = false;

  constructor(
    source: BundleSource,
    version: Version,
    log: Log,
    hooks: { readonly activate: (bundle: ActiveBundle) => void; readonly changed: () => void },
  ) {
    this.#source = source;
    this.#version = version;
    this.#activate = hooks.activate;
    this.#changed = hooks.changed;
    this.#log = log.with({ name: source.name, plugin: 'bundle' });
    this.status = { name: source.name };
  }

  get isActive(): boolean {
    return this.status.last_successful_activation !== undefined;
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#log.info('Starting bundle loader.');
    this.#restore();
    if (this.#source.isManual) return;
    for (let failures = 0; !signal.aborted; ) {
      const isFine = await this.#turn(signal);
      if (signal.aborted) return;
      this.#changed();
      failures = isFine ? 0 : failures + 1;
      const { polling } = this.#source;
      const pause = isFine ? betweenTurns(polling) : Math.min(RETRY_FIRST_MS * 2 ** (failures - 1), polling.max_ms);
      await waited(isFine && this.#isLong ? 0 : pause, signal);
    }
  }

  /** One look at the source; false when it failed. */
  async #turn(signal: AbortSignal): Promise<boolean> {
    const now = (): string => new Date().toISOString();
    this.status.last_request = now();
    try {
      const found = this.#source.service ? await this.#download(this.#source.service, signal) : this.#read();
      this.status.last_successful_request = now();
      if (found) {
        this.status.last_successful_download = now();
        this.status.size = found.size;
        this.#take(found.bundle);
        this.#etag = found.etag;
        const etag = found.etag === undefined ? '' : ` Etag updated to ${found.etag}.`;
        this.#log.info(`Bundle loaded and activated successfully.${etag}`);
        if (found.archive) this.#persist(found.archive);
      }
      for (const name of ['code', 'message', 'http_code', 'errors'] as const) delete this.status[name];
      return true;
    } catch (error) {
      if (!signal.aborted) this.#failed(error);
      return false;
    }
  }

  #failed(error: unknown): void {
    const text = messageOf(error);
    this.status.code = 'bundle_error';
    this.status.message = text;
    if (error instanceof HttpError) this.status.http_code = error.status;
    this.#log.error(`Bundle load failed: ${text}`);
  }

  async #download(service: Service, signal: AbortSignal): Promise<Downloaded | undefined> {
    const { long_ms } = this.#source.polling;
    const answer = await service.ask(
      {
        method: 'GET',
        path: this.#source.resource,
        wait_ms: long_ms,
        headers: {
          prefer: `modes=snapshot,delta${long_ms > 0 ? `;wait=${long_ms / 1000}` : ''}`,
          ...(this.#etag === undefined ? {} : { 'if-none-match': this.#etag }),
        },
      },
      signal,
    );
    this.#isLong = long_ms > 0 && String(answer.headers['content-type']).startsWith(LONG_POLLING);
    if (answer.status === 304) return undefined;
    if (answer.status !== 200) throw new HttpError(answer.status);
    const etag = answer.headers.etag;
    const size = answer.body.length;
    if (size > this.#source.size_max) throw new Error(`bundle of ${size} bytes exceeds size_limit_bytes`);
    return {
      archive: answer.body,
      bundle: unpackBundle(answer.body),
      size,
      ...(typeof etag === 'string' ? { etag } : {}),
    };
  }

  #read(): Downloaded | undefined {
    const path = fileURLToPath(this.#source.resource);
    const found = statSync(path);
    // A folder is read each time: its own time does not tell of files below.
    if (this.#modified_ms === found.mtimeMs && !found.isDirectory()) return undefined;
    this.#modified_ms = found.mtimeMs;
    return { bundle: bundleFiles(path), size: found.size };
  }

  #take(bundle: Bundle): void {
    const { name, signing } = this.#source;
    if (signing) {
      const files = new Map([...bundle.files].filter(([file]) => !signing.excluded.includes(file)));
      verifyBundle({ ...bundle, files }, signing.key, undefined, signing.scope);
    }
    const ready = readyBundle(name, bundle, this.#version);
    this.#activate(ready);
    this.status.type = 'snapshot';
    if (ready.manifest.revision) this.status.active_revision = ready.manifest.revision;
    else delete this.status.active_revision;
    this.status.last_successful_activation = new Date().toISOString();
  }

  /** What was kept from the last run, until the source answers. */
  #restore(): void {
    const { persistAt } = this.#source;
    if (persistAt === undefined) return;
    try {
      this.#take(unpackBundle(readFileSync(persistAt)));
      this.#log.info('Bundle loaded from disk and activated successfully.');
    } catch (error) {
      if ((error as { code?: string }).code !== 'ENOENT')
        this.#log.error(`Failed to load bundle from disk: ${messageOf(error)}`);
    }
  }

  #persist(archive: Buffer): void {
    const { persistAt } = this.#source;
    if (persistAt === undefined) return;
    const written = join(dirname(persistAt), `.${basename(persistAt)}.${process.pid}`);
    try {
      mkdirSync(dirname(persistAt), { recursive: true });
      writeFileSync(written, archive);
      renameSync(written, persistAt);
    } catch (error) {
      rmSync(written, { force: true });
      this.#log.error(`Persisting bundle to disk failed: ${messageOf(error)}`);
    }
  }
}

function messageOf(error: unknown): string {
  try {
    return errorText(error, new Map());
  } catch {
    return (error as Error).message;
  }
}
