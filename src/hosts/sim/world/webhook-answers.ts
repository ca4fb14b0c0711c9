/** What the webhooks of a world answer, whoever carries the question. */
import type { JsonObject } from '../../../kernel/index.ts';
import type { WebhookAnswer, WebhookModel } from '../scenario/model.ts';
import { compiled } from '../scenario/question.ts';

/** The AdmissionReview that asks. */
export interface Review {
  readonly request: JsonObject & { readonly uid: string };
}

/** An answer as a server gives it: the JSON of an AdmissionReview, or words of why there is none. */
export interface Answered {
  readonly status: number;
  readonly body: string;
}

export class WebhookAnswers {
  readonly #models: readonly WebhookModel[];
  readonly #conditions = new Map<string, ReturnType<typeof compiled>>();

  constructor(models: readonly WebhookModel[]) {
    this.#models = models;
    for (const { answers } of models)
      for (const { when } of answers) if (when !== undefined) this.#conditions.set(when, compiled(when, 'review'));
  }

  /** Services and hosts that answer. */
  holders(): readonly string[] {
    return this.#models.map(({ holder }) => holder);
  }

  /** The webhook a Service or host has under a path. */
  model(holder: string, path: string): WebhookModel | undefined {
    return this.#models.find(each => each.holder === holder && (each.path === undefined || each.path === path));
  }

  to(holder: string, path: string, review: Review): Answered {
    const model = this.model(holder, path);
    if (!model) return { status: 404, body: 'no webhook of this world' };
    const answer = this.#answerFor(model, review);
    if (answer?.status !== undefined) return { status: answer.status, body: 'as the scenario says' };
    return { status: 200, body: JSON.stringify(reviewOf(answer, review)) };
  }

  /** The first answer whose condition holds; a condition that cannot be told does not. */
  #answerFor({ answers }: WebhookModel, { request }: Review): WebhookAnswer | undefined {
    const { object = null, oldObject = null } = request;
    const holds = (when: string): boolean => this.#conditions.get(when)!.holds({ request, object, oldObject }) === true;
    return answers.find(({ when }) => when === undefined || holds(when));
  }
}

function reviewOf(answer: WebhookAnswer | undefined, { request: { uid } }: Review): JsonObject {
  const { deny, patch, code = 403, warning = '' } = answer ?? {};
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: {
      uid,
      allowed: deny === undefined,
      ...(deny === undefined ? {} : { status: { code, message: deny } }),
      ...(patch ? { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') } : {}),
      ...(warning === '' ? {} : { warnings: [warning] }),
    },
  };
}
