import type { Random } from '../../base/index.ts';
import type { AdmissionStep } from './admission.ts';
import { limitRanger } from './plugins/limit-ranger.ts';
import { namespaceLifecycle } from './plugins/namespace-lifecycle.ts';
import { taintNodesByCondition } from './plugins/node-taint.ts';
import { priority } from './plugins/priority.ts';
import { resourceQuota } from './plugins/resource-quota.ts';
import { runtimeClass } from './plugins/runtime-class.ts';
import { serviceAccount } from './plugins/service-account.ts';
import { defaultIngressClass, defaultStorageClass, storageObjectInUse } from './plugins/storage.ts';
import { defaultTolerationSeconds } from './plugins/tolerations.ts';
import type { AdmissionLedger } from './reads.ts';
import { mutatingWebhooks, noWebhooks, validatingWebhooks } from './webhooks/dispatch.ts';
import type { Equivalents } from './webhooks/match.ts';
import type { WebhookPort } from './webhooks/model.ts';

/**
 * The chain in the API server's order (kubeapiserver options, AllOrderedPlugins): built-in mutation, then the steps that
 * policies and webhooks bring, and quota last, so that nothing is booked for a write somebody else refuses.
 */
export function admissionChain(
  ledger: AdmissionLedger,
  random: Random,
  more: readonly AdmissionStep[],
  port: WebhookPort = noWebhooks,
  equivalents?: Equivalents,
): readonly AdmissionStep[] {
  const dispatch = { reads: ledger, port, random, ...(equivalents ? { equivalents } : {}) };
  return [
    namespaceLifecycle(ledger),
    limitRanger(ledger),
    serviceAccount(ledger, random),
    taintNodesByCondition(),
    priority(ledger),
    defaultTolerationSeconds(),
    runtimeClass(ledger),
    storageObjectInUse(),
    defaultStorageClass(ledger),
    defaultIngressClass(ledger),
    ...more,
    mutatingWebhooks(dispatch),
    validatingWebhooks(dispatch),
    resourceQuota(ledger),
  ];
}
