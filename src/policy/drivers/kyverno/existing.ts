import { rememberObject } from '../../../base/index.ts';
import { equalJson, isObject, type JsonObject, type KubeObject, splitApiVersion } from '../../../kernel/index.ts';
import { runCelPolicy } from '../../dialects/kyverno/cel/run.ts';
import { isRulesKind } from '../../dialects/kyverno/kinds.ts';
import { changesOthers, mutatesExisting, reviewOf } from '../../dialects/kyverno/lower.ts';
import { type Review, textAt } from '../../dialects/kyverno/model.ts';
import { rulesOf, runPhase } from '../../dialects/kyverno/run.ts';
import type { PolicyRequest } from '../../model.ts';
import { definitionOf, Lookup, refOf } from './lookup.ts';
import { type Background, BACKGROUND_USER } from './model.ts';
import type { Reports } from './reports.ts';
import { triggersOf } from './triggers.ts';
import type { Work } from './work.ts';
import { placeOf, read } from './write.ts';

const RULE_KINDS = ['ClusterPolicy', 'Policy'];
const CEL_KINDS = ['MutatingPolicy', 'NamespacedMutatingPolicy'];

const fields = (value: unknown): JsonObject => (isObject(value) ? (value as JsonObject) : {});

/** The subresource a policy writes its targets through: the one all its target rules name. */
function subresourceOf(policy: JsonObject): string {
  const rules = fields(fields(policy.spec).targetMatchConstraints).resourceRules;
  const resources = (Array.isArray(rules) ? rules : []).flatMap(rule => {
    const named = fields(rule).resources;
    return Array.isArray(named) ? named.map(String) : [];
  });
  const named = new Set(resources.map(resource => resource.split('/')[1] ?? ''));
  const [only = ''] = named;
  return named.size === 1 && only !== '*' ? only : '';
}

const changing = rememberObject((policies: readonly JsonObject[]) =>
  policies.filter(policy => rulesOf(policy).some(changesOthers)),
);

/** Changes objects that are there because of others ("Mutate Existing Resources"). */
export class ExistingMutation {
  readonly #background: Background;
  readonly #work: Work;
  readonly #reports: Reports;

  constructor(background: Background, work: Work, reports: Reports) {
    this.#reports = reports;
    this.#background = background;
    this.#work = work;
  }

  stored(request: PolicyRequest): void {
    const own = request.user.name === BACKGROUND_USER.name;
    for (const policy of changing(this.#background.documents.of(...RULE_KINDS))) {
      const skips = (rule: JsonObject): boolean => own && rule.skipBackgroundRequests !== false;
      if (fields(policy.spec).admission === false) continue;
      if (!rulesOf(policy).some(rule => changesOthers(rule) && !skips(rule))) continue;
      this.#work.add(async () => {
        const lookup = new Lookup(this.#background);
        const requester = await lookup.requester(request.user);
        await this.#rules(policy, { ...reviewOf(request), requester }, lookup, rule => !skips(rule));
      });
    }
    if (request.subresource !== '' || request.operation === 'CONNECT') return;
    for (const policy of this.#background.documents.of(...CEL_KINDS)) {
      if (!mutatesExisting(policy)) continue;
      const evaluation = fields(fields(policy.spec).evaluation);
      if (fields(evaluation.admission).enabled === false) continue;
      if (own && evaluation.skipBackgroundRequests !== false) continue;
      this.#work.add(async () => {
        const lookup = new Lookup(this.#background);
        const requester = await lookup.requester(request.user);
        await this.#cel(policy, { ...reviewOf(request), requester }, lookup);
      });
    }
  }

  policyChanged(policy: JsonObject | undefined, old: JsonObject | undefined): void {
    if (policy === undefined || (old !== undefined && equalJson(policy.spec!, old.spec!))) return;
    if (isRulesKind(String(policy.kind))) {
      const wanted = (rule: JsonObject): boolean =>
        changesOthers(rule) &&
        (fields(rule.mutate).mutateExistingOnPolicyUpdate ?? fields(policy.spec).mutateExistingOnPolicyUpdate) === true;
      if (!rulesOf(policy).some(wanted)) return;
      this.#work.add(() => this.#all(policy, (review, lookup) => this.#rules(policy, review, lookup, wanted)));
    } else if (mutatesExisting(policy)) this.scan(policy);
  }

  /** Changes everything a CEL policy speaks of. */
  scan(policy: JsonObject): void {
    this.#work.add(() => this.#all(policy, (review, lookup) => this.#cel(policy, review, lookup)));
  }

  async #all(policy: JsonObject, each: (review: Review, lookup: Lookup) => Promise<void>): Promise<void> {
    const lookup = new Lookup(this.#background);
    for (const review of await triggersOf(this.#background, lookup, policy)) await each(review, lookup);
  }

  async #rules(
    policy: JsonObject,
    review: Review,
    lookup: Lookup,
    wanted: (rule: JsonObject) => boolean,
  ): Promise<void> {
    const exceptions = this.#background.documents.exceptionsFor(policy);
    const picked = (rule: JsonObject): boolean => changesOthers(rule) && wanted(rule);
    const answers = await lookup.decide(world => runPhase(policy, 'mutate', review, world, exceptions, picked).answers);
    for (const answer of answers) {
      const rule = rulesOf(policy).find(each => each.name === answer.rule);
      const targets = fields(rule?.mutate).targets;
      const status = Array.isArray(targets) && targets.some(each => textAt(each, 'kind').endsWith('/status'));
      for (const target of answer.targets ?? []) await this.#write(target, status ? 'status' : '', lookup);
    }
  }

  async #cel(policy: JsonObject, review: Review, lookup: Lookup): Promise<void> {
    const exceptions = this.#background.documents.exceptionsFor(policy);
    const { answers } = await lookup.decide(world => runCelPolicy(policy, review, world, exceptions));
    for (const answer of answers)
      for (const target of answer.targets ?? []) {
        await this.#write(target, subresourceOf(policy), lookup);
        const { group, version } = splitApiVersion(String(target.apiVersion));
        const said = { ...answer, message: 'success' };
        this.#reports.add(policy, target, { group, version, kind: String(target.kind) }, [said], 'background scan');
      }
  }

  async #write(target: JsonObject, subresource: string, lookup: Lookup): Promise<void> {
    const place = placeOf(this.#background, target);
    if (place === undefined) return;
    const found = await read(this.#background, place);
    // Somebody was faster: what was decided on is no more.
    if (found === undefined) return;
    const definition = definitionOf(this.#background.catalog, String(target.apiVersion), String(target.kind))!;
    const metadata = { ...fields(target.metadata), resourceVersion: fields(found.metadata).resourceVersion! };
    const next = { ...target, metadata };
    if (equalJson(next, { ...found, apiVersion: target.apiVersion!, kind: target.kind! })) return;
    await this.#background.client.update(
      refOf(definition),
      next as unknown as KubeObject,
      subresource === '' ? {} : { subresource },
    );
    lookup.forget(definition);
  }
}
