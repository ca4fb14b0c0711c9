import { textAt } from '../../dialects/kyverno/model.ts';
import {
  equalJson,
  formatTime,
  isConflict,
  isNotFound,
  isObject,
  type JsonObject,
  type KubeObject,
} from '../../../kernel/index.ts';
import { ADMISSION_GROUP } from '../../dialects/kyverno/background/admission-answers.ts';
import { statusOf } from '../../dialects/kyverno/background/status.ts';
import { isPassedOver } from '../../dialects/kyverno/passed-over.ts';
import type { CompiledPolicy, PolicyAnswer, PolicyRequest } from '../../model.ts';
import { Cleanup } from './cleanup.ts';
import { Declared } from './declared.ts';
import { DEFINITIONS, followDocuments } from './documents.ts';
import { Events } from './events.ts';
import { ExistingMutation } from './existing.ts';
import { Generation } from './generate.ts';
import { definitionOf, refOf } from './lookup.ts';
import type { Background, BackgroundOptions } from './model.ts';
import { Reports } from './reports.ts';
import { Work } from './work.ts';

/** Kyverno's work beside admission, running until it is disposed of. */
export interface RunningKyverno extends AsyncDisposable {
  /** Hears of every stored write. */
  stored(request: PolicyRequest): void;
  /** Hears of every verdict at admission. */
  judged(request: PolicyRequest, answers: readonly PolicyAnswer[]): void;
  /** Hears of every policy that changed a write. */
  mutated(request: PolicyRequest, policy: CompiledPolicy, object: KubeObject): void;
}

/** Generates, changes what is there, and says in status what came of it. */
export function startKyverno(options: BackgroundOptions): RunningKyverno {
  const report = options.report ?? (() => undefined);
  const work = new Work(options.clock, report);
  const background: Background = {
    ...options,
    documents: followDocuments(options, changed, told),
  };
  function changed(now: JsonObject | undefined, before: JsonObject | undefined): void {
    if (isAdmission(now ?? before)) return reports.admissionChanged(now, before);
    declared.changed();
    if (now !== undefined) work.add(() => writeStatus(background, now, declared), `status ${keyOf(now)}`);
    const [policy, old] = [pick(now), pick(before)];
    const either = now ?? before;
    if (either?.kind === 'PolicyException') reports.exceptionsChanged();
    if (policy === undefined && old === undefined) return;
    reports.policyChanged(policy, old);
    cleanup.policyChanged(policy, old);
    generation.policyChanged(policy, old);
    existing.policyChanged(policy, old);
  }
  function told(): void {
    declared.changed();
    reports.settingsChanged();
    events.settingsChanged();
  }
  const events = new Events(background, work, options.random);
  const reports = new Reports(background, work, events);
  const generation = new Generation(background, work, reports, events);
  const declared = new Declared(background, work);
  options.informer(DEFINITIONS).onChange(() => declared.changed());
  const cleanup = new Cleanup(background, work);
  const existing = new ExistingMutation(background, work, reports);
  return {
    judged: (request, answers) => events.judged(request, answers),
    mutated: (request, by, object) => {
      if (by.system !== 'kyverno' || request.dryRun || request.object === undefined) return;
      const policy = equalJson(request.object, object) ? undefined : documentOf(background, by);
      if (policy === undefined) return;
      events.mutated(request, policy, object);
      reports.mutated(request, policy);
    },
    stored: request => {
      cleanup.stored(request);
      if (!background.documents.seen()) return;
      reports.stored(request);
      events.stored(request);
      if (isPassedOver(background.documents.settings(), request)) return generation.changed(request);
      generation.stored(request);
      existing.stored(request);
    },
    [Symbol.asyncDispose]: () => {
      reports.end();
      return work.end();
    },
  };
}

/** The document a policy was compiled of. */
const documentOf = (
  { documents }: Background,
  { kind, name, namespace = '' }: CompiledPolicy,
): JsonObject | undefined =>
  documents
    .of(kind)
    .find(each => textAt(each, 'metadata', 'name') === name && textAt(each, 'metadata', 'namespace') === namespace);

const isAdmission = (document: JsonObject | undefined): boolean =>
  String(document?.apiVersion).startsWith(`${ADMISSION_GROUP}/`);
const pick = (document: JsonObject | undefined): JsonObject | undefined =>
  isObject(document?.spec) && String(document.kind).endsWith('Policy') ? document : undefined;
const keyOf = (object: JsonObject): string => {
  const { namespace = '', name = '' } = object.metadata as { namespace?: string; name?: string };
  return `${String(object.apiVersion)}/${String(object.kind)}/${namespace}/${name}`;
};

async function writeStatus(background: Background, document: JsonObject, declared: Declared): Promise<void> {
  const { clock, client, catalog } = background;
  const definition = definitionOf(catalog, String(document.apiVersion), String(document.kind));
  const time = formatTime({ seconds: Math.floor(clock.now() / 1000), nanoseconds: 0 }, false);
  const status = statusOf(document, declared.of(document), time, background.ports.permitted);
  if (definition === undefined || status === undefined || equalJson(status, document.status ?? null)) return;
  try {
    await client.update(refOf(definition), { ...document, status } as unknown as KubeObject, { subresource: 'status' });
  } catch (error) {
    // Another write came first and brings its own change; a policy that is gone needs no status.
    if (!isConflict(error) && !isNotFound(error)) throw error;
  }
}
