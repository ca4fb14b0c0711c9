import { type Fault, rememberObject } from '../../../base/index.ts';
import { isObject, type Json, type JsonObject, type KubeObject } from '../../../kernel/index.ts';
import { matchesRequest } from '../../engine/match.ts';
import type { CompiledPolicy, PolicyRequest, PolicyWorld } from '../../model.ts';
import { celPolicy } from './cel/policy.ts';
import { runCelPolicy } from './cel/run.ts';
import { parseKind, ruleMatches } from './match.ts';
import { changesTold, refusals } from './refusal.ts';
import { type KyvernoWorld, type Review, textAt } from './model.ts';
import { requesterOf } from './requester.ts';
import { rulesOf, runPhase } from './run.ts';
import type { Settings } from './settings.ts';

/** Turns the world of admission into the one rules look at. */
export type WorldOf = (world: PolicyWorld) => KyvernoWorld;

const fields = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});
/** True when a CEL policy changes objects that are there already, and not what is being written. */
export const mutatesExisting = (policy: JsonObject): boolean =>
  fields(fields(fields(policy.spec).evaluation).mutateExisting).enabled === true;
const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);

/** A request as Kyverno's rules see it, made once for all policies. */
export const reviewOf = rememberObject(readRequest);

function readRequest(request: PolicyRequest): Review {
  const json = (object: KubeObject | undefined): JsonObject | undefined => object as unknown as JsonObject | undefined;
  const { user } = request;
  return {
    operation: request.operation,
    object: json(request.object),
    oldObject: json(request.oldObject),
    kind: request.kind,
    subresource: request.subresource,
    namespaceLabels: request.namespaceObject?.metadata.labels ?? {},
    requester: {
      userInfo: {
        username: user.name,
        uid: user.uid ?? '',
        groups: [...user.groups],
        extra: { ...user.extra } as unknown as JsonObject,
      },
      roles: [],
      clusterRoles: [],
    },
  };
}

const RBAC = 'rbac.authorization.k8s.io';

/** True for policies that look at the roles of who asks: in a `match` or `exclude`, or by a variable. */
const asksRoles = rememberObject((source: JsonObject): boolean =>
  /"(?:clusterR|r)oles":|request\.(?:clusterR|r)oles\b/.test(JSON.stringify(source.spec ?? {})),
);

/** The review of a request with the roles of who asks. */
export const rolesIn = rememberObject((world: KyvernoWorld) =>
  rememberObject((request: PolicyRequest): Review => {
    const bindings = (resource: string): Iterable<JsonObject> => world.list(`${RBAC}/v1`, resource, '');
    const requester = requesterOf(request.user, bindings('rolebindings'), bindings('clusterrolebindings'));
    return { ...reviewOf(request), requester };
  }),
);

/** The review of a request, with the roles of who asks where the policy looks at them. */
const reviewFor = (source: JsonObject, request: PolicyRequest, world: KyvernoWorld): Review =>
  asksRoles(source) ? rolesIn(world)(request) : reviewOf(request);

/** Whether a rule may be about a request, before anybody knows the roles of who asks. */
function mayMatch(
  rule: JsonObject,
  source: JsonObject,
  request: PolicyRequest,
  namespace: string | undefined,
): boolean {
  const review = reviewOf(request);
  if (!asksRoles(source)) return ruleMatches(rule, review, namespace);
  return ruleMatches({ match: rule.match ?? {} }, { ...review, requester: undefined }, namespace);
}

/** True for rules that change other objects: those are changed after the write. */
export const changesOthers = (rule: JsonObject): boolean => Array.isArray(fields(rule.mutate).targets);
const changesIt = (rule: JsonObject): boolean => !changesOthers(rule);

/** A ClusterPolicy or Policy as the engine runs every system's policies: mutations, then verdicts. */
export function lowerRules(
  source: JsonObject,
  exceptions: readonly JsonObject[],
  worldOf: WorldOf,
  settings: Settings,
): CompiledPolicy {
  const base = identity(source);
  const spec = fields(source.spec);
  const mutates = rulesOf(source).some(rule => rule.mutate !== undefined && changesIt(rule));
  const phases = (['verifyImages', 'validate'] as const).filter(phase =>
    rulesOf(source).some(rule => rule[phase] !== undefined),
  );
  const namespace = source.kind === 'Policy' ? textAt(source, 'metadata', 'namespace') || 'default' : undefined;
  return {
    ...base,
    matches: request => {
      if (spec.admission === false) return false;
      return rulesOf(source).some(rule => mayMatch(rule, source, request, namespace));
    },
    ...(mutates
      ? {
          mutate: (request, world) => {
            const kyverno = worldOf(world);
            const review = reviewFor(source, request, kyverno);
            const { answers, patched } = runPhase(source, 'mutate', review, kyverno, exceptions, changesIt);
            return {
              object: patched as unknown as KubeObject,
              faults: [...refusals(source, answers, request, settings), ...changesTold(source, answers)],
            };
          },
        }
      : {}),
    ...(phases.length > 0
      ? {
          decide: (request, world) => {
            const kyverno = worldOf(world);
            const review = reviewFor(source, request, kyverno);
            const answers = phases.flatMap(phase => runPhase(source, phase, review, kyverno, exceptions).answers);
            return { answers: refusals(source, answers, request, settings), annotations: {} };
          },
        }
      : {}),
  };
}

/** A CEL policy (policies.kyverno.io) likewise. */
export function lowerCelKind(
  source: JsonObject,
  exceptions: readonly JsonObject[],
  worldOf: WorldOf,
  settings: Settings,
): CompiledPolicy {
  const policy = celPolicy(source);
  const base = {
    ...identity(source),
    faults: policy.forms.flatMap(form => form.compiled.faults),
    matches: (request: PolicyRequest) => policy.forms.some(form => matchesRequest(form.document.match, request)),
  };
  // These act after writes, or by the clock.
  if (policy.kind === 'GeneratingPolicy' || policy.kind === 'DeletingPolicy') return { ...base, matches: () => false };
  if (policy.kind === 'MutatingPolicy' && mutatesExisting(source)) return { ...base, matches: () => false };
  if (policy.kind === 'MutatingPolicy')
    return {
      ...base,
      mutate: (request, world) => {
        const { answers, patched } = runCelPolicy(source, reviewOf(request), worldOf(world), exceptions);
        return { object: patched as unknown as KubeObject, faults: refusals(source, answers, request, settings) };
      },
    };
  return {
    ...base,
    decide: (request, world) => {
      const { answers } = runCelPolicy(source, reviewOf(request), worldOf(world), exceptions);
      return { answers: refusals(source, answers, request, settings), annotations: {} };
    },
  };
}

function identity(source: JsonObject): Pick<CompiledPolicy, 'system' | 'kind' | 'name' | 'namespace' | 'faults'> {
  const namespace = textAt(source, 'metadata', 'namespace');
  const faults: readonly Fault[] = [];
  return {
    system: 'kyverno',
    kind: String(source.kind),
    name: textAt(source, 'metadata', 'name'),
    ...(namespace === '' ? {} : { namespace }),
    faults,
  };
}

/** Kinds whose objects a policy looks up, as its text names them. */
export function lookedUp(
  source: JsonObject,
  kindOf: (
    group: string,
    version: string,
    resource: string,
  ) => { group: string; version: string; kind: string } | undefined,
): readonly { group: string; version: string; kind: string }[] {
  const text = JSON.stringify(source.spec ?? {});
  const found: ({ group: string; version: string; kind: string } | undefined)[] = [];
  const named = (apiVersion: string, resource: string): void => {
    const [version = '', group = ''] = apiVersion.split('/').reverse();
    found.push(kindOf(group, version, resource));
  };
  if (text.includes('"configMap"')) named('v1', 'configmaps');
  if (asksRoles(source)) for (const resource of ['rolebindings', 'clusterrolebindings']) named(`${RBAC}/v1`, resource);
  const entry = fields(fields(source.spec).kubernetesResource);
  if (source.kind === 'GlobalContextEntry' && entry.resource !== undefined)
    named([textAt(entry, 'group'), textAt(entry, 'version')].filter(Boolean).join('/'), textAt(entry, 'resource'));
  for (const [, apiVersion, resource] of text.matchAll(
    /resource\.[A-Za-z]+\(\s*\\?["']([\w./-]+)\\?["']\s*,\s*\\?["']([\w-]+)\\?["']/g,
  ))
    named(apiVersion!, resource!);
  for (const [, group, version, resource] of text.matchAll(
    /\/apis\/([\w.-]+)\/(\w+)\/(?:namespaces\/[^/"]+\/)?([a-z]+)/g,
  ))
    named(`${group}/${version}`, resource!);
  for (const [, resource] of text.matchAll(/\/api\/v1\/(?:namespaces\/[^/"]+\/)?([a-z]+)/g)) named('v1', resource!);
  const kindNamed = (of: JsonObject): void => {
    const { group, version, kind } = parseKind(`${textAt(of, 'apiVersion')}/${textAt(of, 'kind')}`);
    found.push({ group: group === '*' ? '' : group, version, kind });
  };
  for (const rule of rulesOf(source)) {
    const param = fields(fields(fields(rule.validate).cel).paramKind);
    if (param.kind !== undefined) kindNamed(param);
    for (const target of list(fields(rule.mutate).targets).filter(isObject)) {
      kindNamed(target);
    }
  }
  return found.filter(each => each !== undefined);
}
