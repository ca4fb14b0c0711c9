import { gunzipSync, gzipSync } from 'node:zlib';
import { rego } from '../../policy/index.ts';
import { betweenTurns, serviceFor, waited } from './bundles.ts';
import { ConfigurationError, type Fields } from './configuration.ts';
import type { Log } from './log.ts';
import type { Decision } from './policies.ts';
import type { Service } from './service.ts';

const UPLOAD_MAX = 32_768;
/** Events kept while the service does not answer, where no limit is set. */
const EVENTS_MAX = 100_000;
const MIN_S = 300;
const MAX_S = 600;
const RETRY_FIRST_MS = 500;

export interface DecisionLogSettings {
  readonly service: Service | undefined;
  readonly isConsole: boolean;
  readonly resource: string;
  readonly mask: readonly string[];
  readonly drop: readonly string[];
  readonly min_ms: number;
  readonly max_ms: number;
  readonly upload_bytes_max: number;
  /** 0: no limit of its own. */
  readonly buffer_bytes_max: number;
  readonly isManual: boolean;
  /** Names of request headers to tell. */
  readonly headers: readonly string[];
}

const pathOf = (text: string): readonly string[] => text.split('/').filter(part => part !== '');

export function decisionLogOf(fields: Fields, services: ReadonlyMap<string, Service>): DecisionLogSettings {
  const reporting = fields.fields('reporting');
  const isConsole = fields.flag('console');
  const min = reporting.number('min_delay_seconds') ?? MIN_S;
  const max = reporting.number('max_delay_seconds') ?? Math.max(MAX_S, min);
  if (max < min)
    throw new ConfigurationError('decision_logs.reporting: max_delay_seconds must be >= min_delay_seconds');
  const partition = fields.text('partition_name');
  const hasService = fields.has('service') || (!isConsole && services.size > 0);
  return {
    service: hasService ? serviceFor(fields, 'decision_logs', services) : undefined,
    isConsole,
    resource: fields.text('resource') ?? (partition === undefined ? '/logs' : `/logs/${partition}`),
    mask: pathOf(fields.text('mask_decision') ?? '/system/log/mask'),
    drop: pathOf(fields.text('drop_decision') ?? '/system/log/drop'),
    min_ms: min * 1000,
    max_ms: max * 1000,
    upload_bytes_max: reporting.number('upload_size_limit_bytes') ?? UPLOAD_MAX,
    buffer_bytes_max: reporting.number('buffer_size_limit_bytes') ?? 0,
    isManual: reporting.text('trigger') === 'manual',
    headers: fields.fields('request_context').fields('http').list('headers'),
  };
}

/** One line of the log. */
export type DecisionEvent = { [name: string]: rego.Value };

const isTree = (value: rego.Value | undefined): value is DecisionEvent =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.getPrototypeOf(value) !== rego.RegoSet.prototype;

interface Mask {
  readonly op: 'remove' | 'upsert';
  readonly path: string;
  readonly value: rego.Value;
}

/** What `data.system.log.mask` asks for; anything else is passed over, as in OPA. */
function masksOf(value: rego.Value | undefined): Mask[] {
  const members = value instanceof rego.RegoSet ? value.sorted() : Array.isArray(value) ? (value as rego.Value[]) : [];
  return members.flatMap((each): Mask[] => {
    if (typeof each === 'string') return [{ op: 'remove', path: each, value: null }];
    if (!isTree(each) || typeof each.path !== 'string') return [];
    return each.op === 'remove' || each.op === 'upsert'
      ? [{ op: each.op, path: each.path, value: each.value ?? null }]
      : [];
  });
}

/** A value with one place below taken away or changed; undefined where that place is not there. */
function changed(value: rego.Value, [name, ...rest]: readonly string[], mask: Mask): rego.Value | undefined {
  if (Array.isArray(value)) {
    const index = /^(?:0|[1-9]\d*)$/.test(name!) ? Number(name) : -1;
    if (index < 0 || index >= value.length) return undefined;
    const list = [...(value as rego.Value[])];
    if (rest.length === 0) {
      if (mask.op === 'remove') list.splice(index, 1);
      else list[index] = mask.value;
      return list;
    }
    const below = changed(list[index]!, rest, mask);
    if (below === undefined) return undefined;
    list[index] = below;
    return list;
  }
  if (!isTree(value)) return undefined;
  const isThere = Object.hasOwn(value, name!);
  const out = Object.assign(Object.create(null) as DecisionEvent, value);
  if (rest.length === 0) {
    if (mask.op === 'remove') {
      if (!isThere) return undefined;
      delete out[name!];
    } else out[name!] = mask.value;
    return out;
  }
  const below = isThere ? changed(value[name!]!, rest, mask) : undefined;
  if (below === undefined) return undefined;
  out[name!] = below;
  return out;
}

const MASKED = new Set(['input', 'result', 'nd_builtin_cache']);

/** An event after its masks, with the places that were erased or changed (OPA, "Masking Sensitive Data"). */
export function maskedEvent(event: DecisionEvent, masks: rego.Value | undefined): DecisionEvent {
  let now: DecisionEvent = event;
  const erased: string[] = [];
  const replaced: string[] = [];
  for (const mask of masksOf(masks)) {
    const path = mask.path
      .replace(/^\//, '')
      .split('/')
      .map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'));
    if (!mask.path.startsWith('/') || !MASKED.has(path[0]!)) continue;
    const next = changed(now, path, mask);
    if (next === undefined) continue;
    now = next as DecisionEvent;
    (mask.op === 'remove' ? erased : replaced).push(mask.path);
  }
  return { ...now, ...(erased.length > 0 ? { erased } : {}), ...(replaced.length > 0 ? { masked: replaced } : {}) };
}

/** Events as gzipped JSON arrays, each at most so many bytes; one that is too long by itself is given to `dropped`. */
export function chunksOf(events: readonly string[], bytes_max: number, dropped: (event: string) => void): Buffer[] {
  if (events.length === 0) return [];
  const packed = gzipSync(`[${events.join(',')}]`);
  if (packed.length <= bytes_max) return [packed];
  if (events.length === 1) return (dropped(events[0]!), []);
  const half = events.length >> 1;
  return [...chunksOf(events.slice(0, half), bytes_max, dropped), ...chunksOf(events.slice(half), bytes_max, dropped)];
}

/** Writes decisions to the console and sends them to a service. */
export class DecisionLog {
  readonly #settings: DecisionLogSettings;
  readonly #log: Log;
  readonly #document: (path: readonly string[], input: rego.Value) => rego.Value | undefined;
  #events: string[] = [];
  #bytes = 0;
  #dropped = 0;

  constructor(
    settings: DecisionLogSettings,
    log: Log,
    document: (path: readonly string[], input: rego.Value) => rego.Value | undefined,
  ) {
    this.#settings = settings;
    this.#log = log;
    this.#document = document;
  }

  get headers(): readonly string[] {
    return this.#settings.headers;
  }

  /** Takes one decision with what its request was. */
  take(decision: Decision, around: DecisionEvent): void {
    const event: DecisionEvent = {
      ...around,
      decision_id: decision.id,
      ...(decision.path === undefined ? {} : { path: decision.path }),
      ...(decision.query === undefined ? {} : { query: decision.query }),
      ...(decision.input === undefined ? {} : { input: decision.input }),
      ...(decision.result === undefined ? {} : { result: decision.result }),
      ...(decision.error === undefined ? {} : { error: decision.error as rego.Value }),
      timestamp: new Date().toISOString(),
      metrics: { timer_rego_query_eval_ns: decision.eval_ns },
    };
    const { drop, mask, isConsole, service } = this.#settings;
    try {
      if (this.#document(drop, event) === true) return;
      const shown = maskedEvent(event, this.#document(mask, event));
      const text = rego.jsonText(shown);
      if (isConsole)
        this.#log.info('Decision Log', { ...(JSON.parse(text) as object), type: 'openpolicyagent.org/decision_logs' });
      if (service) this.#keep(text);
    } catch (error) {
      // What cannot be masked must not be told.
      this.#dropped++;
      this.#log.error(`Log event masking failed: ${(error as Error).message}.`, { plugin: 'decision_logs' });
    }
  }

  #keep(text: string): void {
    const { buffer_bytes_max } = this.#settings;
    this.#events.push(text);
    this.#bytes += text.length;
    while (
      this.#events.length > EVENTS_MAX ||
      (buffer_bytes_max > 0 && this.#bytes > buffer_bytes_max && this.#events.length > 0)
    ) {
      this.#bytes -= this.#events.shift()!.length;
      this.#dropped++;
    }
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** Uploads until the signal; what is left goes with a last attempt. */
  async run(signal: AbortSignal): Promise<void> {
    this.#log.info('Starting decision logger.', { plugin: 'decision_logs' });
    const { service, isManual } = this.#settings;
    if (!service || isManual) return;
    for (let failures = 0; !signal.aborted; ) {
      const pause =
        failures === 0
          ? betweenTurns(this.#settings)
          : Math.min(RETRY_FIRST_MS * 2 ** (failures - 1), this.#settings.max_ms);
      await waited(pause, signal);
      failures = (await this.#upload(service, new AbortController().signal)) ? 0 : failures + 1;
    }
  }

  async #upload(service: Service, signal: AbortSignal): Promise<boolean> {
    const events = this.#events;
    this.#events = [];
    this.#bytes = 0;
    const chunks = chunksOf(events, this.#settings.upload_bytes_max, () => {
      this.#dropped++;
      this.#log.error(
        'Log encoding failed: received a decision event size that exceeded the upload_size_limit_bytes.',
        {
          plugin: 'decision_logs',
        },
      );
    });
    let sent = 0;
    try {
      for (; sent < chunks.length; sent++) {
        const answer = await service.ask(
          {
            method: 'POST',
            path: this.#settings.resource,
            headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
            body: chunks[sent]!,
          },
          signal,
        );
        if (answer.status < 200 || answer.status > 299)
          throw new Error(`log upload failed, server replied with HTTP ${answer.status}`);
      }
      if (chunks.length > 0) this.#log.info('Logs uploaded successfully.', { plugin: 'decision_logs' });
      return true;
    } catch (error) {
      this.#log.error(`${(error as Error).message}.`, { plugin: 'decision_logs' });
      // Chunks that arrived are not sent twice.
      const waiting = this.#events;
      [this.#events, this.#bytes] = [[], 0];
      const left = sent === 0 ? events : chunks.slice(sent).flatMap(eventsOf);
      for (const text of [...left, ...waiting]) this.#keep(text);
      return false;
    }
  }
}

/** The events of a chunk, each as its text. */
const eventsOf = (chunk: Buffer): string[] =>
  (rego.fromJsonText(gunzipSync(chunk).toString('utf8')) as readonly rego.Value[]).map(rego.jsonText);
