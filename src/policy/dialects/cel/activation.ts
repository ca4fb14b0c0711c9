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
import type { PolicyDocument } from './schema.ts';

/** Evaluates a policy's expressions over one request, within one budget. */
export interface Evaluation {
  run(program: CelProgram): CelResult;
}

/** Binds the variables; those of `spec.variables` are evaluated when first used, once. */
export function activate(
  policy: PolicyDocument,
  compiled: CompiledExpressions,
  request: PolicyRequest,
  params: KubeObject | undefined,
  world: PolicyWorld,
): Evaluation {
  let budget = RUNTIME_BUDGET;
  const authorize: Authorize = question => world.authorize(request, question);
  const variables: Record<string, CelValue> = {};
  const values: Record<string, CelValue> = {
    object: (request.object ?? null) as CelValue,
    oldObject: (request.oldObject ?? null) as CelValue,
    namespaceObject: (request.namespaceObject ?? null) as CelValue,
    variables,
  };
  if (policy.paramKind) values.params = (params ?? null) as CelValue;
  lazily(values, 'request', () => requestValue(request));
  lazily(values, 'authorizer', () => authorizerValue(authorize));
  lazily(values, 'authorizer.requestResource', () => requestResourceValue(authorize, resourceOf(request)));
  const run = (program: CelProgram): CelResult => {
    const outcome = program.evaluate(values as Activation, Math.min(PER_CALL_LIMIT, budget));
    budget = Math.max(0, budget - outcome.cost);
    return outcome;
  };
  for (const variable of compiled.variables) {
    lazily(variables, variable.name, () => {
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

function requestValue(request: PolicyRequest): CelValue {
  const kind = { group: request.kind.group, version: request.kind.version, kind: request.kind.kind };
  const resource = { group: request.group, version: request.version, resource: request.resource };
  const { user } = request;
  return {
    kind,
    resource,
    subResource: request.subresource,
    requestKind: kind,
    requestResource: resource,
    requestSubResource: request.subresource,
    name: request.name,
    namespace: request.namespace,
    operation: request.operation,
    userInfo: { username: user.name, uid: user.uid ?? '', groups: [...user.groups], extra: { ...user.extra } },
    dryRun: request.dryRun,
    options: request.options,
  };
}
