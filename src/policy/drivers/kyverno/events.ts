import { nameSuffix, type Random } from '../../../base/index.ts';
import { formatTime, type JsonObject, type KubeObject, type ResourceRef } from '../../../kernel/index.ts';
import { eventOf, type Happening, placeText, type Reporter } from '../../dialects/kyverno/background/events.ts';
import { type RuleAnswer, textAt } from '../../dialects/kyverno/model.ts';
import type { PolicyAnswer, PolicyRequest } from '../../model.ts';
import type { Background } from './model.ts';
import type { Work } from './work.ts';

const EVENTS: ResourceRef = { group: '', version: 'v1', resource: 'events' };
/** How many happenings are remembered so that the same one is not told again. */
const REMEMBERED_MAX = 5_000;
const NAME_LENGTH_MAX = 200;

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
    const { group, version, kind } = request.kind;
    const apiVersion = group === '' ? version : `${group}/${version}`;
    const resource = { ...(object as unknown as JsonObject), apiVersion, kind };
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
