import { rememberObject } from '../../../base/index.ts';
import { equalJson, isObject, type JsonObject, splitApiVersion } from '../../../kernel/index.ts';
import {
  type Generator,
  generatorsOf,
  isOf,
  type Origin,
  originLabels,
  originOf,
} from '../../dialects/kyverno/background/downstream.ts';
import { runCelPolicy } from '../../dialects/kyverno/cel/run.ts';
import { reviewOf } from '../../dialects/kyverno/lower.ts';
import { type Review, type RuleAnswer, textAt } from '../../dialects/kyverno/model.ts';
import { isRulesKind } from '../../dialects/kyverno/kinds.ts';
import { runPhase } from '../../dialects/kyverno/run.ts';
import type { PolicyRequest } from '../../model.ts';
import type { Events } from './events.ts';
import { Lookup, type Sought } from './lookup.ts';
import { type Background, BACKGROUND_USER } from './model.ts';
import type { Reports } from './reports.ts';
import { existingReview, triggersOf } from './triggers.ts';
import type { Work } from './work.ts';
import { bring, type Place, placeOf, read, remove } from './write.ts';

const POLICY_KINDS = ['ClusterPolicy', 'Policy', 'GeneratingPolicy', 'NamespacedGeneratingPolicy'];
const keyOf = (object: JsonObject): string =>
  `${String(object.apiVersion)}/${String(object.kind)}/${textAt(object, 'metadata', 'namespace')}/${textAt(object, 'metadata', 'name')}`;

const generating = rememberObject((policies: readonly JsonObject[]) =>
  policies.filter(policy => generatorsOf(policy).length > 0),
);

/** What a generator made of a trigger, and by which words of its rule. */
interface Round {
  readonly words: string;
  readonly keys: ReadonlySet<string>;
}

/** Makes what generate rules say, and keeps what is to be kept in step with its rule, its trigger and its source. */
export class Generation {
  readonly #background: Background;
  readonly #work: Work;
  readonly #reports: Reports;
  readonly #events: Events;
  /** Objects that rules made, by place. */
  readonly #made = new Map<string, JsonObject>();
  /** What each generator made last of each trigger. */
  readonly #rounds = new Map<string, Round>();
  /** What the generators of a policy read by name, by policy. */
  readonly #sources = new Map<string, Map<string, Sought>>();

  constructor(background: Background, work: Work, reports: Reports, events: Events) {
    this.#events = events;
    this.#background = background;
    this.#work = work;
    this.#reports = reports;
  }

  /** Every policy that generates. */
  #policies(): readonly JsonObject[] {
    return generating(this.#background.documents.of(...POLICY_KINDS));
  }

  /** Takes note of generated objects that were there before. */
  learn(objects: readonly JsonObject[]): void {
    for (const object of objects) if (originOf(object)) this.#made.set(keyOf(object), object);
  }

  /** A write that may be a trigger. */
  stored(request: PolicyRequest): void {
    this.changed(request);
    this.#trigger(request);
  }

  /** A write that may be of something that was made, or of a source. */
  changed(request: PolicyRequest): void {
    const [now, before] = [json(request.object), json(request.oldObject)];
    const gone = request.operation === 'DELETE';
    const object = now ?? before;
    if (object === undefined || request.operation === 'CONNECT' || request.subresource !== '') return;
    const key = keyOf(typed(object, request));
    const origin = originOf(gone ? before : now) ?? originOf(before);
    if (origin !== undefined) {
      if (gone) this.#made.delete(key);
      else this.#made.set(key, typed(object, request));
    }
    const own = request.user.name === BACKGROUND_USER.name;
    if (origin !== undefined && !own) this.#work.add(() => this.#restore(origin));
    for (const policy of this.#policies()) {
      const sources = this.#sources.get(keyOf(policy));
      const sought = sources?.has(soughtKey(request)) || sources?.has(soughtKey(request, '*'));
      if (sought && !(origin && isOf(origin, policy)))
        this.#work.add(() => this.#refresh(policy), `refresh ${keyOf(policy)}`);
    }
  }

  /** A request a policy may speak of: what it makes for it, or takes back. */
  #trigger(request: PolicyRequest): void {
    const own = request.user.name === BACKGROUND_USER.name;
    for (const policy of this.#policies()) {
      if ((policy.spec as JsonObject).admission === false) continue;
      const generators = generatorsOf(policy).filter(each => !own || !each.skipsBackground);
      if (generators.length > 0) this.#work.add(() => this.#follow(policy, generators, request));
    }
  }

  async #follow(policy: JsonObject, generators: readonly Generator[], request: PolicyRequest): Promise<void> {
    if (unchanged(request)) return;
    const lookup = new Lookup(this.#background);
    const requester = await lookup.requester(request.user);
    const review: Review = { ...reviewOf(request), requester };
    // A write of a subresource that no rule speaks of says nothing about the object.
    await this.#reconcile(policy, generators, review, lookup, request.subresource === '');
  }

  /** Runs a policy's generators for one trigger and writes what they make. */
  async #reconcile(
    policy: JsonObject,
    generators: readonly Generator[],
    review: Review,
    lookup: Lookup,
    prune: boolean,
  ): Promise<void> {
    const exceptions = this.#background.documents.exceptionsFor(policy);
    const answers = await lookup.decide(world =>
      isRulesKind(String(policy.kind))
        ? runPhase(
            policy,
            'generate',
            review,
            world,
            exceptions,
            rule => review.operation !== 'DELETE' || onDelete(rule),
          ).answers
        : runCelPolicy(policy, review, world, exceptions).answers,
    );
    const failures: { readonly rule: string; readonly error: unknown }[] = [];
    for (const generator of generators) {
      const answer = answers.find(each => each.rule === generator.rule);
      const wanted = answer?.status === 'pass' ? (answer.generated ?? []) : [];
      if (generator.synchronize && answer?.status === 'pass') this.#note(policy, lookup);
      const kept = new Set<string>();
      if (answer?.status === 'error') this.#events.failed(policy, answer.rule, answer.message, 'kyverno-generate');
      for (const object of wanted) {
        try {
          kept.add(await this.#attempt(policy, generator, object, review));
        } catch (error) {
          failures.push({ rule: generator.rule, error });
          break;
        }
      }
      if (failures.some(({ rule }) => rule === generator.rule)) continue;
      const before = prune || kept.size > 0 ? this.#remember(policy, generator, review, kept) : undefined;
      if (prune && generator.synchronize) await this.#prune(policy, generator, review, kept, before);
    }
    const told = answers.map((answer): RuleAnswer => {
      const failure = failures.find(({ rule }) => rule === answer.rule);
      if (failure === undefined) return answer;
      const { generated: _, ...rest } = answer;
      return { ...rest, status: 'error', message: wordsOf(failure.error) };
    });
    this.#reports.add(policy, review.object, review.kind, told);
    if (failures.length > 0) throw failures[0]!.error;
  }

  #note(policy: JsonObject, lookup: Lookup): void {
    const key = keyOf(policy);
    const sources = this.#sources.get(key) ?? new Map<string, Sought>();
    for (const sought of lookup.sought)
      if (sought.kind !== 'Namespace') sources.set(`${sought.kind}/${sought.namespace}/${sought.name}`, sought);
    this.#sources.set(key, sources);
  }

  /** Writes; what the API refuses is told before it is tried again. */
  async #attempt(policy: JsonObject, generator: Generator, object: JsonObject, review: Review): Promise<string> {
    try {
      return await this.#write(policy, generator, object, review);
    } catch (error) {
      this.#events.failed(policy, generator.rule, wordsOf(error), 'kyverno-generate');
      throw error;
    }
  }

  async #write(policy: JsonObject, generator: Generator, object: JsonObject, review: Review): Promise<string> {
    const place = placeOf(this.#background, object);
    if (place === undefined) throw new Error(`No kind ${String(object.kind)} in ${String(object.apiVersion)}`);
    const metadata = isObject(object.metadata) ? object.metadata : {};
    const labels = {
      ...(isObject(metadata.labels) ? metadata.labels : {}),
      ...originLabels(policy, generator.rule, review),
    };
    const wanted = { ...object, metadata: { ...metadata, labels: texts(labels) } };
    const key = placeKey(place);
    const found = await read(this.#background, place);
    if (found?.metadata && textAt(found, 'metadata', 'deletionTimestamp') !== '') {
      if (generator.synchronize) throw new Error(`${key} is still being deleted`);
      return key;
    }
    if (found !== undefined && !generator.synchronize && !generator.serverSideApply) return key;
    const origin = originOf(found);
    const trigger = review.object ?? review.oldObject;
    if (trigger && found && textAt(found, 'metadata', 'uid') === textAt(trigger, 'metadata', 'uid')) return key;
    // Another trigger of the same rule came first: it keeps the object.
    if (origin && isOf(origin, policy, generator.rule) && origin.trigger !== textAt(trigger, 'metadata', 'uid'))
      Object.assign(labels, pickOrigin(found!));
    await bring(this.#background, place, wanted, found, generator.serverSideApply);
    if (found === undefined) this.#events.generated(policy, generator.rule, wanted);
    return key;
  }

  /** Keeps what a generator makes of a trigger; tells what it was before. */
  #remember(policy: JsonObject, generator: Generator, review: Review, keys: ReadonlySet<string>): Round | undefined {
    const id = `${keyOf(policy)}/${generator.rule}/${textAt(review.object ?? review.oldObject, 'metadata', 'uid')}`;
    const before = this.#rounds.get(id);
    if (keys.size > 0 || before !== undefined) this.#rounds.set(id, { words: generator.words, keys });
    return before;
  }

  /** Takes away what the rule made for this trigger and does not make any more. */
  async #prune(
    policy: JsonObject,
    generator: Generator,
    review: Review,
    kept: ReadonlySet<string>,
    before: Round | undefined,
  ): Promise<void> {
    // What the rule made under other words is not this rule's any more.
    const own = (place: Place): boolean =>
      generator.whole || before === undefined || (before.words === generator.words && before.keys.has(placeKey(place)));
    const uid = textAt(review.object ?? review.oldObject, 'metadata', 'uid');
    await this.#removeAll(
      policy,
      generator.rule,
      origin => origin.trigger === uid && uid !== '',
      place => !kept.has(placeKey(place)) && own(place),
    );
  }

  async #removeAll(
    policy: JsonObject,
    rule: string,
    which: (origin: Origin) => boolean = () => true,
    at?: (place: Place) => boolean,
  ): Promise<void> {
    for (const object of this.#made.values().toArray()) {
      const origin = originOf(object);
      if (origin === undefined || !isOf(origin, policy, rule) || !which(origin)) continue;
      const place = placeOf(this.#background, object);
      const round = this.#rounds.get(`${keyOf(policy)}/${rule}/${origin.trigger}`);
      if (place === undefined) continue;
      // Where nothing else is said, what the rule made last goes; what it made under other words is nobody's.
      const goes = at === undefined ? round === undefined || round.keys.has(placeKey(place)) : at(place);
      if (goes) await remove(this.#background, place);
    }
  }

  /** Somebody else changed or deleted what a rule made. */
  async #restore(origin: Origin): Promise<void> {
    for (const policy of this.#policies()) {
      if (!isOf(origin, policy)) continue;
      const generators = generatorsOf(policy).filter(each => each.synchronize && isOf(origin, policy, each.rule));
      if (generators.length > 0) await this.#again(policy, generators, origin, true);
    }
  }

  /** Runs generators again for the trigger that an origin names, as it is now. */
  async #again(policy: JsonObject, generators: readonly Generator[], origin: Origin, prune: boolean): Promise<void> {
    const lookup = new Lookup(this.#background);
    const kind = { ...splitApiVersion(origin.triggerApiVersion), kind: origin.triggerKind };
    const trigger = (
      await lookup.decide(world => world.list(origin.triggerApiVersion, origin.triggerKind, origin.triggerNamespace))
    ).find(each => textAt(each, 'metadata', 'uid') === origin.trigger);
    if (trigger === undefined) return;
    const namespaceLabels = await lookup.namespaceLabels(origin.triggerNamespace);
    await this.#reconcile(policy, generators, existingReview(trigger, kind, namespaceLabels), lookup, prune);
  }

  /** A source changed, or the policy itself: everything it made is made again. */
  async #refresh(policy: JsonObject, prune = true): Promise<void> {
    const seen = new Set<string>();
    for (const object of this.#made.values().toArray()) {
      const origin = originOf(object);
      if (origin === undefined || !isOf(origin, policy)) continue;
      const id = `${origin.rule}/${origin.trigger}`;
      if (seen.has(id)) continue;
      seen.add(id);
      const generators = generatorsOf(policy).filter(each => each.synchronize && isOf(origin, policy, each.rule));
      if (generators.length > 0) await this.#again(policy, generators, origin, prune);
    }
    // Triggers whose source was not there yet have made nothing so far.
    if (prune)
      await this.#existing(
        policy,
        generatorsOf(policy).filter(each => each.synchronize && each.clones),
      );
  }

  async #existing(policy: JsonObject, generators: readonly Generator[]): Promise<void> {
    if (generators.length === 0) return;
    const lookup = new Lookup(this.#background);
    for (const review of await triggersOf(this.#background, lookup, policy))
      await this.#reconcile(policy, generators, review, lookup, false);
  }

  policyChanged(policy: JsonObject | undefined, old: JsonObject | undefined): void {
    if (policy !== undefined && old !== undefined && equalJson(policy.spec!, old.spec!)) return;
    const generators = policy === undefined ? [] : generatorsOf(policy);
    const gone =
      old === undefined ? [] : generatorsOf(old).filter(was => !generators.some(({ rule }) => rule === was.rule));
    for (const generator of gone)
      if (generator.synchronize && !generator.orphan && !generator.clones)
        this.#work.add(() => this.#removeAll(old!, generator.rule));
    if (policy === undefined) {
      this.#sources.delete(keyOf(old!));
      return;
    }
    const whole = generators.some(each => each.whole);
    if (generators.some(each => each.synchronize)) this.#work.add(() => this.#refresh(policy, whole));
    const existing = generators.filter(each => each.existing);
    this.#work.add(() => this.#existing(policy, existing));
  }
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Deletions are triggers only of rules that name the operation. */
const onDelete = (rule: JsonObject): boolean => /"operations":\[[^\]]*"DELETE"/.test(JSON.stringify(rule.match ?? {}));

const json = (object: unknown): JsonObject | undefined => object as JsonObject | undefined;

function typed(object: JsonObject, { kind }: PolicyRequest): JsonObject {
  const apiVersion = kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
  return { ...object, apiVersion, kind: kind.kind };
}

/** Labels are texts, whatever a variable came to. */
const texts = (labels: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, String(value)]));

const soughtKey = (request: PolicyRequest, name = request.name): string =>
  `${request.kind.kind}/${request.namespace}/${name}`;
const placeKey = ({ definition, key }: Place): string =>
  `${definition.group}/${definition.kind}/${key.namespace ?? ''}/${key.name}`;

function pickOrigin(object: JsonObject): Record<string, string> {
  const labels = (object.metadata as { labels?: Record<string, string> }).labels ?? {};
  return Object.fromEntries(Object.entries(labels).filter(([name]) => name.startsWith('generate.kyverno.io/')));
}

/** Status writes and bookkeeping change nothing that a rule could see. */
function unchanged({ operation, object, oldObject, subresource }: PolicyRequest): boolean {
  if (operation !== 'UPDATE' || subresource !== '' || object === undefined || oldObject === undefined) return false;
  const plain = ({ metadata, ...rest }: typeof object): JsonObject => {
    const { resourceVersion: _, managedFields: __, generation: ___, ...kept } = metadata;
    return { ...rest, metadata: kept } as unknown as JsonObject;
  };
  return equalJson(plain(object), plain(oldObject));
}
