import type { KubeObject } from '../../object.ts';
import type { LabelSelectorObject } from '../../selector.ts';

/** admissionregistration.k8s.io/v1 RuleWithOperations. */
export interface WebhookRule {
  readonly operations?: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly apiVersions?: readonly string[];
  readonly resources?: readonly string[];
  readonly scope?: string;
}

/** Where a webhook listens: a Service of the cluster, or a URL. */
export interface WebhookTarget {
  readonly url?: string;
  readonly service?: {
    readonly namespace: string;
    readonly name: string;
    readonly path?: string;
    readonly port?: number;
  };
  /** PEM in base64. */
  readonly caBundle?: string;
}

/** One webhook of a configuration, as stored: defaults are filled in. */
export interface Webhook {
  readonly name: string;
  readonly clientConfig: WebhookTarget;
  readonly rules?: readonly WebhookRule[];
  readonly failurePolicy?: 'Ignore' | 'Fail';
  readonly matchPolicy?: 'Exact' | 'Equivalent';
  readonly namespaceSelector?: LabelSelectorObject;
  readonly objectSelector?: LabelSelectorObject;
  readonly sideEffects?: string;
  readonly timeoutSeconds?: number;
  readonly admissionReviewVersions?: readonly string[];
  readonly matchConditions?: readonly { readonly name: string; readonly expression: string }[];
  readonly reinvocationPolicy?: 'Never' | 'IfNeeded';
}

export interface WebhookConfiguration extends KubeObject {
  readonly webhooks?: readonly Webhook[];
}

/** What dispatch needs from outside. */
export interface WebhookPort {
  /** Posts an AdmissionReview and answers the decoded body; rejects when there is none in time. */
  call(target: WebhookTarget, review: unknown, timeout_ms: number): Promise<unknown>;
  /** Evaluates a CEL match condition; throws what the expression throws. */
  condition?(
    expression: string,
    variables: { readonly request: unknown; readonly object: unknown; readonly oldObject: unknown },
  ): boolean;
}
