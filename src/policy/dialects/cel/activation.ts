import type { KubeObject } from '../../../kernel/index.ts';
import {
  type Activation,
  type Authorize,
  authorizerValue,
  CelError,
  type CelProgram,
  type CelResult,
  type CelValue,
  PER_CALL_LIMIT,
  requestResourceValue,
  RUNTIME_BUDGET,
} from '../../engine/cel/index.ts';
import type { PolicyRequest, PolicyWorld } from '../../model.ts';
import type { CompiledExpressions } from './expressions.ts';

/** Evaluates a policy's expressions over one request, within one budget. */
export interface Evaluation {
  run(program: CelProgram): CelResult;
}

/** The variables by name. A class keeps one shape for every request; what is seldom used is made when asked for. */
class Variables {
  readonly object: CelValue;
  readonly oldObject: CelValue;
  readonly namespaceObject: CelValue;
  readonly params: CelValue;
  readonly variables: Record<string, CelValue> = {};
  readonly #request: PolicyRequest;
  readonly #world: PolicyWorld;
  readonly #whole: CelValue | undefined;
  constructor(request: PolicyRequest, params: KubeObject | undefined, world: PolicyWorld, whole: CelValue | undefined) {
    this.object = (request.object ?? null) as CelValue;
    this.oldObject = (request.oldObject ?? null) as CelValue;
    this.namespaceObject = (request.namespaceObject ?? null) as CelValue;
    this.params = (params ?? null) as CelValue;
    this.#request = request;
    this.#world = world;
    this.#whole = whole;
  }
  get request(): CelValue {
    return this.#whole ?? requestValue(this.#request);
  }
  get authorizer(): CelValue {
    return authorizerValue(this.#authorize());
  }
  get 'authorizer.requestResource'(): CelValue {
    return requestResourceValue(this.#authorize(), resourceOf(this.#request));
  }
  #authorize(): Authorize {
    return question => this.#world.authorize(this.#request, question);
  }
}

/** Binds the variables; those of `spec.variables` are evaluated when first used, once. `whole` is another `request`. */
export function activate(
  compiled: CompiledExpressions,
  request: PolicyRequest,
  params: KubeObject | undefined,
  world: PolicyWorld,
  more?: Readonly<Record<string, CelValue>>,
  whole?: CelValue,
): Evaluation {
  let budget = RUNTIME_BUDGET;
  const values = new Variables(request, params, world, whole);
  if (more !== undefined) Object.assign(values, more);
  const run = (program: CelProgram): CelResult => {
    const outcome = program.evaluate(values as unknown as Activation, Math.min(PER_CALL_LIMIT, budget));
    budget = Math.max(0, budget - outcome.cost);
    return outcome;
  };
  for (const variable of compiled.variables) {
    lazily(values.variables, variable.name, () => {
      const outcome = run(variable.program);
      if ('error' in outcome)
        throw new CelError(
          `composited variable "${variable.name}" fails to evaluate: ${outcome.error}`,
          outcome.exhausted,
        );
      return outcome.value;
    });
  }
  return { run };
}

function lazily(target: Record<string, CelValue>, name: string, compute: () => CelValue): void {
  let known: { value: CelValue } | { error: unknown } | undefined;
  Object.defineProperty(target, name, {
    enumerable: true,
    configurable: true,
    get: () => {
      if (known === undefined) {
        try {
          known = { value: compute() };
        } catch (error) {
          known = { error };
        }
      }
      if ('error' in known) throw known.error;
      return known.value;
    },
  });
}

const resourceOf = (request: PolicyRequest) => ({
  group: request.group,
  resource: request.resource,
  ...(request.subresource ? { subresource: request.subresource } : {}),
  ...(request.namespace ? { namespace: request.namespace } : {}),
  ...(request.name ? { name: request.name } : {}),
});

const requests = new WeakMap<PolicyRequest, CelValue>();

/** `request`, made once for all policies. */
export function requestValue(request: PolicyRequest): CelValue {
  let value = requests.get(request);
  if (value === undefined) requests.set(request, (value = makeRequest(request)));
  return value;
}

function makeRequest(request: PolicyRequest): CelValue {
  const kind = { group: request.kind.group, version: request.kind.version, kind: request.kind.kind };
  const resource = { group: request.group, version: request.version, resource: request.resource };
  const { user } = request;
  return {
    kind,
    resource,
    subResource: request.subresource,
    requestKind: { ...kind, version: request.requestVersion ?? kind.version },
    requestResource: { ...resource, version: request.requestVersion ?? resource.version },
    requestSubResource: request.subresource,
    name: request.name,
    namespace: request.namespace,
    operation: request.operation,
    userInfo: userInfo(user),
    dryRun: request.dryRun,
    options: request.options,
  };
}

/** Empty members are absent (authentication/v1 UserInfo: all are omitempty). */
function userInfo({ name, uid, groups, extra }: PolicyRequest['user']): Record<string, CelValue> {
  const members: Record<string, CelValue> = {};
  if (name !== '') members.username = name;
  if (uid) members.uid = uid;
  if (groups.length > 0) members.groups = [...groups];
  if (extra && Object.keys(extra).length > 0) members.extra = { ...extra } as CelValue;
  return members;
}
