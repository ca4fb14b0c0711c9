import { parse as parseYaml } from 'yaml';
import {
  badRequest,
  type Json,
  type JsonObject,
  type KubeObject,
  statusError,
  type StatusError,
} from '../../kernel/index.ts';
import { type Format, formatOf } from '../media/accept.ts';
import type { ApiRequest } from './request.ts';
import type { Services } from './services.ts';

/** kube-apiserver's limit on request bodies (`--max-request-bytes` of the store is below it). */
export const BODY_BYTES_MAX = 3 * 1024 * 1024;
const DEPTH_MAX = 100;

export const unsupportedMediaType = (type: string | undefined): StatusError =>
  statusError(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf${type ? '' : ''}`,
  );

/** Refuses nesting no object of the API needs, before anything recursive walks it. */
function checkDepth(text: string): void {
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (quoted) {
      if (code === 92) i++;
      else if (code === 34) quoted = false;
    } else if (code === 34) quoted = true;
    else if (code === 123 || code === 91) {
      if (++depth > DEPTH_MAX) throw badRequest(`the object is nested deeper than ${DEPTH_MAX} levels`);
    } else if (code === 125 || code === 93) depth--;
  }
}

/** Bodies that open few brackets cannot be deep: most requests skip the scan. */
const mayBeDeep = (text: string): boolean => text.length > 100_000;

export function parseJsonText(text: string): Json {
  if (mayBeDeep(text)) checkDepth(text);
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw badRequest(`the object provided is unrecognized (must be of type JSON): ${(error as Error).message}`);
  }
}

const isRecord = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A body's text and format, before it is read. */
export interface RawBody {
  readonly bytes: Buffer;
  readonly format: Format;
}

export async function readBody(request: ApiRequest): Promise<RawBody> {
  const type = request.exchange.header('content-type');
  const format = formatOf(type);
  const bytes = await request.exchange.body(BODY_BYTES_MAX);
  if (format === undefined) throw unsupportedMediaType(type);
  return { bytes, format };
}

/** Reads a body as an object of the API; its apiVersion and kind may be missing. */
export function parseObject(services: Services, request: ApiRequest, body: RawBody): KubeObject {
  if (body.format === 'protobuf') {
    if (!services.codec) throw unsupportedMediaType('protobuf');
    return services.codec.decode(body.bytes);
  }
  if (body.format === 'cbor') throw unsupportedMediaType('cbor');
  const text = body.bytes.toString('utf8');
  if (request.audit?.wantsRequest) request.audit.requestText = text;
  let value: unknown;
  if (body.format === 'yaml') {
    try {
      value = parseYaml(text, { maxAliasCount: 100, schema: 'core' });
    } catch (error) {
      throw badRequest(`error converting YAML to JSON: ${(error as Error).message}`);
    }
  } else {
    value = parseJsonText(text);
  }
  if (!isRecord(value)) throw badRequest("couldn't get version/kind; json parse error: the body is not an object");
  return value as unknown as KubeObject;
}
