import { readStringMap } from '../kubernetes/read.ts';

/** What an endpoint's service account is called among its labels ("Service Accounts based", policy reference). */
export const ACCOUNT_LABEL = 'io.cilium.k8s.policy.serviceaccount';

/** A pod's own labels and its account's name, `default` where none is named (ServiceAccount admission). */
export function podLabels(labels: unknown, spec: unknown): ReadonlyMap<string, string> {
  const { serviceAccountName, serviceAccount } = (spec ?? {}) as Readonly<Record<string, unknown>>;
  const account = [serviceAccountName, serviceAccount, 'default'].find(name => typeof name === 'string' && name !== '');
  return new Map([...readStringMap(labels), [ACCOUNT_LABEL, account as string]]);
}

/** The labels a person wrote. */
export const writtenLabels = (labels: ReadonlyMap<string, string>): ReadonlyMap<string, string> =>
  new Map([...labels].filter(([key]) => key !== ACCOUNT_LABEL));
