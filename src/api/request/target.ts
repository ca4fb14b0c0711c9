/** What a request is about, read from its path alone (kube-apiserver's RequestInfo; API concepts, "Resource URIs"). */
export interface RequestTarget {
  /** The path without query, as sent. */
  readonly path: string;
  /** Everything after `?`, or ''. */
  readonly query: string;
  /** True when the path names a collection or an object; false for discovery, health and the like. */
  readonly isResource: boolean;
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly resource: string;
  readonly name: string;
  readonly subresource: string;
  /** What follows the subresource (`proxy/metrics/x` -> `metrics/x`), still percent-encoded. */
  readonly rest: string;
  /** The deprecated `/watch/` prefix. */
  readonly watchPrefix: boolean;
}

const decodeSegment = (segment: string): string => {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
};

const plain = (path: string, query: string): RequestTarget => ({
  path,
  query,
  isResource: false,
  group: '',
  version: '',
  namespace: '',
  resource: '',
  name: '',
  subresource: '',
  rest: '',
  watchPrefix: false,
});

/** Reads a request target; total, never throws. */
export function parseTarget(url: string): RequestTarget {
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const query = mark < 0 ? '' : url.slice(mark + 1);
  const core = path.startsWith('/api/');
  if (!core && !path.startsWith('/apis/')) return plain(path, query);
  const parts = path.split('/');
  if (parts[parts.length - 1] === '') parts.pop();
  // ['', 'api', version, …] or ['', 'apis', group, version, …]
  let at = core ? 2 : 3;
  const version = parts[at++];
  if (version === undefined || parts[at] === undefined) return plain(path, query);
  let watchPrefix = false;
  if (parts[at] === 'watch' && parts.length > at + 1) {
    watchPrefix = true;
    at++;
  }
  let namespace = '';
  let resource = parts[at]!;
  if (resource === 'namespaces' && parts[at + 1] !== undefined) {
    namespace = decodeSegment(parts[at + 1]!);
    const next = parts[at + 2];
    // `namespaces/x/status` and `/finalize` are about the Namespace itself.
    if (next !== undefined && next !== 'status' && next !== 'finalize') {
      resource = next;
      at += 2;
    }
  }
  return {
    path,
    query,
    isResource: true,
    group: core ? '' : decodeSegment(parts[2]!),
    version,
    namespace,
    resource: decodeSegment(resource),
    name: parts[at + 1] === undefined ? '' : decodeSegment(parts[at + 1]!),
    subresource: parts[at + 2] === undefined ? '' : decodeSegment(parts[at + 2]!),
    rest: parts.length > at + 3 ? restOf(path, at + 3) : '',
    watchPrefix,
  };
}

/** The path behind its first `segments` parts, with a trailing slash kept. */
function restOf(path: string, segments: number): string {
  let at = 0;
  for (let i = 0; i < segments; i++) at = path.indexOf('/', at) + 1;
  return path.slice(at);
}

/** The verb authorization and audit speak of (RequestInfo): get, list, watch, create, update, patch, delete, deletecollection. */
export function verbOf(method: string, target: RequestTarget, watch: boolean): string {
  if (!target.isResource) return method.toLowerCase();
  switch (method) {
    case 'GET':
    case 'HEAD':
      if (target.watchPrefix || (watch && target.subresource === '')) return 'watch';
      return target.name === '' ? 'list' : 'get';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return target.name === '' ? 'deletecollection' : 'delete';
    default:
      return method.toLowerCase();
  }
}
