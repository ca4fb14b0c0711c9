import {
  badRequest,
  type DeleteOptions,
  invalid,
  type JsonObject,
  type ListOptions,
  type WatchOptions,
  type WriteOptions,
} from '../../kernel/index.ts';

const EMPTY = new URLSearchParams();

/** Query parameters; the shared empty set when there is no query. */
export function parseQuery(query: string): URLSearchParams {
  return query === '' ? EMPTY : new URLSearchParams(query);
}

/** Go's strconv.ParseBool, as query parameters are read; an empty value (`?watch`) is true. */
export function truth(value: string | null): boolean {
  if (value === null) return false;
  return (
    value === '' ||
    value === '1' ||
    value === 't' ||
    value === 'T' ||
    value === 'true' ||
    value === 'True' ||
    value === 'TRUE'
  );
}

function integer(params: URLSearchParams, name: string): number | undefined {
  const value = params.get(name);
  if (value === null || value === '') return undefined;
  if (!/^-?\d{1,18}$/.test(value)) throw badRequest(`strconv.ParseInt: parsing "${value}": invalid syntax`);
  return Number(value);
}

function listInvalid(field: string, message: string): never {
  throw invalid('ListOptions', 'meta.k8s.io', '', [{ reason: 'FieldValueForbidden', message, field }]);
}

/** Whether a collection GET asks for a watch. */
export const wantsWatch = (params: URLSearchParams): boolean => truth(params.get('watch'));

/** List parameters of a collection request (meta/v1 ListOptions). */
export function listOptions(params: URLSearchParams, namespace: string, name: string): ListOptions {
  const limit = integer(params, 'limit');
  const resourceVersion = params.get('resourceVersion');
  const match = params.get('resourceVersionMatch');
  const fieldSelector = withName(params.get('fieldSelector'), name);
  checkMatch(match, resourceVersion, params);
  return {
    ...(namespace === '' ? {} : { namespace }),
    ...present('labelSelector', params.get('labelSelector')),
    ...present('fieldSelector', fieldSelector),
    ...(limit === undefined || limit <= 0 ? {} : { limit }),
    ...present('continue', params.get('continue')),
    ...present('resourceVersion', resourceVersion),
    ...(match ? { resourceVersionMatch: match as 'Exact' | 'NotOlderThan' } : {}),
  };
}

function checkMatch(match: string | null, resourceVersion: string | null, params: URLSearchParams): void {
  if (!match) return;
  if (match !== 'Exact' && match !== 'NotOlderThan') {
    throw invalid('ListOptions', 'meta.k8s.io', '', [
      {
        reason: 'FieldValueNotSupported',
        message: `Unsupported value: "${match}": supported values: "Exact", "NotOlderThan", ""`,
        field: 'resourceVersionMatch',
      },
    ]);
  }
  if (wantsWatch(params)) {
    if (params.get('sendInitialEvents') === null)
      listInvalid(
        'resourceVersionMatch',
        'Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
      );
    return;
  }
  if (!resourceVersion)
    listInvalid(
      'resourceVersionMatch',
      'Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
    );
  if (params.get('continue'))
    listInvalid('resourceVersionMatch', 'Forbidden: resourceVersionMatch is forbidden when continue is provided');
  if (match === 'Exact' && resourceVersion === '0')
    listInvalid('resourceVersionMatch', 'Forbidden: resourceVersionMatch "Exact" is forbidden for resourceVersion "0"');
}

const withName = (selector: string | null, name: string): string | null => {
  if (name === '') return selector;
  return selector ? `${selector},metadata.name=${name}` : `metadata.name=${name}`;
};

const present = <Name extends string>(name: Name, value: string | null): { [key in Name]?: string } =>
  (value ? { [name]: value } : {}) as { [key in Name]?: string };

/** Watch parameters; `name` narrows to one object. */
export function watchOptions(params: URLSearchParams, namespace: string, name: string): WatchOptions {
  const { limit: _limit, continue: _continue, ...common } = listOptions(params, namespace, name);
  const sendInitialEvents = params.get('sendInitialEvents');
  if (truth(sendInitialEvents) && params.get('resourceVersionMatch') !== 'NotOlderThan')
    listInvalid(
      'resourceVersionMatch',
      'Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
    );
  const timeoutSeconds = integer(params, 'timeoutSeconds');
  return {
    ...common,
    ...(truth(params.get('allowWatchBookmarks')) ? { allowWatchBookmarks: true } : {}),
    ...(sendInitialEvents === null ? {} : { sendInitialEvents: truth(sendInitialEvents) }),
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
  };
}

function dryRun(values: readonly string[]): boolean {
  for (const value of values) {
    if (value === '') continue;
    if (value !== 'All') {
      throw invalid('CreateOptions', 'meta.k8s.io', '', [
        {
          reason: 'FieldValueNotSupported',
          message: `Unsupported value: "${value}": supported values: "All"`,
          field: 'dryRun',
        },
      ]);
    }
    return true;
  }
  return false;
}

/** Parameters of create, update and patch. `agent` names the field manager when none is given (its part before `/`). */
export function writeOptions(params: URLSearchParams, agent: string, subresource: string): WriteOptions {
  const validation = params.get('fieldValidation');
  if (validation && validation !== 'Strict' && validation !== 'Warn' && validation !== 'Ignore') {
    throw invalid('CreateOptions', 'meta.k8s.io', '', [
      {
        reason: 'FieldValueNotSupported',
        message: `Unsupported value: "${validation}": supported values: "Ignore", "Strict", "Warn"`,
        field: 'fieldValidation',
      },
    ]);
  }
  const manager = params.get('fieldManager') ?? '';
  if (manager.length > 128) {
    throw invalid('CreateOptions', 'meta.k8s.io', '', [
      { reason: 'FieldValueTooLong', message: 'Too long: may not be more than 128 bytes', field: 'fieldManager' },
    ]);
  }
  return {
    fieldManager: manager || managerOf(agent),
    fieldValidation: (validation || 'Warn') as 'Strict' | 'Warn' | 'Ignore',
    ...(dryRun(params.getAll('dryRun')) ? { dryRun: true } : {}),
    ...(subresource === '' ? {} : { subresource }),
  };
}

/** `kubectl/v1.34 (linux)` -> `kubectl` (server-side apply, "Managers"). */
export function managerOf(agent: string): string {
  const slash = agent.indexOf('/');
  return (slash < 0 ? agent : agent.slice(0, slash)).slice(0, 128) || 'unknown';
}

/** Delete parameters: the body (meta/v1 DeleteOptions) wins, else the query. */
export function deleteOptions(params: URLSearchParams, body: JsonObject | undefined): DeleteOptions {
  const grace =
    typeof body?.gracePeriodSeconds === 'number' ? body.gracePeriodSeconds : integer(params, 'gracePeriodSeconds');
  const propagation =
    typeof body?.propagationPolicy === 'string' ? body.propagationPolicy : params.get('propagationPolicy');
  const orphan =
    typeof body?.orphanDependents === 'boolean'
      ? body.orphanDependents
      : params.has('orphanDependents')
        ? truth(params.get('orphanDependents'))
        : undefined;
  const preconditions = body?.preconditions as { uid?: string; resourceVersion?: string } | undefined;
  const dry = dryRun(Array.isArray(body?.dryRun) ? body.dryRun.map(String) : params.getAll('dryRun'));
  if (propagation && !['Orphan', 'Background', 'Foreground'].includes(propagation)) {
    throw invalid('DeleteOptions', 'meta.k8s.io', '', [
      {
        reason: 'FieldValueNotSupported',
        message: `Unsupported value: "${propagation}": supported values: "Foreground", "Background", "Orphan", "nil"`,
        field: 'propagationPolicy',
      },
    ]);
  }
  const policy = propagation || (orphan === undefined ? undefined : orphan ? 'Orphan' : 'Background');
  return {
    ...(grace === undefined ? {} : { gracePeriodSeconds: grace }),
    ...(policy ? { propagationPolicy: policy as 'Orphan' | 'Background' | 'Foreground' } : {}),
    ...(preconditions && typeof preconditions === 'object' ? { preconditions } : {}),
    ...(dry ? { dryRun: true } : {}),
  };
}
