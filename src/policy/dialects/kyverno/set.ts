import { rememberObject } from '../../../base/index.ts';
import { isObject, type JsonObject, type KindRef, type KubeObject } from '../../../kernel/index.ts';
import type {
  CompiledPolicy,
  PolicyAnswer,
  PolicyDialect,
  PolicyRequest,
  PolicySet,
  PolicyTypes,
  PolicyWorld,
} from '../../model.ts';
import { accessReview, ANYBODY } from './access.ts';
import type { Permitted } from './checks/access.ts';
import { plural } from './cel/plural.ts';
import { lookedUp, lowerCelKind, lowerRules, rolesIn, type WorldOf } from './lower.ts';
import { globalEntry } from './global.ts';
import { documentGuard } from './guard.ts';
import { ADMISSION_RESOURCES, CEL_GROUP, RULES_GROUP, SETTING_RESOURCES } from './kinds.ts';
import { type KyvernoWorld, type RuleAnswer, textAt } from './model.ts';
import { holdsExcludedRole, isPassedOver, passedOverText } from './passed-over.ts';
import { apiPath } from './paths.ts';
import { protection } from './protection.ts';
import { refusals } from './refusal.ts';
import { webhookConditions } from './webhook-conditions.ts';
import { isSetting, readSettings, type Settings, usableExceptions } from './settings.ts';

/** What the dialect cannot make itself: clock, randomness, digests and parsers. */
export type KyvernoPorts = Pick<
  KyvernoWorld,
  'now' | 'random' | 'digest' | 'hmac' | 'gunzip' | 'parseYaml' | 'resourceOf'
> & {
  /** What the accounts of Kyverno's controllers may do; absent where they may do everything. */
  readonly permitted?: Permitted;
};

/** Kyverno's policies (kyverno.io and policies.kyverno.io). Their kinds are custom: users or hosts bring them. */
export function kyvernoDialect(ports: KyvernoPorts): PolicyDialect {
  return {
    system: 'kyverno',
    resources: ADMISSION_RESOURCES,
    settings: { resources: SETTING_RESOURCES, isSetting },
    policyOf: ({ kind, metadata }) => (kind.endsWith('Policy') ? metadata.name : undefined),
    open: types => kyvernoPolicySet(types, ports),
  };
}

const groupOf = (object: { readonly apiVersion?: unknown }): string => String(object.apiVersion).split('/')[0]!;
const keyOf = (object: KubeObject): string =>
  [groupOf(object), object.kind, object.metadata.namespace ?? '', object.metadata.name].join('/');

/** The documents as they stand. */
export function kyvernoPolicySet(types: PolicyTypes, ports: KyvernoPorts): PolicySet {
  const documents = new Map<string, JsonObject>();
  const exceptions = new Map<string, JsonObject>();
  let compiled: readonly CompiledPolicy[] | undefined;
  const entries = new Map<string, JsonObject>();
  const worldOf = rememberObject(
    (world: PolicyWorld): KyvernoWorld => kyvernoWorld(world, types, ports, () => [...entries.values()], current),
  );
  const said = new Map<string, JsonObject>();
  let read: Settings | undefined;
  const current = (): Settings => (read ??= readSettings([...said.values()]));
  const guard = documentGuard(types, ports.permitted, current);
  const compile = (): readonly CompiledPolicy[] => {
    const settings = current();
    const usable = usableExceptions(settings, [...exceptions.values()]);
    const policies = [...documents]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, source]) => {
        const mine = usable.filter(each => groupOf(each) === groupOf(source));
        const lower = groupOf(source) === CEL_GROUP ? lowerCelKind : lowerRules;
        return within(source, settings, worldOf, lower(source, mine, worldOf, settings));
      });
    return [...policies, ...protection(policies, settings), guard];
  };
  const mapOf = (object: KubeObject): Map<string, JsonObject> =>
    object.kind === 'PolicyException' ? exceptions : object.kind === 'GlobalContextEntry' ? entries : documents;
  return {
    set: object => {
      const source = object as unknown as JsonObject;
      const group = groupOf(object);
      if (isSetting(object)) {
        compiled = read = undefined;
        said.set(keyOf(object), source);
      }
      if ((group !== RULES_GROUP && group !== CEL_GROUP) || !isObject(source.spec)) return [];
      compiled = undefined;
      mapOf(object).set(keyOf(object), source);
      return [];
    },
    remove: object => {
      compiled = undefined;
      if (isSetting(object)) read = undefined;
      (isSetting(object) ? said : mapOf(object)).delete(keyOf(object));
    },
    policies: () => (compiled ??= compile()),
    paramKinds: () => {
      const kinds = new Map<string, KindRef>();
      const { excludedRoles, excludedClusterRoles } = current();
      if (excludedRoles.length + excludedClusterRoles.length > 0)
        for (const kind of ['RoleBinding', 'ClusterRoleBinding'])
          kinds.set(kind, { group: 'rbac.authorization.k8s.io', version: 'v1', kind });
      for (const source of [...documents.values(), ...entries.values()])
        for (const kind of lookedUp(source, types.kindOf))
          kinds.set(`${kind.group}/${kind.version}/${kind.kind}`, kind);
      return [...kinds.values()];
    },
    status: () => undefined,
  };
}

/** A policy that is not asked about what the settings pass over. */
function within(source: JsonObject, settings: Settings, worldOf: WorldOf, policy: CompiledPolicy): CompiledPolicy {
  const { mutate, decide } = policy;
  const asked = {
    ...policy,
    matches: (request: PolicyRequest) => !isPassedOver(settings, request) && policy.matches(request),
    missed: (request: PolicyRequest) =>
      isPassedOver(settings, request) ? passedOverText(request) : policy.missed?.(request),
  };
  const own = webhookConditions(source, settings);
  const byRole = settings.excludedRoles.length + settings.excludedClusterRoles.length > 0;
  if (own === undefined && !byRole) return asked;
  const conditions = (request: PolicyRequest, world: PolicyWorld): boolean | string => {
    const who = byRole ? rolesIn(worldOf(world))(request).requester : undefined;
    return who !== undefined && holdsExcludedRole(settings, who) ? false : (own?.(request, world) ?? true);
  };
  const failed = (held: boolean | string, request: PolicyRequest): readonly PolicyAnswer[] =>
    typeof held === 'string' ? refusals(source, [unmet(held)], request, settings) : [];
  return {
    ...asked,
    ...(mutate === undefined
      ? {}
      : {
          mutate: (request, world) => {
            const held = conditions(request, world);
            return held === true ? mutate(request, world) : { object: request.object!, faults: failed(held, request) };
          },
        }),
    ...(decide === undefined
      ? {}
      : {
          decide: (request, world) => {
            const held = conditions(request, world);
            return held === true ? decide(request, world) : { answers: failed(held, request), annotations: {} };
          },
        }),
  };
}

/** A condition of a webhook that failed: the API server refuses then, whatever the policy's rules ask for. */
const unmet = (message: string): RuleAnswer => ({
  rule: 'webhookConfiguration.matchConditions',
  type: 'Mutation',
  status: 'error',
  message,
  unmet: true,
});

/** Looks up what admission holds of other kinds. */
function kyvernoWorld(
  world: PolicyWorld,
  types: PolicyTypes,
  ports: KyvernoPorts,
  entries: () => readonly JsonObject[],
  settings: () => Settings,
): KyvernoWorld {
  const kindOf = (apiVersion: string, resource: string): KindRef => {
    const [version = '', group = ''] = apiVersion.split('/').reverse();
    return types.kindOf(group, version, resource) ?? { group, version, kind: resource };
  };
  const json = (object: KubeObject | undefined): JsonObject | undefined => object as unknown as JsonObject | undefined;
  const list: KyvernoWorld['list'] = (apiVersion, resource, namespace) =>
    [...world.parameters(kindOf(apiVersion, resource), namespace || undefined)].map(each => json(each)!);
  return {
    ...ports,
    schemaOf: types.schemaOf,
    resourceOf: kind => ports.resourceOf(kind) ?? { resource: plural(kind.kind), namespaced: true },
    get: (apiVersion, resource, namespace, name) => {
      const kind = kindOf(apiVersion, resource);
      const found = json(world.parameter(kind, namespace || undefined, name));
      return found ?? list(apiVersion, resource, namespace).find(each => textAt(each, 'metadata', 'name') === name);
    },
    list,
    call: (url, method, body) =>
      method === 'GET'
        ? apiPath(url, list, true)
        : accessReview(url, body, question => world.authorize(ANYBODY, question)),
    globalContext: (name, projection) => globalEntry(entries(), name, projection, list, ports),
    image: () => undefined,
    connected: true,
    get defaultRegistry() {
      return settings().defaultRegistry;
    },
  };
}
