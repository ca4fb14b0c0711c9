import type { Timer } from '../../../base/index.ts';
import { equalJson, isObject, type JsonObject, type KubeObject, type ResourceRef } from '../../../kernel/index.ts';
import { isReportedAdmission } from '../../dialects/kyverno/background/admission-answers.ts';
import {
  admits,
  isReported,
  isReportedSort,
  type Process,
  processOf,
  reportOf,
  type ReportResult,
  resultOf,
} from '../../dialects/kyverno/background/reports.ts';
import { answersFor, isReporting } from '../../dialects/kyverno/background/scan.ts';
import { isRulesKind } from '../../dialects/kyverno/kinds.ts';
import { changesOthers, reviewOf } from '../../dialects/kyverno/lower.ts';
import { type Review, type RuleAnswer, textAt } from '../../dialects/kyverno/model.ts';
import { runPhase } from '../../dialects/kyverno/run.ts';
import type { PolicyRequest } from '../../model.ts';
import { Ephemeral } from './ephemeral.ts';
import type { Events } from './events.ts';
import { Lookup, refOf } from './lookup.ts';
import type { Background } from './model.ts';
import { existingReview, matchedDefinitions, triggersOf } from './triggers.ts';
import type { Work } from './work.ts';
import { placeOf, read, remove } from './write.ts';

/** Writes of one object that come together make one report. */
const GATHER_MS = 200;
/** Objects with a report at the same time. */
const REPORTS_MAX = 20_000;
const REPORTS: ResourceRef = { group: 'wgpolicyk8s.io', version: 'v1alpha2', resource: 'policyreports' };
const OPEN_REPORTS: ResourceRef = { group: 'openreports.io', version: 'v1alpha1', resource: 'reports' };

/** What a policy says is kept in parts: of the object itself, and of what others did for it. */
const PARTS: readonly (Process | '')[] = ['', 'background scan', 'admission review'];
/** Writes that were changed and are not stored yet. */
const CHANGING_MAX = 1_000;

interface Changed {
  readonly policy: JsonObject;
  readonly answers: readonly RuleAnswer[];
}

interface Subject {
  object: JsonObject;
  readonly results: Map<string, readonly ReportResult[]>;
  /** The report as it was written last. */
  written?: JsonObject;
}

const keyOf = (object: JsonObject): string =>
  `${String(object.kind)}/${textAt(object, 'metadata', 'namespace')}/${textAt(object, 'metadata', 'name')}`;

/** Keeps one report an object: what every policy says of it. */
export class Reports {
  readonly #background: Background;
  readonly #work: Work;
  readonly #events: Events;
  readonly #subjects = new Map<string, Subject>();
  /** What rules said of writes they changed, until those are stored. */
  readonly #changing = new Map<string, readonly Changed[]>();

  readonly #ephemeral: Ephemeral;
  #again: Timer | undefined;

  constructor(background: Background, work: Work, events: Events) {
    this.#background = background;
    this.#work = work;
    this.#events = events;
    this.#ephemeral = new Ephemeral(background, work);
  }

  /** Looks at everything again and again, as often as the settings say, once there is a policy to look with. */
  #scanAgain(): void {
    this.#again?.cancel();
    const { backgroundScan, backgroundScanInterval_ms } = this.#background.documents.settings();
    if (!backgroundScan) return;
    this.#again = this.#background.clock.after(backgroundScanInterval_ms, () => {
      for (const policy of this.#policies()) this.policyChanged(policy, undefined);
      this.#scanAgain();
    });
  }

  end(): void {
    this.#again?.cancel();
  }

  /** How a policy takes part in reports, as the settings leave it. */
  #processOf(policy: JsonObject): Process | undefined {
    const { backgroundScan, admissionReports } = this.#background.documents.settings();
    const own = processOf(policy);
    if (own === 'background scan' && backgroundScan) return own;
    return own !== undefined && admits(policy) && admissionReports ? 'admission review' : undefined;
  }

  get #served(): boolean {
    const { reports, openReports } = this.#background.documents.settings();
    return reports && this.#background.catalog.resource(openReports ? OPEN_REPORTS : REPORTS) !== undefined;
  }

  #reported(kind: Review['kind'], namespace: string, name: string): boolean {
    return isReported(this.#background.documents.settings(), kind, namespace, name);
  }

  /** What is reported on, and where, may be another now. */
  settingsChanged(): void {
    if (this.#again !== undefined) this.#scanAgain();
    this.#work.add(async () => {
      for (const [uid, subject] of this.#subjects) {
        // What changed a write is known of that write alone.
        for (const [key, results] of subject.results)
          if (!key.endsWith('background scan') && results.some(isScanned)) subject.results.delete(key);
        await this.#write(uid);
      }
    });
    if (this.#served) for (const policy of this.#policies()) this.policyChanged(policy, undefined);
  }

  /** A policy's rules changed a write: they are reported on once it is stored. */
  mutated(request: PolicyRequest, policy: JsonObject): void {
    if (!this.#served || this.#processOf(policy) === undefined || !isRulesKind(String(policy.kind))) return;
    this.#work.add(async () => {
      const lookup = new Lookup(this.#background);
      const review = { ...reviewOf(request), requester: await lookup.requester(request.user) };
      const exceptions = this.#background.documents.exceptionsFor(policy);
      const { answers } = await lookup.decide(world =>
        runPhase(policy, 'mutate', review, world, exceptions, rule => !changesOthers(rule)),
      );
      if (this.#changing.size >= CHANGING_MAX) this.#changing.clear();
      const key = writeKey(request, request.name);
      const others = this.#changing.get(key)?.filter(each => policyKey(each.policy) !== policyKey(policy)) ?? [];
      this.#changing.set(key, [...others, { policy, answers }]);
    });
  }

  #takeChanged(request: PolicyRequest): readonly Changed[] {
    for (const name of [request.name, '']) {
      const found = this.#changing.get(writeKey(request, name));
      if (found === undefined) continue;
      this.#changing.delete(writeKey(request, name));
      return found;
    }
    return [];
  }

  stored(request: PolicyRequest): void {
    const object = request.object ?? request.oldObject;
    if (object === undefined || request.subresource !== '' || request.operation === 'CONNECT' || !this.#served) return;
    if (!this.#reported(request.kind, request.namespace, request.name)) return;
    const typed = withKind(object as unknown as JsonObject, request.kind);
    const uid = textAt(typed, 'metadata', 'uid');
    if (uid === '') return;
    if (request.operation === 'DELETE') {
      this.#subjects.delete(uid);
      return;
    }
    const judged = async (): Promise<void> => {
      for (const { policy, answers } of this.#takeChanged(request))
        this.#note(typed, policy, answers, this.#processOf(policy) ?? '');
      await this.#judge(typed, reviewOf(request));
    };
    this.#work.after(GATHER_MS, judged, `report ${uid}`);
  }

  /** Takes in what another part of the work came to. */
  add(
    policy: JsonObject,
    object: JsonObject | undefined,
    kind: Review['kind'],
    answers: readonly RuleAnswer[],
    process: Process = 'admission review',
  ): void {
    if (object === undefined || answers.length === 0 || !this.#served) return;
    const namespace = textAt(object, 'metadata', 'namespace');
    const uid = textAt(object, 'metadata', 'uid');
    if (uid === '' || !this.#reported(kind, namespace, textAt(object, 'metadata', 'name'))) return;
    const typed = withKind(object, kind);
    this.#note(typed, policy, answers, process);
    this.#work.after(GATHER_MS, () => this.#write(uid), `write report ${uid}`);
  }

  /** A policy came, changed or went: everything it speaks of is looked at again. */
  policyChanged(policy: JsonObject | undefined, old: JsonObject | undefined): void {
    const either = policy ?? old;
    if (either === undefined || !this.#served) return;
    // Of one that is gone nothing is said any more, whatever it did.
    if (policy !== undefined && ![policy, old].some(each => each !== undefined && isReporting(each))) return;
    if (policy !== undefined && old !== undefined && equalJson(policy.spec!, old.spec!) && reported(policy, old))
      return;
    if (this.#again === undefined) this.#scanAgain();
    this.#work.after(GATHER_MS, () => this.#scan(either), `scan ${String(either.kind)} ${keyOf(either)}`);
  }

  /** One of the API server's own policies, or a binding of one, came, changed or went. */
  admissionChanged(now: JsonObject | undefined, before: JsonObject | undefined): void {
    const either = now ?? before;
    if (either === undefined || !String(either.kind).endsWith('Binding')) return this.policyChanged(now, before);
    for (const policy of this.#background.documents.admission())
      if (either.kind === `${String(policy.kind)}Binding`) this.policyChanged(policy, undefined);
  }

  /** Every policy that is reported on. */
  #policies(): readonly JsonObject[] {
    const { documents } = this.#background;
    const { validatingAdmissionPolicyReports, mutatingAdmissionPolicyReports } = documents.settings();
    return [
      ...documents.all().filter(isReporting),
      ...documents
        .admission()
        .filter(({ kind }) =>
          String(kind).startsWith('Mutating') ? mutatingAdmissionPolicyReports : validatingAdmissionPolicyReports,
        ),
    ];
  }

  /** An exception came or went: the policies of its API say something else. */
  exceptionsChanged(): void {
    for (const policy of this.#background.documents.all())
      if (isReporting(policy)) this.policyChanged(policy, undefined);
  }

  async #scan(named: JsonObject): Promise<void> {
    const policy = this.#policies().find(each => each.kind === named.kind && keyOf(each) === keyOf(named));
    const source = policyKey(named);
    for (const [uid, subject] of this.#subjects)
      if (policy === undefined && PARTS.filter(part => subject.results.delete(source + part)).length > 0)
        await this.#write(uid);
    if (policy === undefined || this.#processOf(policy) !== 'background scan') return;
    if (matchedDefinitions(this.#background, policy).length === 0) return;
    const lookup = new Lookup(this.#background);
    let failed: { readonly error: unknown } | undefined;
    for (const review of await triggersOf(this.#background, lookup, policy)) {
      const object = review.object!;
      const uid = textAt(object, 'metadata', 'uid');
      const name = textAt(object, 'metadata', 'name');
      if (!this.#reported(review.kind, textAt(object, 'metadata', 'namespace'), name)) continue;
      const typed = withKind(object, review.kind);
      try {
        await this.#judgeBy(policy, typed, review, lookup);
        await this.#write(uid);
      } catch (error) {
        // One object whose report cannot be written keeps none of the others from theirs.
        failed ??= { error };
      }
    }
    if (failed !== undefined) throw failed.error;
  }

  async #judge(object: JsonObject, review: Review): Promise<void> {
    const lookup = new Lookup(this.#background);
    const labels = await lookup.namespaceLabels(textAt(object, 'metadata', 'namespace'));
    const scanned = existingReview(object, review.kind, labels);
    const seconds = Math.floor(this.#background.clock.now() / 1000);
    const found: ReportResult[] = [];
    for (const policy of this.#policies()) {
      const process = this.#processOf(policy);
      if (process === undefined) continue;
      const answers = await this.#judgeBy(policy, object, process === 'background scan' ? scanned : review, lookup);
      if (admits(policy)) found.push(...answers.map(answer => resultOf(policy, answer, 'admission review', seconds)));
    }
    await this.#ephemeral.found(object, found);
    await this.#write(textAt(object, 'metadata', 'uid'));
  }

  async #judgeBy(
    policy: JsonObject,
    object: JsonObject,
    review: Review,
    lookup: Lookup,
  ): Promise<readonly RuleAnswer[]> {
    const { documents } = this.#background;
    const beside = isReportedAdmission(policy) ? documents.bindingsOf(policy) : documents.exceptionsFor(policy);
    const answers = await lookup.decide(world => answersFor(policy, review, world, beside));
    this.#note(object, policy, answers, '');
    this.#events.found(policy, object, answers, this.#processOf(policy) === 'background scan');
    return answers.filter(answer => isReportedSort(documents.settings(), answer));
  }

  #note(object: JsonObject, policy: JsonObject, answers: readonly RuleAnswer[], part: Process | ''): void {
    const uid = textAt(object, 'metadata', 'uid');
    let subject = this.#subjects.get(uid);
    if (subject === undefined) {
      if (answers.length === 0 || this.#subjects.size >= REPORTS_MAX) return;
      this.#subjects.set(uid, (subject = { object, results: new Map() }));
    }
    subject.object = object;
    const seconds = Math.floor(this.#background.clock.now() / 1000);
    const process = part === '' ? (this.#processOf(policy) ?? 'background scan') : part;
    const settings = this.#background.documents.settings();
    const told = answers.filter(answer => isReportedSort(settings, answer));
    const results = told.map(answer => resultOf(policy, answer, process, seconds));
    const key = policyKey(policy) + part;
    if (results.length === 0) subject.results.delete(key);
    else subject.results.set(key, results);
  }

  async #write(uid: string): Promise<void> {
    const subject = this.#subjects.get(uid);
    if (subject === undefined) return;
    const order = (result: ReportResult): string => `${String(result.policy)}/${String(result.rule)}`;
    const { openReports, allowedResults, reports } = this.#background.documents.settings();
    const results = [...subject.results.values()]
      .flat()
      .filter(({ result }) => reports && allowedResults.has(String(result)))
      .sort((a, b) => (order(a) < order(b) ? -1 : 1));
    const wanted = reportOf(subject.object, results, openReports);
    const shape = wanted ?? reportOf(subject.object, [{ result: 'skip' }], openReports)!;
    const moved = subject.written?.apiVersion === shape.apiVersion ? undefined : subject.written;
    const before = moved && placeOf(this.#background, moved);
    if (before !== undefined) await remove(this.#background, before);
    const place = placeOf(this.#background, shape);
    if (place === undefined) return;
    subject.written = shape;
    const found = await read(this.#background, place);
    if (wanted === undefined) {
      if (subject.results.size === 0) this.#subjects.delete(uid);
      if (found !== undefined) await remove(this.#background, place);
      return;
    }
    const { client } = this.#background;
    const ref = refOf(place.definition);
    if (found === undefined) {
      // What is gone in the meantime needs no report.
      const scope = placeOf(this.#background, subject.object);
      const now = scope && (await read(this.#background, scope));
      if (textAt(now, 'metadata', 'uid') !== uid) {
        this.#subjects.delete(uid);
        return;
      }
      await client.create(ref, wanted as unknown as KubeObject);
    } else if (!equalJson(untimed(found.results!), untimed(wanted.results!)))
      await client.update(ref, { ...wanted, metadata: { ...(found.metadata as object) } } as unknown as KubeObject);
  }
}

/** A result that a scan comes to again. */
const isScanned = ({ properties }: ReportResult): boolean =>
  isObject(properties) && properties.process === 'background scan' && properties['generated-resources'] === undefined;

/** A write on its way; of one whose name is still to be made, who makes it tells it apart. */
const writeKey = ({ kind, namespace, user, object }: PolicyRequest, name: string): string =>
  [kind.group, kind.kind, namespace, name || `${user.name} ${object?.metadata.generateName ?? ''}`].join('/');

/** A policy of the API server is reported on while its label says so. */
const reported = (policy: JsonObject, old: JsonObject): boolean =>
  isReportedAdmission(policy) === isReportedAdmission(old);

/** Results without the times they were found at. */
const untimed = (results: JsonObject[string]): JsonObject[string] =>
  Array.isArray(results)
    ? results.map(each => {
        if (!isObject(each)) return each;
        const { timestamp: _, ...rest } = each;
        return rest;
      })
    : results;

const policyKey = (policy: JsonObject): string => `${String(policy.apiVersion).split('/')[0]}/${keyOf(policy)}`;

function withKind(object: JsonObject, kind: Review['kind']): JsonObject {
  const apiVersion = kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
  return { ...object, apiVersion, kind: kind.kind };
}
