import {
  badRequest,
  checkVersionOptions,
  type DeleteOptions,
  invalid,
  type JsonObject,
  type ListOptions,
  readBuiltin,
  schemaOf,
  type StatusCause,
  type StatusError,
  statusError,
  unregistered,
  type WatchOptions,
  type WriteOptions,
} from '../../kernel/index.ts';

const DELETE_OPTIONS = schemaOf({ group: '', version: 'v1', kind: 'DeleteOptions' })!;
const EMPTY = new URLSearchParams();

/** Query parameters; the shared empty set when there is no query. */
export function parseQuery(query: string): URLSearchParams {
  return query === '' ? EMPTY : new URLSearchParams(query);
}

/** A flag of a query: on where it is given, unless it says `false` or `0` (apimachinery conversion of query parameters). */
export const truth = (value: string | null): boolean =>
  value !== null && value !== '0' && value.toLowerCase() !== 'false';

function integer(params: URLSearchParams, name: string): number | undefined {
  const value = params.get(name);
  if (value === null || value === '') return undefined;
  const why = !/^[+-]?\d+$/.test(value)
    ? 'invalid syntax'
    : /^[+-]?0*\d{1,18}$/.test(value)
      ? ''
      : 'value out of range';
  if (why) throw badRequest(`strconv.ParseInt: parsing "${value}": ${why}`);
  return Number(value);
}

/** Whether a collection GET asks for a watch. */
export const wantsWatch = (params: URLSearchParams): boolean => truth(params.get('watch'));

/** List parameters of a collection request (meta/v1 ListOptions). */
export function listOptions(params: URLSearchParams, namespace: string, name: string): ListOptions {
  const limit = integer(params, 'limit');
  const resourceVersion = params.get('resourceVersion');
  const match = params.get('resourceVersionMatch');
  const fieldSelector = withName(params.get('fieldSelector'), name);
  const initial = params.get('sendInitialEvents');
  integer(params, 'timeoutSeconds');
  checkVersionOptions({
    watch: wantsWatch(params),
    resourceVersion: resourceVersion ?? undefined,
    resourceVersionMatch: match ?? undefined,
    continue: params.get('continue') ?? undefined,
    ...(initial === null ? {} : { sendInitialEvents: truth(initial) }),
  });
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
  const timeoutSeconds = integer(params, 'timeoutSeconds');
  return {
    ...common,
    ...(truth(params.get('allowWatchBookmarks')) ? { allowWatchBookmarks: true } : {}),
    ...(sendInitialEvents === null ? {} : { sendInitialEvents: truth(sendInitialEvents) }),
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
  };
}

/** Every writing verb's options by the name its refusals have. */
type OptionsKind = 'CreateOptions' | 'UpdateOptions' | 'PatchOptions' | 'DeleteOptions';

/** Whether a write is only tried; `All` is the one stage that can be left out. */
function dryRun(values: readonly string[]): { readonly dry: boolean; readonly causes: readonly StatusCause[] } {
  const stages = values.filter(value => value !== '');
  if (stages.every(stage => stage === 'All')) return { dry: stages.length > 0, causes: [] };
  const message = `Unsupported value: ${JSON.stringify(stages)}: supported values: "All"`;
  return { dry: false, causes: [{ reason: 'FieldValueNotSupported', message, field: 'dryRun' }] };
}

const FIELD_VALIDATIONS = ['Ignore', 'Strict', 'Warn'];
const MANAGER_MAX = 128;

/** Parameters of create, update and patch. `agent` names the field manager when none is given (its part before `/`). */
export function writeOptions(
  params: URLSearchParams,
  agent: string,
  subresource: string,
  kind: OptionsKind = 'CreateOptions',
): WriteOptions {
  const { dry, causes } = dryRun(params.getAll('dryRun'));
  const problems = [...causes];
  const manager = params.get('fieldManager') ?? '';
  if (manager.length > MANAGER_MAX) {
    const message = `Too long: may not be more than ${MANAGER_MAX} bytes`;
    problems.push({ reason: 'FieldValueTooLong', message, field: 'fieldManager' });
  }
  const validation = params.get('fieldValidation');
  if (validation && !FIELD_VALIDATIONS.includes(validation)) {
    const supported = ['', ...FIELD_VALIDATIONS].map(one => JSON.stringify(one)).join(', ');
    const message = `Unsupported value: ${JSON.stringify(validation)}: supported values: ${supported}`;
    problems.push({ reason: 'FieldValueNotSupported', message, field: 'fieldValidation' });
  }
  if (problems.length > 0) throw invalid(kind, 'meta.k8s.io', '', problems);
  return {
    fieldManager: manager || managerOf(agent),
    fieldValidation: (validation || 'Warn') as 'Strict' | 'Warn' | 'Ignore',
    ...(dry ? { dryRun: true } : {}),
    ...(subresource === '' ? {} : { subresource }),
  };
}

/** `kubectl/v1.34 (linux)` -> `kubectl` (server-side apply, "Managers"). */
export function managerOf(agent: string): string {
  const slash = agent.indexOf('/');
  return (slash < 0 ? agent : agent.slice(0, slash)).slice(0, 128) || 'unknown';
}

const PROPAGATIONS = ['Foreground', 'Background', 'Orphan'];
const PROPAGATION_NAMES = [...PROPAGATIONS, 'nil'];

/** A body of DeleteOptions as the API server's reader takes it; what it cannot read is a 500 in Go's words. */
function readDeleteOptions({ apiVersion = 'meta.k8s.io/v1', kind = 'DeleteOptions', ...body }: JsonObject): JsonObject {
  const unreadable = (message: string): StatusError => statusError(500, '', message);
  if (kind !== 'DeleteOptions') throw unreadable(unregistered(apiVersion, kind));
  const problem = readBuiltin(DELETE_OPTIONS, body).typeError;
  if (problem !== undefined) throw unreadable(problem);
  return body;
}

/** Delete parameters: the body (meta/v1 DeleteOptions) where there is one, else the query. */
export function deleteOptions(params: URLSearchParams, given: JsonObject | undefined): DeleteOptions {
  const body = given && readDeleteOptions(given);
  const grace = (body ? body.gracePeriodSeconds : integer(params, 'gracePeriodSeconds')) as number | null | undefined;
  const propagation = (body ? body.propagationPolicy : params.get('propagationPolicy')) as string | null | undefined;
  const orphan = body
    ? (body.orphanDependents as boolean | null | undefined)
    : params.has('orphanDependents')
      ? truth(params.get('orphanDependents'))
      : undefined;
  const preconditions = body?.preconditions as { uid?: string; resourceVersion?: string } | null | undefined;
  const { dry, causes } = dryRun(body ? ((body.dryRun ?? []) as string[]) : params.getAll('dryRun'));
  const problems: StatusCause[] = [];
  const field = 'propagationPolicy';
  const quoted = JSON.stringify(propagation);
  if (propagation && orphan !== undefined && orphan !== null) {
    const message = `Invalid value: ${quoted}: orphanDependents and deletionPropagation cannot be both set`;
    problems.push({ reason: 'FieldValueInvalid', message, field });
  }
  if (propagation && !PROPAGATIONS.includes(propagation)) {
    const message = `Unsupported value: ${quoted}: supported values: ${PROPAGATION_NAMES.map(one => JSON.stringify(one)).join(', ')}`;
    problems.push({ reason: 'FieldValueNotSupported', message, field });
  }
  problems.push(...causes);
  if (problems.length > 0) throw invalid('DeleteOptions', 'meta.k8s.io', '', problems);
  const policy =
    propagation || (orphan === undefined || orphan === null ? undefined : orphan ? 'Orphan' : 'Background');
  return {
    ...(grace === undefined || grace === null ? {} : { gracePeriodSeconds: grace }),
    ...(policy ? { propagationPolicy: policy as 'Orphan' | 'Background' | 'Foreground' } : {}),
    ...(preconditions ? { preconditions } : {}),
    ...(dry ? { dryRun: true } : {}),
  };
}
