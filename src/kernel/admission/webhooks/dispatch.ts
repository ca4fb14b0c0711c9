import { type Random, uuid } from '../../../base/index.ts';
import { equalJson } from '../../merge/json.ts';
import { badRequest, statusError, StatusError } from '../../status.ts';
import type { AdmissionAttributes, AdmissionStep } from '../admission.ts';
import type { AdmissionReads } from '../reads.ts';
import { type Equivalents, matches, seenAs } from './match.ts';
import type { Webhook, WebhookConfiguration, WebhookPort } from './model.ts';
import { denial, patchedBy, readVerdict, reviewOf, type Verdict } from './review.ts';

const DEFAULT_TIMEOUT_S = 10;
const TIMEOUT_S_MAX = 30;

/** Nothing may lock itself out: these kinds are never sent to webhooks (dynamic admission, "Avoiding deadlocks"). */
const EXEMPT: ReadonlySet<string> = new Set([
  'mutatingwebhookconfigurations',
  'validatingwebhookconfigurations',
  'validatingadmissionpolicies',
  'validatingadmissionpolicybindings',
  'mutatingadmissionpolicies',
  'mutatingadmissionpolicybindings',
]);

interface Named {
  /** Configuration and webhook: what reinvocation remembers. */
  readonly id: string;
  readonly webhook: Webhook;
}

/** On configurations that only say what a policy step of this server decides: nothing is called for them. */
const IN_PROCESS = 'admission.tenon.dev/in-process';

/** Configurations by name, webhooks in the order they are written. */
function webhooksOf(reads: AdmissionReads, resource: string): Named[] {
  const configurations = reads.list(`admissionregistration.k8s.io/${resource}`, '') as readonly WebhookConfiguration[];
  return configurations.flatMap(({ metadata, webhooks }) =>
    (metadata.annotations?.[IN_PROCESS] === 'true' ? [] : (webhooks ?? [])).map(webhook => ({
      id: `${metadata.name}/${webhook.name}`,
      webhook,
    })),
  );
}

/** Runs a webhook's match conditions: false skips it, an error is a failed call. */
function meetsConditions(
  port: WebhookPort,
  webhook: Webhook,
  attributes: AdmissionAttributes,
  request: unknown,
): boolean {
  const conditions = webhook.matchConditions ?? [];
  if (conditions.length === 0) return true;
  if (!port.condition) throw new Error('match conditions cannot be evaluated here');
  const variables = { request, object: attributes.object ?? null, oldObject: attributes.oldObject ?? null };
  let failure: unknown;
  for (const { expression } of conditions) {
    try {
      if (!port.condition(expression, variables)) return false;
    } catch (error) {
      failure ??= error;
    }
  }
  if (failure) throw failure;
  return true;
}

/** What every call goes through. */
export interface Dispatch {
  readonly reads: AdmissionReads;
  readonly port: WebhookPort;
  readonly random: Random;
  /** Absent where objects have one version only. */
  readonly equivalents?: Equivalents;
}

/** What a webhook was shown, and what it said. */
interface Asked {
  readonly seen: AdmissionAttributes;
  readonly verdict: Verdict;
}

/** Asks one webhook; undefined when it does not apply or its failure is to be ignored. */
async function ask(
  { port, random, equivalents }: Dispatch,
  { webhook }: Named,
  attributes: AdmissionAttributes,
): Promise<Asked | undefined> {
  const version = matches(webhook, attributes, equivalents);
  if (!version) return undefined;
  const uid = uuid(random);
  let seen = attributes;
  let verdict: Verdict;
  try {
    // Objects of connections (PodExecOptions) have one version only.
    if (version !== attributes.definition && !attributes.kind) seen = await seenAs(attributes, version, equivalents!);
    const review = reviewOf(seen, uid, attributes);
    if (!meetsConditions(port, webhook, seen, review.request)) return undefined;
    if (attributes.dryRun && webhook.sideEffects !== 'None' && webhook.sideEffects !== 'NoneOnDryRun') {
      throw badRequest(`admission webhook ${JSON.stringify(webhook.name)} does not support dry run`);
    }
    const timeout_ms = Math.min(webhook.timeoutSeconds ?? DEFAULT_TIMEOUT_S, TIMEOUT_S_MAX) * 1_000;
    verdict = readVerdict(await port.call(webhook.clientConfig, review, timeout_ms), uid);
  } catch (error) {
    if (error instanceof StatusError) throw error;
    if (webhook.failurePolicy === 'Ignore') return undefined;
    const why = error instanceof Error ? error.message : String(error);
    throw statusError(
      500,
      'InternalError',
      `Internal error occurred: failed calling webhook ${JSON.stringify(webhook.name)}: ${why}`,
      {
        causes: [{ message: `failed calling webhook ${JSON.stringify(webhook.name)}: ${why}` }],
      },
    );
  }
  attributes.warnings.push(...verdict.warnings);
  if (!verdict.allowed) throw denial(webhook.name, verdict.status);
  return { seen, verdict };
}

const dispatches = (resource: string): boolean => !EXEMPT.has(resource);

/** What mutation has done to one write so far. */
interface Progress {
  /** The object as it was after each webhook; 'apart' for those that had nothing to do with it. */
  readonly after: Map<string, unknown>;
  readonly repeated: Set<string>;
}

/** MutatingAdmissionWebhook: each in turn; those that want it are asked once more when the object changed after them. */
export function mutatingWebhooks(dispatch: Dispatch): AdmissionStep {
  const { reads, equivalents } = dispatch;
  const writes = new WeakMap<AdmissionAttributes, Progress>();
  const isDue = ({ id, webhook }: Named, { after, repeated }: Progress, attributes: AdmissionAttributes): boolean => {
    const left = after.get(id);
    if (left === undefined) return true;
    if (left === 'apart' || webhook.reinvocationPolicy !== 'IfNeeded' || repeated.has(id)) return false;
    return !equalJson(left, attributes.object);
  };
  const mutateBy = async (named: Named, progress: Progress, attributes: AdmissionAttributes): Promise<boolean> => {
    if (progress.after.has(named.id)) progress.repeated.add(named.id);
    const asked = await ask(dispatch, named, attributes);
    const before = attributes.object;
    if (asked?.seen.object && asked.verdict.patch?.length) {
      const { seen, verdict } = asked;
      const patched = patchedBy(seen.object!, verdict.patch!);
      attributes.object =
        seen === attributes ? patched : await equivalents!.convert(patched, seen.definition, attributes.definition);
    }
    progress.after.set(named.id, asked ? structuredClone(attributes.object ?? null) : 'apart');
    return attributes.object !== before && !equalJson(before, attributes.object);
  };
  const mutateAll = async (webhooks: readonly Named[], attributes: AdmissionAttributes): Promise<boolean> => {
    const progress = writes.get(attributes) ?? { after: new Map<string, unknown>(), repeated: new Set<string>() };
    writes.set(attributes, progress);
    let changed = false;
    for (const named of webhooks) {
      if (isDue(named, progress, attributes) && (await mutateBy(named, progress, attributes))) changed = true;
    }
    // One more round of its own: a later webhook may have changed what an earlier one saw.
    for (const named of changed ? webhooks : []) {
      if (isDue(named, progress, attributes) && (await mutateBy(named, progress, attributes))) changed = true;
    }
    return changed;
  };
  return {
    name: 'MutatingAdmissionWebhook',
    handles: (_operation, { resource }) => dispatches(resource),
    mutate: attributes => {
      const webhooks = webhooksOf(reads, 'mutatingwebhookconfigurations');
      return webhooks.length === 0 ? false : mutateAll(webhooks, attributes);
    },
  };
}

/** ValidatingAdmissionWebhook: all at once; the first refusal in the order of configurations is the answer. */
export function validatingWebhooks(dispatch: Dispatch): AdmissionStep {
  const { reads } = dispatch;
  return {
    name: 'ValidatingAdmissionWebhook',
    handles: (_operation, { resource }) => dispatches(resource),
    validate: async attributes => {
      const webhooks = webhooksOf(reads, 'validatingwebhookconfigurations');
      if (webhooks.length === 0) return;
      const outcomes = await Promise.allSettled(webhooks.map(named => ask(dispatch, named, attributes)));
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
    },
  };
}

/** Stands in where nobody carries calls: what must be asked is refused, never let through unasked. */
export const noWebhooks: WebhookPort = {
  call: () => Promise.reject(new Error('failed to call webhook: webhooks cannot be called from here')),
};
