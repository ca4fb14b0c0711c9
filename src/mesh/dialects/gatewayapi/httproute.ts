import type { KubeObject } from '../../../kernel/index.ts';
import type {
  BackendReference,
  Filter,
  HttpRule,
  NamedMatch,
  PathChange,
  PathMatch,
  WeightedBackend,
} from '../../model.ts';
import { duration_ms, type Fields, fields, list, number, text, texts } from './read.ts';

/** Whether a reference may cross namespaces, and whether what it names exists. */
export interface ReferenceCheck {
  /** Undefined when the reference is good, else the reason of condition ResolvedRefs. */
  readonly refuse: (reference: {
    group: string;
    kind: string;
    namespace: string;
    name: string;
    port?: number;
  }) => string | undefined;
}

const pairs = (value: unknown): [string, string][] =>
  list(value).flatMap(entry => {
    const name = text(entry.name);
    const content = text(entry.value);
    return name === undefined || content === undefined ? [] : [[name, content]];
  });

function readPathChange(value: unknown): PathChange | undefined {
  const { type, replaceFullPath, replacePrefixMatch } = fields(value);
  if (type === 'ReplaceFullPath') return { kind: 'full', value: text(replaceFullPath) ?? '/' };
  if (type === 'ReplacePrefixMatch') return { kind: 'prefix', value: text(replacePrefixMatch) ?? '/' };
  return undefined;
}

function readRedirect(value: Fields): Filter {
  const path = readPathChange(value.path);
  const scheme = text(value.scheme);
  const host = text(value.hostname);
  const port = number(value.port);
  return {
    kind: 'redirect',
    ...(scheme ? { scheme } : {}),
    ...(host ? { host } : {}),
    ...(port === undefined ? {} : { port }),
    ...(path ? { path } : {}),
    status: number(value.statusCode) ?? 302,
  };
}

function readFilters(value: unknown, namespace: string): Filter[] {
  return list(value).flatMap((filter): Filter[] => {
    switch (filter.type) {
      case 'RequestHeaderModifier':
      case 'ResponseHeaderModifier': {
        const isRequest = filter.type === 'RequestHeaderModifier';
        const change = fields(isRequest ? filter.requestHeaderModifier : filter.responseHeaderModifier);
        const kind = isRequest ? 'request-headers' : 'response-headers';
        return [{ kind, set: pairs(change.set), add: pairs(change.add), remove: texts(change.remove) }];
      }
      case 'RequestRedirect':
        return [readRedirect(fields(filter.requestRedirect))];
      case 'URLRewrite': {
        const { hostname, path } = fields(filter.urlRewrite);
        const change = readPathChange(path);
        const host = text(hostname);
        return [{ kind: 'rewrite', ...(host ? { host } : {}), ...(change ? { path: change } : {}) }];
      }
      case 'RequestMirror': {
        const backend = readReference(fields(fields(filter.requestMirror).backendRef), namespace);
        return backend ? [{ kind: 'mirror', backend }] : [];
      }
      default:
        return [];
    }
  });
}

function readReference(reference: Fields, namespace: string): BackendReference | undefined {
  const name = text(reference.name);
  const port = number(reference.port);
  if (name === undefined || port === undefined) return undefined;
  return { namespace: text(reference.namespace) ?? namespace, name, port };
}

function readBackend(value: Fields, namespace: string, check: ReferenceCheck, problems: Set<string>): WeightedBackend {
  const weight = number(value.weight) ?? 1;
  const filters = readFilters(value.filters, namespace);
  const backend = readReference(value, namespace);
  const reason = check.refuse({
    group: text(value.group) ?? '',
    kind: text(value.kind) ?? 'Service',
    namespace: text(value.namespace) ?? namespace,
    name: text(value.name) ?? '',
    ...(backend ? { port: Number(backend.port) } : {}),
  });
  if (reason !== undefined) problems.add(reason);
  return reason !== undefined || !backend ? { weight, filters } : { backend, weight, filters };
}

function readNamed(value: unknown): NamedMatch[] {
  return list(value).map(entry => ({
    name: text(entry.name) ?? '',
    match: { kind: entry.type === 'RegularExpression' ? 'regex' : 'exact', value: text(entry.value) ?? '' },
  }));
}

const PATH_KINDS: Readonly<Record<string, PathMatch['kind']>> = {
  Exact: 'exact',
  PathPrefix: 'prefix',
  RegularExpression: 'regex',
};

function readPath(value: unknown): PathMatch {
  const { type, value: path } = fields(value);
  return { kind: PATH_KINDS[text(type) ?? 'PathPrefix'] ?? 'prefix', value: text(path) ?? '/' };
}

/** Lowers the rules of one HTTPRoute for hosts already intersected with a listener's; names what could not be resolved. */
export function lowerHttpRoute(
  route: KubeObject,
  hosts: readonly string[],
  check: ReferenceCheck,
): { rules: HttpRule[]; problems: Set<string> } {
  const namespace = route.metadata.namespace ?? 'default';
  const problems = new Set<string>();
  let order = 0;
  const rules = list(fields(route.spec).rules).flatMap(rule => {
    const backends = list(rule.backendRefs).map(entry => readBackend(entry, namespace, check, problems));
    const filters = readFilters(rule.filters, namespace);
    const timeout = duration_ms(fields(rule.timeouts).request) ?? duration_ms(fields(rule.timeouts).backendRequest);
    const matches = Array.isArray(rule.matches) && rule.matches.length > 0 ? list(rule.matches) : [{}];
    return matches.map((match): HttpRule => {
      const { path, headers, queryParams, method } = fields(match);
      const verb = text(method);
      return {
        hosts,
        path: readPath(path),
        ...(verb ? { method: verb } : {}),
        headers: readNamed(headers),
        query: readNamed(queryParams),
        filters,
        backends,
        ...(timeout === undefined || timeout === 0 ? {} : { timeout_ms: timeout }),
        createdAt: route.metadata.creationTimestamp ?? '',
        key: `${namespace}/${route.metadata.name}`,
        order: order++,
      };
    });
  });
  return { rules, problems };
}
