import {
  type ApplyOptions,
  apiVersionOf,
  badRequest,
  decodingErrors,
  decodingWarnings,
  type JsonObject,
  type KindRef,
  type KubeObject,
  type ObjectKey,
  type Patch,
  readBuiltin,
  schemaOf,
  type StatusError,
  statusError,
  strictText,
  unregistered,
  type WriteOptions,
} from '../../kernel/index.ts';
import { truth, writeOptions } from '../request/query.ts';
import {
  duplicateLines,
  type FieldValidation,
  parseObject,
  parsePatch,
  type RawBody,
  readBody,
  unrecognizedAs,
} from './bodies.ts';
import type { ResourceRequest } from './request.ts';
import { sendObject } from './respond.ts';
import type { Services } from './services.ts';

export function keyOf(request: ResourceRequest): ObjectKey {
  const { namespace, name } = request.target;
  return request.definition.namespaced ? { namespace, name } : { name };
}

const OPTION_KINDS: ReadonlyMap<string, 'UpdateOptions' | 'PatchOptions'> = new Map([
  ['PUT', 'UpdateOptions'],
  ['PATCH', 'PatchOptions'],
]);

const optionsOf = (request: ResourceRequest): WriteOptions =>
  writeOptions(
    request.params,
    request.exchange.header('user-agent') ?? '',
    request.target.subresource,
    OPTION_KINDS.get(request.exchange.method),
  );

const kindOf = ({ definition, subresource }: ResourceRequest): string => (subresource?.kind ?? definition).kind;

/** Why a body of another kind, or of another version of the kind, cannot be taken: by what it is known to be. */
function otherKind({ apiVersion, kind }: KubeObject, expected: KindRef): StatusError {
  const [version = '', group = ''] = String(apiVersion).split('/').toReversed();
  const known = schemaOf({ group, version, kind: kind ?? '' }) !== undefined;
  if (known && kind === expected.kind && group === expected.group)
    return badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${apiVersionOf(expected)})`,
    );
  // Named as the API server's own packages are: `core` for the group without a name, and for that of Events.
  const home = /^(events\.k8s\.io)?$/.test(expected.group) ? 'core' : expected.group.replace(/\..*$/, '');
  const why = known
    ? `converting (${version}.${kind}) to (${home}.${expected.kind}): unknown conversion`
    : unregistered(apiVersion, kind);
  return badRequest(`${kind} in version "${version}" cannot be handled as a ${expected.kind}: ${why}`);
}

/** A body must be of the kind its URL serves (or of the subresource's own kind); absent fields are filled in. */
export function checkKind(request: ResourceRequest, object: KubeObject): void {
  const { definition, subresource } = request;
  const expected = subresource?.kind ?? definition;
  const apiVersion = apiVersionOf(expected);
  if (object.kind === undefined || object.kind === '') object.kind = expected.kind;
  if (object.apiVersion === undefined || object.apiVersion === '') object.apiVersion = apiVersion;
  if (object.kind !== expected.kind || object.apiVersion !== apiVersion) {
    // Subresource bodies may come in another version of their group (policy/v1beta1 Eviction), never as another kind.
    if (subresource?.kind && object.kind === expected.kind) return;
    throw otherKind(object, expected);
  }
}

async function bodyObject(services: Services, request: ResourceRequest, options: WriteOptions): Promise<KubeObject> {
  const body = await readBody(request);
  const object = parseObject(services, request, body, options.fieldValidation, unrecognizedAs(kindOf(request), body));
  checkKind(request, object);
  // Bodies of a subresource's own kind (Scale, Eviction) never meet the registry's reader.
  if (request.subresource?.kind) readStrictly(request, object, options.fieldValidation ?? 'Warn');
  return object;
}

/** A review, or another object that is answered and not stored: read as strictly as the request asks. */
export async function readUnstored(services: Services, request: ResourceRequest): Promise<KubeObject> {
  const validation = optionsOf(request).fieldValidation ?? 'Warn';
  const body = await readBody(request);
  const object = parseObject(services, request, body, validation, unrecognizedAs(kindOf(request), body));
  checkKind(request, object);
  readStrictly(request, object, validation);
  object.metadata ??= {};
  return object;
}

/** Refuses values of a wrong type; of fields no type knows or that stand twice it warns, or refuses them too. */
function readStrictly(request: ResourceRequest, object: KubeObject, validation: FieldValidation): void {
  const [version = '', group = ''] = String(object.apiVersion).split('/').toReversed();
  const schema = schemaOf({ group, version, kind: object.kind ?? '' });
  if (schema === undefined) return;
  const report = readBuiltin(schema, object);
  const refuse = (why: string): StatusError =>
    badRequest(`${object.kind} in version "${version}" cannot be handled as a ${object.kind}: ${why}`);
  if (report.typeError !== undefined) throw refuse(report.typeError);
  const { duplicates } = request.context;
  const errors = decodingErrors(request.definition, duplicates, report.unknownFields);
  if (errors.length === 0 || validation === 'Ignore') return;
  if (validation === 'Strict') throw refuse(strictText(errors));
  request.context.warnings.push(...decodingWarnings(errors));
}

/** Writes wait for their whole body before the audit log and the registry see them. */
export async function serveCreate(services: Services, request: ResourceRequest): Promise<void> {
  const { target, definition } = request;
  const options = optionsOf(request);
  const object = await bodyObject(services, request, options);
  const stored = await services.registry.create(request.context, definition, object, {
    ...options,
    ...(definition.namespaced ? { namespace: target.namespace } : {}),
    ...(target.name === '' ? {} : { name: target.name }),
  });
  sendObject(services, request, 201, stored);
}

export async function serveUpdate(services: Services, request: ResourceRequest): Promise<void> {
  const { target } = request;
  const options = optionsOf(request);
  const object = await bodyObject(services, request, options);
  const bodyName = object.metadata?.name;
  if (bodyName && bodyName !== target.name && !request.subresource?.kind)
    throw badRequest(`the name of the object (${bodyName}) does not match the name on the URL (${target.name})`);
  const { stored, created } = await services.registry.update(
    request.context,
    request.definition,
    keyOf(request),
    object,
    options,
  );
  sendObject(services, request, created ? 201 : 200, stored);
}

const PATCH_TYPES: ReadonlyMap<string, Patch['type'] | 'apply'> = new Map([
  ['application/json-patch+json', 'json'],
  ['application/merge-patch+json', 'merge'],
  ['application/strategic-merge-patch+json', 'strategic'],
  ['application/apply-patch+yaml', 'apply'],
  ['application/apply-patch+cbor', 'apply'],
]);
const JSON_PATCH_OPERATIONS_MAX = 10_000;

function patchOf(request: ResourceRequest, type: Patch['type'], text: string, options: WriteOptions): Patch {
  const { value, duplicates } = parsePatch(text, options.fieldValidation ?? 'Warn');
  if (duplicates) request.context.duplicates = type === 'json' ? { ...duplicates, prefix: 'json patch ' } : duplicates;
  if (type === 'json') {
    if (!Array.isArray(value)) throw badRequest('error decoding patch: a JSON patch is a list of operations');
    if (value.length > JSON_PATCH_OPERATIONS_MAX) {
      throw statusError(
        413,
        'RequestEntityTooLarge',
        `The allowed maximum operations in a JSON patch is ${JSON_PATCH_OPERATIONS_MAX}, got ${value.length}`,
      );
    }
    return { type, operations: value as JsonObject[] };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw badRequest('error decoding patch: the patch is not an object');
  return { type, patch: value };
}

export async function servePatch(services: Services, request: ResourceRequest): Promise<void> {
  const header = request.exchange.header('content-type') ?? '';
  const semicolon = header.indexOf(';');
  const type = PATCH_TYPES.get((semicolon < 0 ? header : header.slice(0, semicolon)).trim());
  const options = optionsOf(request);
  if (type === undefined || (type === 'strategic' && request.definition.custom)) {
    const accepted = [...PATCH_TYPES.keys()].filter(name => !(request.definition.custom && name.includes('strategic')));
    throw statusError(
      415,
      'UnsupportedMediaType',
      `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
    );
  }
  const bytes = await request.exchange.body(3 * 1024 * 1024);
  if (type === 'apply')
    return serveApply(services, request, { bytes, format: header.includes('+cbor') ? 'cbor' : 'yaml' }, options);
  const text = bytes.toString('utf8');
  if (request.audit?.wantsRequest) request.audit.requestText = text;
  const stored = await services.registry.patch(
    request.context,
    request.definition,
    keyOf(request),
    patchOf(request, type, text, options),
    options,
  );
  sendObject(services, request, 200, stored);
}

async function serveApply(
  services: Services,
  request: ResourceRequest,
  body: RawBody,
  options: WriteOptions,
): Promise<void> {
  const manager = request.params.get('fieldManager');
  if (!manager) {
    throw statusError(
      422,
      'Invalid',
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
      {
        group: 'meta.k8s.io',
        kind: 'PatchOptions',
        causes: [
          {
            reason: 'FieldValueRequired',
            message: 'Required value: is required for apply patch',
            field: 'fieldManager',
          },
        ],
      },
    );
  }
  // Most clients send JSON, which is YAML too; only real YAML pays for the slower reader.
  const first = body.bytes[0];
  const format = body.format === 'cbor' ? 'cbor' : first === 0x7b ? 'json' : 'yaml';
  const raw: RawBody = { bytes: body.bytes, format };
  const object = parseObject(services, request, raw, options.fieldValidation, unrecognizedAs(kindOf(request), raw));
  if (format === 'json' && request.context.duplicates?.paths)
    request.context.duplicates = { lines: duplicateLines(body.bytes.toString('utf8')) };
  if (!object.kind || !object.apiVersion) throw badRequest('an applied object must have apiVersion and kind');
  checkKind(request, object);
  const apply: ApplyOptions = {
    ...options,
    fieldManager: manager,
    ...(truth(request.params.get('force')) ? { force: true } : {}),
  };
  const { stored, created } = await services.registry.apply(
    request.context,
    request.definition,
    keyOf(request),
    object,
    apply,
  );
  sendObject(services, request, created ? 201 : 200, stored);
}
