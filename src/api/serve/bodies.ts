import {
  badRequest,
  CborError,
  decodeCbor,
  type Duplicates,
  type Json,
  type JsonObject,
  JsonSyntaxError,
  type KubeObject,
  parseJson,
  parseYaml,
  StatusError,
  statusError,
} from '../../kernel/index.ts';
import { type Format, formatOf } from '../media/accept.ts';
import { hasDuplicateKeys } from './duplicates.ts';
import type { ApiRequest } from './request.ts';
import type { Services } from './services.ts';

/** kube-apiserver's limit on request bodies (`--max-request-bytes` of the store is below it). */
export const BODY_BYTES_MAX = 3 * 1024 * 1024;
const DEPTH_MAX = 100;

export const unsupportedMediaType = (): StatusError =>
  statusError(
    415,
    'UnsupportedMediaType',
    'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf, application/cbor',
  );

const notJson = (message: string): StatusError => badRequest(`couldn't get version/kind; json parse error: ${message}`);

const SUMMARY_BYTES = 30;

/** What a body begins with, as the API server shows it: objects as they stand, anything else in hex. */
function summary(bytes: Buffer): string {
  if (bytes.length === 0) return '<empty>';
  const start = bytes.subarray(0, SUMMARY_BYTES).toString(bytes[0] === 0x7b ? 'utf8' : 'hex');
  return bytes.length > SUMMARY_BYTES ? `${start} ...` : start;
}

const HEADER =
  'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';
const goType = (value: unknown): string =>
  Array.isArray(value)
    ? 'array'
    : typeof value === 'boolean'
      ? 'bool'
      : typeof value === 'object'
        ? 'object'
        : typeof value;

/** What keeps a value from telling its version and kind, in Go's words; undefined where nothing does. */
function unreadableHeader(value: Json): string | undefined {
  if (value === null) return undefined;
  if (!isRecord(value)) return `json: cannot unmarshal ${goType(value)} into Go value of type ${HEADER}`;
  for (const field of ['apiVersion', 'kind']) {
    const given = value[field];
    if (given !== undefined && given !== null && typeof given !== 'string')
      return `json: cannot unmarshal ${goType(given)} into Go struct field .${field} of type string`;
  }
  return undefined;
}

/** A text read as JSON or YAML, and what it names twice. */
interface Read {
  readonly value: Json;
  readonly duplicates?: Duplicates;
}

function readJsonText(text: string, wantsDuplicates: boolean): Read {
  try {
    const plain = parseJson(text, { duplicates: false, depth_max: DEPTH_MAX });
    if (!wantsDuplicates || !hasDuplicateKeys(text, plain.value)) return { value: plain.value };
    const { value, duplicates, offsetOf } = parseJson(text, { duplicates: true, depth_max: DEPTH_MAX });
    return { value, duplicates: { paths: duplicates, ...(offsetOf ? { offsetOf } : {}) } };
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw notJson(error.message);
    throw error;
  }
}

/** A JSON text as a value; refusals are 400. */
export const parseJsonText = (text: string): Json => readJsonText(text, false).value;

/** A patch as a value, and its fields named twice unless nobody wants to know; refusals are 400. */
export function parsePatch(text: string, validation: FieldValidation): { value: Json; duplicates?: Duplicates } {
  const { value, duplicates } = readJsonText(text, validation !== 'Ignore');
  // What is unknown in a patched object is found in the outcome, not in this text: duplicates come first, unordered by place.
  return duplicates?.paths ? { value, duplicates: { paths: duplicates.paths } } : { value };
}

/** The lines of a text's keys that occur twice, read as YAML whatever it looks like: how applied bodies are told of them. */
export function duplicateLines(text: string): readonly string[] {
  return readYamlText(text).duplicates?.lines ?? [];
}

function readYamlText(text: string): Read {
  try {
    const { value, duplicates } = parseYaml(text);
    return { value, ...(duplicates.length > 0 ? { duplicates: { lines: duplicates } } : {}) };
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw badRequest(error.message);
    throw error;
  }
}

function readCbor(bytes: Buffer): Read {
  try {
    const { value, duplicates } = decodeCbor(bytes);
    return {
      value,
      ...(duplicates.length > 0 ? { duplicates: { paths: duplicates.map(path => ({ path, offset: 0 })) } } : {}),
    };
  } catch (error) {
    if (error instanceof CborError) throw badRequest(error.message);
    throw error;
  }
}

function readText(request: ApiRequest, body: RawBody, validation: FieldValidation, unrecognized: Unrecognized): Read {
  const text = body.bytes.toString('utf8');
  if (request.audit?.wantsRequest) request.audit.requestText = text;
  if (body.format === 'yaml') return readYamlText(text);
  try {
    return readJsonText(text, validation !== 'Ignore');
  } catch (error) {
    throw error instanceof StatusError ? unrecognized(error.message) : error;
  }
}

type Unrecognized = (why: string) => StatusError;

/** How a body that tells no version and kind is refused where an object of a kind is wanted. */
export const unrecognizedAs =
  (kind: string, { bytes }: RawBody): Unrecognized =>
  why =>
    badRequest(`the object provided is unrecognized (must be of type ${kind}): ${why} (${summary(bytes)})`);

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
  if (format === undefined) throw unsupportedMediaType();
  return { bytes, format };
}

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

/** Reads a body as an object of the API; its apiVersion and kind may be missing. Fields named twice are left for the registry to tell. */
export function parseObject(
  services: Services,
  request: ApiRequest,
  body: RawBody,
  validation: FieldValidation = 'Ignore',
  unrecognized: Unrecognized = badRequest,
): KubeObject {
  if (body.format === 'protobuf') {
    return services.codec.decode(body.bytes);
  }
  const { value, duplicates } =
    body.format === 'cbor' ? readCbor(body.bytes) : readText(request, body, validation, unrecognized);
  if (body.format === 'cbor' && request.audit?.wantsRequest) request.audit.requestText = JSON.stringify(value);
  const unreadable = unreadableHeader(value);
  if (unreadable !== undefined) throw unrecognized(`couldn't get version/kind; json parse error: ${unreadable}`);
  const object = (value ?? {}) as unknown as KubeObject;
  if (object.metadata !== undefined && !isRecord(object.metadata)) {
    if (object.metadata !== null)
      throw badRequest('json: cannot unmarshal metadata into a Go struct of type ObjectMeta');
    delete (object as { metadata?: unknown }).metadata;
  }
  if (duplicates && validation !== 'Ignore') request.context.duplicates = duplicates;
  return object;
}
