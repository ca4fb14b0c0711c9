import { CelError, type CelValue, Opaque } from '../values.ts';
import { asString, noOverload } from './check.ts';
import { functionTable } from './table.ts';

/** One question to the authorizer, about a resource or a path. */
export interface AuthorizationQuestion {
  readonly verb: string;
  readonly path?: string;
  readonly group?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  /** `system:serviceaccount:ns:name` where another identity than the requester is asked about. */
  readonly user?: string;
}

export interface AuthorizationAnswer {
  readonly allowed: boolean;
  readonly reason?: string;
  readonly error?: string;
}

/** Answers at once: hosts keep RBAC in memory. */
export type Authorize = (question: AuthorizationQuestion) => AuthorizationAnswer;

class Builder extends Opaque {
  readonly typeName: string;
  readonly authorize: Authorize;
  readonly question: Partial<AuthorizationQuestion>;
  constructor(typeName: string, authorize: Authorize, question: Partial<AuthorizationQuestion>) {
    super();
    this.typeName = typeName;
    this.authorize = authorize;
    this.question = question;
  }
  with(type: string, more: Partial<AuthorizationQuestion>): Builder {
    return new Builder(`kubernetes.authorization.${type}`, this.authorize, { ...this.question, ...more });
  }
  select(field: string): CelValue {
    if (field === 'requestResource' && this.typeName === AUTHORIZER) return this.with('ResourceCheck', {});
    throw noOverload();
  }
}

class Decision extends Opaque {
  readonly typeName = 'kubernetes.authorization.Decision';
  readonly answer: AuthorizationAnswer;
  constructor(answer: AuthorizationAnswer) {
    super();
    this.answer = answer;
  }
}

const AUTHORIZER = 'kubernetes.authorization.Authorizer';

/** The `authorizer` variable; `request` is what `authorizer.requestResource` starts from. */
export function authorizerValue(authorize: Authorize): CelValue {
  return new Builder(AUTHORIZER, authorize, {});
}
export function requestResourceValue(authorize: Authorize, request: Partial<AuthorizationQuestion>): CelValue {
  return new Builder('kubernetes.authorization.ResourceCheck', authorize, request);
}

function builder(value: CelValue, ...types: readonly string[]): Builder {
  if (value instanceof Builder && types.some(type => value.typeName.endsWith(`.${type}`))) return value;
  throw noOverload();
}

function decision(value: CelValue): AuthorizationAnswer {
  if (value instanceof Decision) return value.answer;
  throw noOverload();
}

const onResource = (field: keyof AuthorizationQuestion) => (value: CelValue, text: CelValue) =>
  builder(value, 'ResourceCheck').with('ResourceCheck', { [field]: asString(text) });

/** The authorizer library. */
export const AUTHORIZER_FUNCTIONS = functionTable({
  '.path/2': (value: CelValue, path: CelValue) => {
    if (asString(path).trim() === '') throw new CelError('path must not be empty');
    return builder(value, 'Authorizer').with('PathCheck', { path: asString(path) });
  },
  '.group/2': (value: CelValue, group: CelValue) =>
    builder(value, 'Authorizer').with('GroupCheck', { group: asString(group) }),
  '.serviceAccount/3': (value: CelValue, namespace: CelValue, name: CelValue) =>
    builder(value, 'Authorizer').with('Authorizer', {
      user: `system:serviceaccount:${asString(namespace)}:${asString(name)}`,
    }),
  '.resource/2': (value: CelValue, resource: CelValue) =>
    builder(value, 'GroupCheck').with('ResourceCheck', { resource: asString(resource) }),
  '.subresource/2': onResource('subresource'),
  '.namespace/2': onResource('namespace'),
  '.name/2': onResource('name'),
  '.fieldSelector/2': (value: CelValue) => builder(value, 'ResourceCheck'),
  '.labelSelector/2': (value: CelValue) => builder(value, 'ResourceCheck'),
  '.check/2': (value: CelValue, verb: CelValue) => {
    const check = builder(value, 'ResourceCheck', 'PathCheck');
    return new Decision(check.authorize({ ...check.question, verb: asString(verb) }));
  },
  '.allowed/1': (value: CelValue) => decision(value).allowed,
  '.errored/1': (value: CelValue) => decision(value).error !== undefined,
  '.error/1': (value: CelValue) => decision(value).error ?? '',
  '.reason/1': (value: CelValue) => decision(value).reason ?? '',
});
