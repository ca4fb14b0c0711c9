import {
  notFound,
  type ResourceDefinition,
  statusError,
  type StatusError,
  type SubresourceDefinition,
} from '../../kernel/index.ts';
import { type Accepted, type Format, MEDIA_TYPE, negotiate, type Offer } from '../media/accept.ts';
import { serveDelete, serveDeleteCollection } from './remove.ts';
import type { ApiRequest, ResourceRequest } from './request.ts';
import { serveGet, serveList } from './read.ts';
import type { Services } from './services.ts';
import { serveWatch } from './watch.ts';
import { serveCreate, servePatch, serveUpdate } from './write.ts';

export type Handler = (services: Services, request: ResourceRequest) => Promise<void> | void;

export const pageNotFound = (): StatusError =>
  statusError(404, 'NotFound', 'the server could not find the requested resource');

const methodNotAllowed = (): StatusError =>
  statusError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource');

/** 406, naming what can be had (API concepts, "Content type negotiation"). */
export function notAcceptable(formats: readonly Format[]): StatusError {
  const types = formats.map(format => MEDIA_TYPE[format]).join(', ');
  return statusError(406, 'NotAcceptable', `only the following media types are accepted: ${types}`);
}

const BUILTIN: readonly Format[] = ['json', 'yaml', 'protobuf', 'cbor'];
const PLAIN: readonly Format[] = ['json', 'yaml', 'cbor'];
const META_VERSIONS: ReadonlySet<string> = new Set(['v1', 'v1beta1']);

const objectTransforms = (as: string, group: string, version: string): boolean =>
  group === 'meta.k8s.io' && META_VERSIONS.has(version) && (as === 'Table' || as === 'PartialObjectMetadata');
const listTransforms = (as: string, group: string, version: string): boolean =>
  group === 'meta.k8s.io' && META_VERSIONS.has(version) && (as === 'Table' || as === 'PartialObjectMetadataList');

const OFFERS: Readonly<Record<'object' | 'list', Readonly<Record<'builtin' | 'plain', Offer>>>> = {
  object: {
    builtin: { formats: BUILTIN, transforms: objectTransforms },
    plain: { formats: PLAIN, transforms: objectTransforms },
  },
  list: {
    builtin: { formats: BUILTIN, transforms: listTransforms },
    plain: { formats: PLAIN, transforms: listTransforms },
  },
};

/** What is only computed when it is posted (reviews, tokens, evictions) has no rows to show. */
const hasTable = (definition: ResourceDefinition, subresource: SubresourceDefinition | undefined): boolean =>
  (subresource?.verbs ?? definition.verbs).includes('get');

function accept(
  services: Services,
  request: ApiRequest,
  definition: ResourceDefinition,
  subresource: SubresourceDefinition | undefined,
): Accepted {
  const list = request.verb === 'list' || request.verb === 'deletecollection';
  const offer =
    OFFERS[list ? 'list' : 'object'][definition.custom || !services.codec.handles(definition) ? 'plain' : 'builtin'];
  const header = request.exchange.header('accept');
  const accepted = negotiate(
    header,
    header?.includes('as=Table') && !hasTable(definition, subresource)
      ? { ...offer, transforms: (as, group, version) => as !== 'Table' && offer.transforms(as, group, version) }
      : offer,
  );
  if (accepted === undefined) throw notAcceptable(offer.formats);
  // Transformations are made of JSON only; protobuf tables are asked for by no client that has no JSON clause.
  return accepted.as !== undefined && accepted.format === 'protobuf' ? { ...accepted, format: 'json' } : accepted;
}

const VERBS: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ['get', serveGet],
  ['list', serveList],
  ['watch', serveWatch],
  ['create', serveCreate],
  ['update', serveUpdate],
  ['patch', servePatch],
  ['delete', serveDelete],
  ['deletecollection', serveDeleteCollection],
]);

/** Kinds the API server warns of whenever they are used (Kubernetes, "Deprecated API migration guide"). */
const DEPRECATED: ReadonlyMap<string, string> = new Map([
  ['/endpoints', 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice'],
  ['/componentstatuses', 'v1 ComponentStatus is deprecated in v1.19+'],
]);

/** Serves a request about a collection, an object or one of its subresources. */
export async function serveResource(services: Services, request: ApiRequest): Promise<void> {
  const elsewhere = services.aggregation.serve(request);
  if (elsewhere) return elsewhere;
  const { target } = request;
  const definition = services.catalog.resource(target);
  if (!definition) throw pageNotFound();
  if (
    definition.namespaced
      ? target.name !== '' && target.namespace === ''
      : target.namespace !== '' && target.resource !== 'namespaces'
  )
    throw pageNotFound();
  const deprecation = DEPRECATED.get(`${definition.group}/${definition.resource}`);
  if (deprecation) request.context.warnings.push(deprecation);
  const subresource =
    target.subresource === '' ? undefined : definition.subresources.find(one => one.name === target.subresource);
  if (target.subresource !== '' && !subresource) throw pageNotFound();
  const special = services.specials.get(`${definition.group}/${definition.resource}/${target.subresource}`);
  const verbs = subresource ? subresource.verbs : definition.verbs;
  if (!verbs.includes(request.verb) && !(special && subresource)) throw methodNotAllowed();
  const full = Object.assign(request, {
    definition,
    subresource,
    accepted: accept(services, request, definition, subresource),
  });
  const handler = special ?? VERBS.get(request.verb);
  if (!handler) throw methodNotAllowed();
  if (target.namespace === '' && definition.namespaced && request.verb === 'create' && !special)
    throw notFound({ group: '', resource: 'namespaces' }, '');
  await handler(services, full);
}
