import type { KubeObject } from '../../kernel/index.ts';
import type { PolicyAnswer, PolicyRequest } from '../model.ts';
import type { PolicySource } from '../ports.ts';

/** Times mutations are gone through again because one changed what another had seen. */
const PASSES_MAX = 3;

/** What policies say of one write: the first refusal, what the requester is warned of, and all they found. */
export interface Judgement {
  /** The write as policies saw it. */
  readonly request: PolicyRequest;
  readonly refusal: PolicyAnswer | undefined;
  readonly warnings: readonly string[];
  readonly found: readonly PolicyAnswer[];
  readonly annotations: Readonly<Record<string, string>>;
}

const NOTHING: Omit<Judgement, 'request'> = { refusal: undefined, warnings: [], found: [], annotations: {} };

/** The text a requester is warned with. */
const warningOf = (answer: PolicyAnswer): string =>
  answer.warning ?? `Validation failed for ${answer.refusal.replace(' denied request: ', ': ')}`;

/** Every policy's verdict on a write, in the order policies run. */
export function judge(source: PolicySource, own: PolicyRequest): Judgement {
  const policies = source.policies();
  if (policies.length === 0) return { request: own, ...NOTHING };
  const request = source.equivalent?.(own) ?? own;
  let refusal: PolicyAnswer | undefined;
  const warnings: string[] = [];
  const found: PolicyAnswer[] = [];
  const annotations: Record<string, string> = {};
  for (const policy of policies) {
    if (policy.decide === undefined || !policy.matches(request)) continue;
    const outcome = policy.decide(request, source.world);
    Object.assign(annotations, outcome.annotations);
    for (const answer of outcome.answers) {
      if (answer.outcome !== 'deny') continue;
      found.push(answer);
      if (answer.actions.includes('deny')) refusal ??= answer;
      else if (answer.actions.includes('warn')) warnings.push(warningOf(answer));
    }
  }
  return { request, refusal, warnings, found, annotations };
}

/** Tells whoever listens what was found; a decision that is made again is told of once. */
export function tell(source: PolicySource, { request, found }: Judgement): void {
  if (found.length > 0) source.judged?.(request, found);
}

/** What mutations make of a write: the object (the same one where nothing changed it), or why they refuse. */
export interface Mutated {
  readonly object: KubeObject | undefined;
  readonly refusal: PolicyAnswer | undefined;
  /** What the requester is told of changes. */
  readonly warnings: readonly string[];
}

/** Mutations in order, each seeing what those before it did. */
export function mutateOnce(source: PolicySource, own: PolicyRequest): Mutated {
  let request = own;
  const warnings: string[] = [];
  for (const policy of source.policies()) {
    if (policy.mutate === undefined || !policy.matches(request)) continue;
    const { object, faults } = policy.mutate(request, source.world);
    const refusal = faults.find(answer => answer.actions.includes('deny'));
    if (refusal) return { object: request.object, refusal, warnings };
    if (object === request.object) continue;
    warnings.push(...faults.filter(({ actions }) => actions.includes('warn')).map(warningOf));
    source.mutated?.(request, policy, object);
    request = { ...request, object };
  }
  return { object: request.object, refusal: undefined, warnings };
}

/** Mutations again and again until none changes anything any more, as the API server reinvokes its own. */
export function mutateFully(source: PolicySource, own: PolicyRequest): Mutated {
  let request = own;
  const all: string[] = [];
  for (let pass = 0; pass < PASSES_MAX; pass++) {
    const { object, refusal, warnings } = mutateOnce(source, request);
    all.push(...warnings);
    if (refusal || object === request.object) return { object: request.object, refusal, warnings: all };
    request = { ...request, object };
  }
  return { object: request.object, refusal: undefined, warnings: all };
}
