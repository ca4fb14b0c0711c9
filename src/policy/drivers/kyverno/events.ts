import { nameSuffix, type Random } from '../../../base/index.ts';
import { formatTime, type JsonObject, type KubeObject, type ResourceRef } from '../../../kernel/index.ts';
import { eventOf, type Happening, placeText, type Reporter } from '../../dialects/kyverno/background/events.ts';
import { type RuleAnswer, textAt } from '../../dialects/kyverno/model.ts';
import { successesFor } from '../../dialects/kyverno/background/scan.ts';
import { isRulesKind } from '../../dialects/kyverno/kinds.ts';
import { isPassedOver } from '../../dialects/kyverno/passed-over.ts';
import { reviewOf } from '../../dialects/kyverno/lower.ts';
import type { PolicyAnswer, PolicyRequest } from '../../model.ts';
import { Lookup } from './lookup.ts';
import type { Background } from './model.ts';
import type { Work } from './work.ts';

const EVENTS: ResourceRef = { group: '', version: 'v1', resource: 'events' };
/** How many happenings are remembered so that the same one is not told again. */
const REMEMBERED_MAX = 5_000;
const NAME_LENGTH_MAX = 200;
const SETTING_LENGTH_MAX = 200;

/** Actions whose success is told of. */
type SuccessAction = 'Resource Passed' | 'Resource Mutated' | 'Resource Generated';

const resourceIn = ({ kind: { group, version, kind } }: PolicyRequest, object: KubeObject): JsonObject => ({
  ...(object as unknown as JsonObject),
  apiVersion: group === '' ? version : `${group}/${version}`,
  kind,
});

/** Tells in Events what policies found: on the policy, and on the object it is about. */
export class Events {
  readonly #background: Background;
  readonly #work: Work;
  readonly #random: Random;
  readonly #told = new Set<string>();

  constructor(background: Background, work: Work, random: Random) {
    this.#background = background;
    this.#work = work;
    this.#random = random;
  }

  /** Verdicts at admission: those that refuse, and those that are only noted. */
  judged(request: PolicyRequest, answers: readonly PolicyAnswer[]): void {
    const object = request.object ?? request.oldObject;
    if (object === undefined || request.dryRun || request.kind.kind === 'Event') return;
    const { kind } = request.kind;
    const resource = resourceIn(request, object);
    const blocked = answers.some(answer => answer.actions.includes('deny'));
    for (const { by, message, actions } of answers) {
      if (!('kind' in by)) continue;
      const policy = this.#background.documents.of(by.kind).find(each => textAt(each, 'metadata', 'name') === by.name);
      if (policy === undefined) continue;
      const action = blocked ? 'Resource Blocked' : 'Resource Passed';
      const verdict = actions.includes('deny') ? 'fail (blocked)' : 'fail';
      const rule = by.rule ?? by.name;
      const text = `${kind} ${placeText(resource)}: [${rule}] ${verdict}; ${message}`;
      const common = { reason: 'PolicyViolation', action, reporter: 'kyverno-admission' } as const;
      this.#tell({ ...common, message: text, about: policy, related: resource });
      if (!blocked) this.#tell({ ...common, message: `policy ${by.name}/${rule} fail: ${message}`, about: resource });
    }
  }

  /** Settings may say what has no effect here. */
  settingsChanged(): void {
    for (const { object, what } of this.#background.documents.settings().unheeded) {
      const message = `${what.slice(0, SETTING_LENGTH_MAX)}: this setting of Kyverno has no effect in this cluster`;
      const about = { ...object, apiVersion: object.kind === 'Deployment' ? 'apps/v1' : 'v1' };
      this.#tell({ reason: 'SettingNotHeeded', action: 'None', message, reporter: 'kyverno-admission', about });
    }
  }

  #tellsSuccess(action: SuccessAction): boolean {
    const { successEvents, successEventActions } = this.#background.documents.settings();
    return successEvents && successEventActions?.has(action) !== false;
  }

  /** A policy changed a write on its way in. */
  mutated(request: PolicyRequest, policy: JsonObject, object: KubeObject): void {
    if (!this.#tellsSuccess('Resource Mutated')) return;
    const what = `${request.kind.kind} ${placeText(resourceIn(request, object))}`;
    this.#succeeded(policy, 'Resource Mutated', `${what} is successfully mutated`);
  }

  /** A write was stored: every policy that found nothing wrong with it. */
  stored(request: PolicyRequest): void {
    const { object } = request;
    if (object === undefined || request.kind.kind === 'Event' || !this.#tellsSuccess('Resource Passed')) return;
    if (isPassedOver(this.#background.documents.settings(), request)) return;
    const resource = resourceIn(request, object);
    for (const policy of this.#background.documents.all())
      this.#work.add(async () => {
        const lookup = new Lookup(this.#background);
        const rules = isRulesKind(String(policy.kind));
        const requester = rules ? await lookup.requester(request.user) : reviewOf(request).requester;
        const review = { ...reviewOf(request), requester };
        const exceptions = this.#background.documents.exceptionsFor(policy);
        if (!(await lookup.decide(world => successesFor(policy, review, world, exceptions)))) return;
        this.#succeeded(policy, 'Resource Passed', `${request.kind.kind} ${placeText(resource)}: pass`, resource);
      });
  }

  /** A rule made an object. */
  generated(policy: JsonObject, rule: string, object: JsonObject): void {
    if (!this.#tellsSuccess('Resource Generated')) return;
    const common = { reason: 'PolicyApplied', reporter: 'kyverno-generate' } as const;
    const by = `${textAt(policy, 'metadata', 'name')}/${rule}`;
    const what = `${String(object.kind)} ${textAt(object, 'metadata', 'name')}`;
    const made = { ...common, action: 'Resource Generated', message: 'resource generated' };
    this.#tell({ ...made, about: policy, related: object });
    const message = `Created ${what} as a result of applying policy ${by}`;
    this.#tell({ ...common, action: 'None', message, about: object });
  }

  #succeeded(policy: JsonObject, action: SuccessAction, message: string, related?: JsonObject): void {
    const common = { reason: 'PolicyApplied', reporter: 'kyverno-admission', action, message, about: policy } as const;
    this.#tell(related === undefined ? common : { ...common, related });
  }

  /** Results for an object that is there, by a scan or by its admission. */
  found(policy: JsonObject, resource: JsonObject, answers: readonly RuleAnswer[], scanned: boolean): void {
    const name = textAt(policy, 'metadata', 'name');
    for (const answer of answers) {
      if (answer.excepted) this.#skipped(policy, resource, answer);
      else if (scanned && answer.status === 'fail') {
        const common = { reason: 'PolicyViolation', action: 'Resource Passed', reporter: 'kyverno-scan' } as const;
        const text = `${String(resource.kind)} ${placeText(resource)}: [${answer.rule}] fail; ${answer.message}`;
        this.#tell({ ...common, message: text, about: policy, related: resource });
        this.#tell({ ...common, message: `policy ${name}/${answer.rule} fail: ${answer.message}`, about: resource });
      }
    }
  }

  #skipped(policy: JsonObject, resource: JsonObject, { rule, exceptions = [] }: RuleAnswer): void {
    const names = exceptions.join(', ');
    const what = `${String(resource.kind)} ${placeText(resource)}`;
    const common = { reason: 'PolicySkipped', action: 'Resource Passed', reporter: 'kyverno-admission' } as const;
    const message = `${what}: [${rule}] skip; rule skipped due to policy exceptions ${names}`;
    this.#tell({ ...common, message, about: policy, related: resource });
    for (const exception of this.#background.documents.exceptionsFor(policy))
      if (exceptions.includes(textAt(exception, 'metadata', 'name'))) {
        const text = `resource ${what} was skipped from policy rule ${textAt(policy, 'metadata', 'name')}/${rule}`;
        this.#tell({ ...common, message: text, about: exception, related: resource });
      }
  }

  /** A rule that could not do its work. */
  failed(policy: JsonObject, rule: string, message: string, reporter: Reporter): void {
    this.#tell({ reason: 'PolicyError', action: 'None', message: `[${rule}] ${message}`, reporter, about: policy });
  }

  #tell(happening: Happening): void {
    const { about, related, reason, message, reporter } = happening;
    if (this.#background.documents.settings().omittedEvents.has(reason)) return;
    const key = [
      reporter,
      reason,
      textAt(about, 'metadata', 'uid'),
      textAt(related, 'metadata', 'uid'),
      message,
    ].join();
    if (this.#told.has(key)) return;
    if (this.#told.size >= REMEMBERED_MAX) this.#told.clear();
    this.#told.add(key);
    const name = `${textAt(about, 'metadata', 'name').slice(0, NAME_LENGTH_MAX)}.${nameSuffix(this.#random, 12)}`;
    const now_ms = this.#background.clock.now();
    const time = formatTime({ seconds: Math.floor(now_ms / 1000), nanoseconds: (now_ms % 1000) * 1_000_000 }, true);
    const event = eventOf(happening, name, time) as unknown as KubeObject;
    this.#work.add(async () => {
      await this.#background.client.create(EVENTS, event, { namespace: event.metadata.namespace! });
    });
  }
}
