import { randomUUID } from 'node:crypto';
import type { WebhookTarget } from '../admission/webhooks/model.ts';
import type { ConversionWebhook } from '../custom/ports.ts';
import type { KubeObject } from '../object.ts';
import { statusError } from '../status.ts';
import { placeOf, post, type ResolveService } from './webhook-http.ts';

/** How long a conversion may take (apiextensions-apiserver, webhook converter). */
const TIMEOUT_MS = 30_000;
const VERSION = 'v1';

interface ConversionReview {
  readonly response?: {
    readonly uid?: string;
    readonly convertedObjects?: readonly KubeObject[];
    readonly result?: { readonly status?: string; readonly message?: string };
  };
}

/** Calls conversion webhooks over HTTPS, by Service or URL. */
export function httpConversions(resolve: ResolveService): ConversionWebhook {
  return {
    convert: async ({ definition, clientConfig, reviewVersions, desiredAPIVersion, objects }) => {
      const fail = (why: string): never => {
        throw statusError(500, 'InternalError', `conversion webhook for ${definition} failed: ${why}`);
      };
      if (!reviewVersions.includes(VERSION)) return fail(`it speaks none of the versions known here: ${VERSION}`);
      const target = clientConfig as unknown as WebhookTarget;
      const ca = target.caBundle ? Buffer.from(target.caBundle, 'base64').toString('utf8') : undefined;
      const uid = randomUUID();
      const request = { uid, desiredAPIVersion, objects };
      const review = { kind: 'ConversionReview', apiVersion: `apiextensions.k8s.io/${VERSION}`, request };
      let answer: ConversionReview | null;
      try {
        answer = (await post(
          await placeOf(target, resolve),
          ca,
          JSON.stringify(review),
          TIMEOUT_MS,
        )) as ConversionReview;
      } catch (error) {
        return fail((error as Error).message);
      }
      const response = answer?.response;
      if (response?.uid !== uid) return fail(`the answer is to ${JSON.stringify(response?.uid)}, not to ${uid}`);
      if (response.result?.status !== 'Success') return fail(response.result?.message || 'it gave no reason');
      return response.convertedObjects ?? [];
    },
  };
}
