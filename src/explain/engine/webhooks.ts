import type { Answer, Text } from '../../base/index.ts';
import { matches } from '../../kernel/admission/webhooks/match.ts';
import type { Webhook, WebhookConfiguration } from '../../kernel/admission/webhooks/model.ts';
import { type AdmissionAttributes, builtinCatalog, kindOf, type KubeObject, selects } from '../../kernel/index.ts';
import { explainFaults } from '../faults.ts';
import type { Documents } from '../model.ts';
import { fieldsOf, listOf, podFrom, replicasOf, templateOf } from './workload.ts';

type Kinds = (kind: string) => readonly KubeObject[];

const both = (en: string, zh: string): Text => ({ en, zh });

/** Whether somebody answers at a webhook: `unknown` where that cannot be seen from these documents. */
function listens({ clientConfig }: Webhook, documents: Documents, kinds: Kinds): 'yes' | 'no' | 'unknown' {
  const target = clientConfig?.service;
  if (!target) return 'unknown';
  const service = kinds('Service').find(
    ({ metadata }) => metadata.name === target.name && (metadata.namespace ?? 'default') === target.namespace,
  );
  if (!service) return documents.live ? 'no' : 'unknown';
  const selector = fieldsOf(service.spec).selector as Readonly<Record<string, string>> | undefined;
  if (!selector) return 'unknown';
  const inNamespace = documents.objects.filter(
    object =>
      (object.metadata.namespace ?? 'default') === target.namespace && (object.kind === 'Pod' || templateOf(object)),
  );
  const behind = inNamespace.filter(object => selects({ matchLabels: selector }, podFrom(object)?.metadata.labels));
  if (documents.live) return behind.some(isReady) ? 'yes' : 'no';
  return behind.some(object => replicasOf(object) > 0) ? 'yes' : 'no';
}

export const isReady = (pod: KubeObject): boolean =>
  pod.kind === 'Pod' &&
  listOf(fieldsOf(pod.status).conditions).some(
    condition => fieldsOf(condition).type === 'Ready' && fieldsOf(condition).status === 'True',
  );

/** A webhook that must be asked before its own pods can start locks itself out. */
function locksItselfOut(webhook: Webhook, attributes: AdmissionAttributes, documents: Documents): boolean {
  const target = webhook.clientConfig?.service;
  if (!target) return false;
  const definition = builtinCatalog().kind({ group: '', version: 'v1', kind: 'Pod' })!;
  const namespaceObject = documents.objects.find(
    object => object.kind === 'Namespace' && object.metadata.name === target.namespace,
  );
  const service = documents.objects.find(
    object =>
      object.kind === 'Service' &&
      object.metadata.name === target.name &&
      (object.metadata.namespace ?? 'default') === target.namespace,
  );
  const selector = fieldsOf(service?.spec).selector as Readonly<Record<string, string>> | undefined;
  return documents.objects.some(object => {
    if ((object.metadata.namespace ?? 'default') !== target.namespace) return false;
    const pod = podFrom(object);
    if (!pod || !selector || !selects({ matchLabels: selector }, pod.metadata.labels)) return false;
    const key = { namespace: target.namespace, name: pod.metadata.name ?? '' };
    return matches(webhook, { ...attributes, definition, key, object: pod, namespaceObject });
  });
}

function answerOf(
  webhook: Webhook,
  index: number,
  configuration: WebhookConfiguration,
  attributes: AdmissionAttributes,
  documents: Documents,
  kinds: Kinds,
): Answer {
  const where = documents.originOf(configuration, `/webhooks/${index}`);
  const by = {
    kind: configuration.kind,
    name: configuration.metadata.name ?? '',
    rule: webhook.name,
    ...(where ? { where } : {}),
  };
  const base = { layer: 'policy', enforcer: 'webhook', by, nearMisses: [], unmodelled: [] } as const;
  // A condition may leave this write out: nobody can say without evaluating it as the server does.
  const heard = webhook.matchConditions?.length ? 'unknown' : listens(webhook, documents, kinds);
  if (heard !== 'no') {
    const fault = explainFaults.make('webhook-asked', { webhook: webhook.name }, where?.span);
    return { ...base, outcome: 'unknown', because: [], unmodelled: [fault] };
  }
  if (webhook.failurePolicy === 'Ignore') {
    const silent = both(
      `Nobody answers at webhook ${webhook.name}; failurePolicy Ignore lets the write pass unchecked`,
      `Webhook ${webhook.name} 无人应答;failurePolicy 为 Ignore,写入未经检查即放行`,
    );
    return { ...base, outcome: 'allow', because: [silent] };
  }
  const refused = both(
    `Nobody answers at webhook ${webhook.name}; failurePolicy Fail refuses the write`,
    `Webhook ${webhook.name} 无人应答;failurePolicy 为 Fail,写入被拒`,
  );
  const locked = both(
    'The pods of the webhook itself need its answer: it cannot come back by itself',
    '该 Webhook 自身的 Pod 也需要它的应答:无法自行恢复',
  );
  return {
    ...base,
    outcome: 'deny',
    because: [refused, ...(locksItselfOut(webhook, attributes, documents) ? [locked] : [])],
  };
}

/** What webhooks have to say of a write: the first that does not let it pass, else the last that had to be skipped. */
export function askWebhooks(attributes: AdmissionAttributes, documents: Documents, kinds: Kinds): Answer | undefined {
  if (kindOf(attributes.object!).group === 'admissionregistration.k8s.io') return undefined;
  const configurations = [...kinds('MutatingWebhookConfiguration'), ...kinds('ValidatingWebhookConfiguration')];
  const answers = configurations.flatMap(object => {
    const configuration = object as WebhookConfiguration;
    return (configuration.webhooks ?? []).flatMap((webhook, index) =>
      matches(webhook, attributes) ? [answerOf(webhook, index, configuration, attributes, documents, kinds)] : [],
    );
  });
  return answers.find(answer => answer.outcome !== 'allow') ?? answers.at(-1);
}
