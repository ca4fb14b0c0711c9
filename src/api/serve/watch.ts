import {
  encodeCbor,
  type Json,
  statusError,
  type StoredEvent,
  type StoredObject,
  type StoredWatch,
} from '../../kernel/index.ts';
import { type Accepted, MEDIA_TYPE } from '../media/accept.ts';
import { watchOptions } from '../request/query.ts';
import { tableRows } from '../tables/table.ts';
import type { Outgoing } from './exchange.ts';
import type { ResourceRequest } from './request.ts';
import { around, bytesSchema, headersOf, includeObject, objectJson } from './respond.ts';
import type { Services } from './services.ts';
import { watchFrame } from './protobuf.ts';

/** A watcher whose unread bytes pass this is cut off; it lists again, as after any lost watch. */
const PENDING_BYTES_MAX = 16 * 1024 * 1024;
const WATCHERS_MAX = 20_000;
/** A watch without timeoutSeconds ends after 30 to 60 minutes (kube-apiserver --min-request-timeout). */
const TIMEOUT_MIN_s = 1800;

type ObjectEvent = Extract<StoredEvent, { stored: StoredObject }>;

const FRAME_HEADS: Readonly<Record<ObjectEvent['type'], Buffer>> = {
  ADDED: Buffer.from('{"type":"ADDED","object":'),
  MODIFIED: Buffer.from('{"type":"MODIFIED","object":'),
  DELETED: Buffer.from('{"type":"DELETED","object":'),
};
const FRAME_END = Buffer.from('}\n');

/** The frame of an event, made once and sent to every plain JSON watcher of it; the store drops events once all are told. */
const shared = new WeakMap<StoredEvent, Buffer>();

function jsonFrame(event: ObjectEvent): Buffer {
  const known = shared.get(event);
  if (known) return known;
  const frame = Buffer.concat([FRAME_HEADS[event.type], event.stored.bytes, FRAME_END]);
  shared.set(event, frame);
  return frame;
}

/** Open watches, for the limit and the metrics. */
export interface WatchCount {
  open: number;
  evicted: number;
}

interface Writer {
  frame(event: StoredEvent): Buffer;
}

const bookmarkJson = (
  request: ResourceRequest,
  resourceVersion: number,
  initialEventsEnd: boolean | undefined,
): string => {
  const { definition, accepted } = request;
  const annotations = initialEventsEnd ? ',"annotations":{"k8s.io/initial-events-end":"true"}' : '';
  const metadata = `"metadata":{"resourceVersion":"${resourceVersion}","creationTimestamp":null${annotations}}`;
  const apiVersion = definition.group === '' ? definition.version : `${definition.group}/${definition.version}`;
  if (accepted.as === 'Table') {
    // A Table bookmark carries its version in the object of its only row, as the API server sends it.
    const object = `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/${accepted.version}",${metadata}}`;
    return `{"kind":"Table","apiVersion":"meta.k8s.io/${accepted.version}","metadata":{"resourceVersion":"${resourceVersion}"},"columnDefinitions":null,"rows":[{"cells":[],"object":${object}}]}`;
  }
  if (accepted.as === 'PartialObjectMetadata')
    return `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/${accepted.version}",${metadata}}`;
  return `{"kind":"${definition.kind}","apiVersion":"${apiVersion}",${metadata}}`;
};

function errorJson(code: number, message: string): string {
  const { status } = statusError(code, 'Expired', message);
  return JSON.stringify(status);
}

function writerOf(services: Services, request: ResourceRequest): Writer {
  const { accepted, definition } = request;
  const table = accepted.as === 'Table' ? tableRows(definition, accepted.version!, includeObject(request)) : undefined;
  const objectText = (stored: StoredObject): string =>
    table ? table(stored, services.clock.now()) : objectJson(services, request, stored);
  const plain = accepted.format === 'json' && accepted.as === undefined;
  const protobuf = accepted.format === 'protobuf';
  const eventSchema = accepted.format === 'cbor' ? around('object', bytesSchema(request)) : undefined;
  const text = (type: string, json: string): Buffer => {
    if (protobuf) return Buffer.from(watchFrame(services.codec, type, json));
    if (accepted.format === 'cbor') return encodeCbor({ type, object: JSON.parse(json) as Json }, eventSchema);
    return Buffer.from(`{"type":"${type}","object":${json}}\n`);
  };
  return {
    frame: event => {
      if (event.type === 'BOOKMARK')
        return text('BOOKMARK', bookmarkJson(request, event.resourceVersion, event.initialEventsEnd));
      if (event.type === 'ERROR') return text('ERROR', errorJson(event.code, event.message));
      return plain ? jsonFrame(event) : text(event.type, objectText(event.stored));
    },
  };
}

/** A stream of CBOR items is a sequence (RFC 8742), and has a media type of its own. */
function watchType(accepted: Accepted): string {
  const type = accepted.format === 'cbor' ? 'application/cbor-seq' : MEDIA_TYPE[accepted.format];
  if (accepted.as) return `${type};as=${accepted.as};v=${accepted.version};g=${accepted.group}`;
  return accepted.format === 'protobuf' ? `${type};stream=watch` : type;
}

/** Serves a watch until the client, the time limit or the store ends it. */
export async function serveWatch(services: Services, request: ResourceRequest): Promise<void> {
  const { exchange, target, params, definition, accepted } = request;
  const options = watchOptions(params, target.namespace, target.name);
  const count = services.watches;
  if (count.open >= WATCHERS_MAX)
    throw statusError(429, 'TooManyRequests', 'too many watches are open, please try again later', {
      retryAfterSeconds: 5,
    });
  const writer = writerOf(services, request);
  let outgoing: Outgoing | undefined;
  // The state a watch begins with may be more than a watcher may be behind later.
  let state_bytes = 0;
  let finished = false;
  let watch: StoredWatch | undefined;
  const finish = (): void => {
    if (finished) return;
    finished = true;
    count.open--;
    timer.cancel();
    services.draining.delete(finish);
    watch?.close();
    outgoing?.end();
  };
  count.open++;
  const seconds = options.timeoutSeconds ?? TIMEOUT_MIN_s * (1 + services.random.next());
  const timer = services.clock.after(Math.max(0, seconds) * 1000, finish);
  services.draining.add(finish);
  const open = (): Outgoing => {
    if (request.audit) request.audit.code = 200;
    return exchange.open(200, headersOf(request, watchType(accepted)));
  };
  const deliver = (events: readonly StoredEvent[]): void => {
    if (finished) return;
    const frames = events.length === 1 ? writer.frame(events[0]!) : Buffer.concat(events.map(writer.frame));
    outgoing ??= open();
    outgoing.write(frames);
    if (watch && outgoing.pending > PENDING_BYTES_MAX + state_bytes) {
      count.evicted++;
      outgoing.abort();
      finish();
    }
  };
  exchange.onClosed(finish);
  try {
    watch = await services.registry.watch(request.context, definition, options, deliver, finish);
  } catch (error) {
    finish();
    throw error;
  }
  outgoing ??= open();
  if (finished) {
    watch.close();
    outgoing.end();
    return;
  }
  state_bytes = outgoing.pending;
  outgoing.whenDrained(() => (state_bytes = 0));
}
