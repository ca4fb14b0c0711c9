import { stringify as yamlText } from 'yaml';
import {
  encodeCbor,
  type Json,
  type KubeObject,
  type ResourceDefinition,
  type Schema,
  type Status,
  type StatusError,
  type StoredObject,
} from '../../kernel/index.ts';
import { type Accepted, MEDIA_TYPE } from '../media/accept.ts';
import { truth } from '../request/query.ts';
import { tableJson } from '../tables/table.ts';
import type { Headers } from './exchange.ts';
import type { ApiRequest, ResourceRequest } from './request.ts';
import type { Services } from './services.ts';

const JSON_TYPE = 'application/json';
/** Bodies under this size are not worth compressing (the API server's own threshold). */
const GZIP_BYTES_MIN = 128 * 1024;

const escapeWarning = (text: string): string => text.replace(/["\\]/g, '\\$&').replace(/[\r\n]+/g, ' ');

/** RFC 7234 §5.5 warn-code 299, warn-agent `-`, as the API server sends them. */
function warningHeader(warnings: readonly string[]): string {
  return [...new Set(warnings)].map(text => `299 - "${escapeWarning(text).slice(0, 2048)}"`).join(', ');
}

/** Common headers of an answer. */
export function headersOf(request: ApiRequest, contentType: string): Headers {
  const headers: Headers = {
    'content-type': contentType,
    'cache-control': 'no-cache, private',
    'audit-id': request.auditId,
  };
  if (request.context.warnings.length > 0) headers.warning = warningHeader(request.context.warnings);
  return headers;
}

/** Sends a whole body, compressed when it is large and the client asked for that. */
export function send(
  services: Services,
  request: ApiRequest,
  status: number,
  contentType: string,
  body: string | Uint8Array,
  more?: Headers,
): void {
  const headers = headersOf(request, contentType);
  if (more) Object.assign(headers, more);
  if (request.audit) {
    request.audit.code = status;
    if (request.audit.wantsResponse && (typeof body === 'string' || contentType === JSON_TYPE))
      request.audit.responseText = typeof body === 'string' ? body : Buffer.from(body).toString('utf8');
  }
  if (body.length >= GZIP_BYTES_MIN && services.gzip && request.exchange.header('accept-encoding')?.includes('gzip')) {
    headers['content-encoding'] = 'gzip';
    headers.vary = headers.vary === undefined ? 'Accept-Encoding' : `${headers.vary}, Accept-Encoding`;
    void services.gzip(body).then(
      packed => request.exchange.respond(status, headers, packed),
      () => request.exchange.respond(500, { 'content-type': 'text/plain' }, 'compression failed'),
    );
    return;
  }
  request.exchange.respond(status, headers, body);
}

/** Sends a Status: always JSON, which every client reads whatever it asked for. */
export function sendStatus(services: Services, request: ApiRequest, { code, ...told }: Status): void {
  // What a removal is answered with says its code in the head alone.
  send(services, request, code, JSON_TYPE, `${JSON.stringify(told)}\n`);
}

/** Sends a refusal. */
export function sendError(services: Services, request: ApiRequest, error: StatusError): void {
  const headers = headersOf(request, JSON_TYPE);
  const { status } = error;
  if (status.details?.retryAfterSeconds !== undefined)
    headers['retry-after'] = String(status.details.retryAfterSeconds);
  if (request.audit) request.audit.code = status.code;
  request.exchange.respond(status.code, headers, `${JSON.stringify(status)}\n`);
}

export const contentTypeOf = (accepted: Accepted): string =>
  accepted.as === undefined
    ? MEDIA_TYPE[accepted.format]
    : `${MEDIA_TYPE[accepted.format]};as=${accepted.as};v=${accepted.version};g=${accepted.group}`;

/** `{ kind: PartialObjectMetadata }` of an object, as JSON text. */
export function partialMetadata(object: KubeObject, version = 'v1'): string {
  return `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/${version}","metadata":${JSON.stringify(object.metadata)}}`;
}

/** The schema CBOR finds byte fields by: of whole objects of built-in kinds, whose types are Go's; custom kinds have none. */
export const bytesSchema = ({ definition, subresource, accepted }: ResourceRequest): Schema | undefined =>
  accepted.as !== undefined || definition.custom || subresource?.kind ? undefined : definition.schema;

/** A schema of one field more: `items` of a list, `object` of a watch event. */
export const around = (name: string, schema: Schema | undefined): Schema | undefined =>
  schema && { type: 'object', fields: new Map([[name, { name, schema }]]) };

/** Writes JSON text in the negotiated format. */
export function inFormat(services: Services, accepted: Accepted, json: string, schema?: Schema): string | Uint8Array {
  switch (accepted.format) {
    case 'yaml':
      return yamlText(JSON.parse(json), { aliasDuplicateObjects: false, lineWidth: 0 });
    case 'protobuf': {
      const bytes = services.codec.encode(JSON.parse(json) as KubeObject);
      if (bytes) return bytes;
      throw new TypeError('negotiated protobuf for a kind that has none');
    }
    case 'cbor':
      return encodeCbor(JSON.parse(json) as Json, schema);
    default:
      return json;
  }
}

/** The definition rows are printed by: a subresource of a kind of its own (Scale) is shown as that kind. */
export const shownAs = ({ definition, subresource }: ResourceRequest): ResourceDefinition =>
  subresource?.kind ? { ...definition, ...subresource.kind, custom: false } : definition;

/** One object as JSON text, transformed as asked. */
export function objectJson(services: Services, request: ResourceRequest, stored: StoredObject): string {
  switch (request.accepted.as) {
    case 'Table':
      return tableJson(
        shownAs(request),
        request.accepted.version!,
        [stored],
        { resourceVersion: String(stored.resourceVersion) },
        includeObject(request),
        services.clock.now(),
      );
    case 'PartialObjectMetadata':
      return partialMetadata(stored.object, request.accepted.version);
    default:
      return stored.json;
  }
}

export const includeObject = (request: ApiRequest): 'None' | 'Metadata' | 'Object' => {
  const value = request.params.get('includeObject');
  return value === 'None' || value === 'Object' ? value : 'Metadata';
};

/** People who read JSON themselves get it indented: by `?pretty`, or by the programs they use (as the API server does). */
export function wantsPretty(request: ApiRequest): boolean {
  const asked = request.params.get('pretty');
  if (asked !== null) return truth(asked);
  const agent = request.exchange.header('user-agent');
  return agent !== undefined && /^(curl|Wget|Mozilla\/5\.0)/.test(agent);
}

export const indented = (json: string): string => `${JSON.stringify(JSON.parse(json), undefined, 2)}\n`;

/** Sends one object. */
export function sendObject(services: Services, request: ResourceRequest, status: number, stored: StoredObject): void {
  const { accepted } = request;
  if (accepted.format === 'json' && accepted.as === undefined) {
    send(services, request, status, JSON_TYPE, wantsPretty(request) ? indented(stored.json) : stored.bytes);
    return;
  }
  send(
    services,
    request,
    status,
    contentTypeOf(accepted),
    inFormat(services, accepted, objectJson(services, request, stored), bytesSchema(request)),
  );
}

/** Sends an object that no store holds (reviews, scales, tokens). */
export function sendBody(services: Services, request: ResourceRequest, status: number, object: KubeObject): void {
  const accepted: Accepted = request.accepted.as === undefined ? request.accepted : { format: 'json' };
  send(services, request, status, MEDIA_TYPE[accepted.format], inFormat(services, accepted, JSON.stringify(object)));
}

/** Any JSON value as an answer. */
export function sendJson(services: Services, request: ApiRequest, value: Json): void {
  send(services, request, 200, JSON_TYPE, JSON.stringify(value));
}
