import type { ObjectMeta } from '../object.ts';

const ANNOTATION = 'api-approved.kubernetes.io';
const SEE = 'see https://github.com/kubernetes/enhancements/pull/1111';

/** Groups of the Kubernetes community: their kinds say who approved them. */
const isProtected = (group: string): boolean => /(?:^|\.)(?:k8s|kubernetes)\.io$/.test(group);

/** What a definition says of its approval (apihelpers.GetAPIApprovalState). */
export interface Approval {
  readonly field: string;
  readonly value: string | undefined;
  /** False where it cannot be as it is. */
  readonly valid: boolean;
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

/** Undefined where nobody has to approve. */
export function approvalOf(group: string, metadata: ObjectMeta): Approval | undefined {
  if (!isProtected(group)) return undefined;
  const value = metadata.annotations?.[ANNOTATION];
  const common = { field: `metadata.annotations[${ANNOTATION}]`, value };
  const must = `protected groups must have approval annotation "${ANNOTATION}"`;
  if (value === undefined || value === '')
    return { ...common, valid: false, status: 'False', reason: 'MissingAnnotation', message: `${must}, ${SEE}` };
  if (value.startsWith('unapproved')) {
    const message = `not approved: ${JSON.stringify(value)}`;
    return { ...common, valid: true, status: 'False', reason: 'UnapprovedAnnotation', message };
  }
  if (URL.canParse(value) && new URL(value).host !== '')
    return { ...common, valid: true, status: 'True', reason: 'ApprovedAnnotation', message: `approved in ${value}` };
  const message = `${must} with either a URL or a reason starting with "unapproved", ${SEE}`;
  return { ...common, valid: false, status: 'False', reason: 'InvalidAnnotation', message };
}
