import { apiVersionOf, type KubeObject } from '../object.ts';
import type { ResourceDefinition } from '../resource.ts';
import { equalJson } from '../merge/json.ts';
import { statusError } from '../status.ts';
import type { CustomResourceDefinition } from './document.ts';
import type { ConversionWebhook } from './ports.ts';

/** Converts between versions of a custom kind: by renaming the version, or by the definition's webhook. */
export function convertCustom(
  crd: CustomResourceDefinition | undefined,
  webhook: ConversionWebhook | undefined,
  object: KubeObject,
  to: ResourceDefinition,
): KubeObject | Promise<KubeObject> {
  const desired = apiVersionOf(to);
  if (object.apiVersion === desired) return object;
  if (crd?.spec.conversion?.strategy !== 'Webhook') return { ...object, apiVersion: desired };
  if (webhook === undefined) throw failure(crd, 'no conversion webhook can be called here');
  return byWebhook(crd, webhook, object, desired);
}

const failure = (crd: CustomResourceDefinition, why: string) =>
  statusError(
    500,
    'InternalError',
    `conversion webhook for ${crd.spec.group}, Kind=${crd.spec.names.kind} failed: ${why}`,
  );

async function byWebhook(
  crd: CustomResourceDefinition,
  webhook: ConversionWebhook,
  object: KubeObject,
  desired: string,
): Promise<KubeObject> {
  const { clientConfig = {}, conversionReviewVersions = ['v1'] } = crd.spec.conversion?.webhook ?? {};
  const [converted, ...more] = await webhook.convert({
    definition: crd.metadata.name!,
    clientConfig,
    reviewVersions: conversionReviewVersions,
    desiredAPIVersion: desired,
    objects: [object],
  });
  if (converted === undefined || more.length > 0)
    throw failure(crd, `webhook returned ${more.length + (converted ? 1 : 0)} objects, expected 1`);
  if (converted.apiVersion !== desired)
    throw failure(
      crd,
      `webhook returned invalid converted object: invalid groupVersion (should be ${desired}, is ${converted.apiVersion})`,
    );
  if (converted.kind !== object.kind)
    throw failure(crd, `webhook returned invalid converted object: invalid kind ${converted.kind}`);
  const { metadata } = object;
  // Webhooks may change labels and annotations only (apiextensions "Webhook conversion").
  for (const field of ['name', 'namespace', 'uid'] as const) {
    if (!equalJson(converted.metadata?.[field], metadata[field])) {
      throw failure(crd, `webhook returned invalid converted object: metadata.${field} must not change`);
    }
  }
  const { labels, annotations } = converted.metadata;
  return {
    ...converted,
    metadata: { ...metadata, ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) },
  };
}
