import { type Controller, runController, watchOf } from '../../kernel/controller.ts';
import { findCondition } from '../conditions.ts';
import { type ClusterEnv, ownKey } from '../driver.ts';
import { SIGNING_REQUESTS } from '../refs.ts';
import { formatTime } from '../time.ts';
import type { CertificateSigningRequest } from '../types.ts';

/** What a PKCS#10 request asks to be. */
export interface RequestedSubject {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  /** E-mail addresses and URIs together: kubelet certificates may have none. */
  readonly others: readonly string[];
}

/** The cluster's certificate authority, as far as signing requests need it. */
export interface CertificateSigner {
  /** Reads a PEM request; throws what is wrong with it. */
  subject(request_pem: string): Promise<RequestedSubject>;
  /** A PEM chain for a request that was approved. */
  sign(
    request_pem: string,
    options: { readonly usages: readonly string[]; readonly expirationSeconds?: number; readonly signerName: string },
  ): Promise<string>;
}

export const KUBELET_CLIENT = 'kubernetes.io/kube-apiserver-client-kubelet';
export const KUBELET_SERVING = 'kubernetes.io/kubelet-serving';
export const API_CLIENT = 'kubernetes.io/kube-apiserver-client';
const SIGNERS = new Set([KUBELET_CLIENT, KUBELET_SERVING, API_CLIENT]);

const CLIENT_USAGES = ['key encipherment', 'digital signature', 'client auth'];
const SERVING_USAGES = ['key encipherment', 'digital signature', 'server auth'];

const within = (usages: readonly string[], allowed: readonly string[], needed: string): boolean =>
  usages.includes(needed) && usages.every(usage => allowed.includes(usage));

/** What the signer refuses, in words; undefined when it may sign (Kubernetes, "Certificates and Certificate Signing Requests": signers). */
export function signerRefusal(request: CertificateSigningRequest, subject: RequestedSubject): string | undefined {
  const { signerName, usages = [], username = '' } = request.spec;
  if (signerName === API_CLIENT)
    return within(usages, CLIENT_USAGES, 'client auth')
      ? undefined
      : `usages did not match [${CLIENT_USAGES.join(' ')}]`;
  if (!subject.commonName.startsWith('system:node:')) return 'subject common name does not begin with system:node:';
  if (subject.organizations.length !== 1 || subject.organizations[0] !== 'system:nodes')
    return 'subject organization is not system:nodes';
  if (subject.others.length > 0) return 'email and URI subjectAltNames are not allowed';
  if (signerName === KUBELET_CLIENT) {
    if (subject.dnsNames.length > 0 || subject.ipAddresses.length > 0)
      return 'DNS and IP subjectAltNames are not allowed';
    return within(usages, CLIENT_USAGES, 'client auth')
      ? undefined
      : `usages did not match [${CLIENT_USAGES.join(' ')}]`;
  }
  if (subject.dnsNames.length === 0 && subject.ipAddresses.length === 0)
    return 'at least one DNS name or IP subjectAltName is required';
  if (subject.commonName !== username) return 'subject common name is not the requesting user';
  return within(usages, SERVING_USAGES, 'server auth')
    ? undefined
    : `usages did not match [${SERVING_USAGES.join(' ')}]`;
}

/** Why a request needs no person to approve it; undefined when it does. Only a node's own client certificate qualifies. */
export function autoApproval(request: CertificateSigningRequest, subject: RequestedSubject): string | undefined {
  if (request.spec.signerName !== KUBELET_CLIENT || signerRefusal(request, subject) !== undefined) return undefined;
  const { username = '', groups = [] } = request.spec;
  if (username === subject.commonName && groups.includes('system:nodes'))
    return 'Auto approving self kubelet client certificate after SubjectAccessReview.';
  const bootstrap = username.startsWith('system:bootstrap:') && groups.includes('system:bootstrappers');
  return bootstrap ? 'Auto approving kubelet client certificate after SubjectAccessReview.' : undefined;
}

const decode = (base64: string): string => new TextDecoder().decode(Uint8Array.fromBase64(base64));
const encode = (text: string): string => new TextEncoder().encode(text).toBase64();

/** Approves what nodes may ask for by themselves and signs what is approved. */
export function startSigningController(env: ClusterEnv): Controller {
  const name = 'certificate-controller';
  const requests = env.informers.of<CertificateSigningRequest>(SIGNING_REQUESTS);
  return runController({
    name,
    clock: env.clock,
    watches: [watchOf(requests, ownKey)],
    report: (error, key) => env.report(error, `${name} ${key}`),
    reconcile: async key => {
      const request = requests.get(key);
      if (!env.signer || !request || request.metadata.deletionTimestamp || !SIGNERS.has(request.spec.signerName))
        return undefined;
      if (
        request.status?.certificate ||
        findCondition(request.status?.conditions, 'Denied') ||
        findCondition(request.status?.conditions, 'Failed')
      )
        return undefined;
      const pem = decode(request.spec.request);
      const subject = await env.signer.subject(pem);
      const now = formatTime(env.clock.now());
      const withCondition = (type: string, reason: string, message: string) => ({
        ...request,
        status: {
          ...request.status,
          conditions: [
            ...(request.status?.conditions ?? []),
            { type, status: 'True', reason, message, lastUpdateTime: now, lastTransitionTime: now },
          ],
        },
      });
      if (!findCondition(request.status?.conditions, 'Approved')) {
        const why = autoApproval(request, subject);
        if (why)
          await env.client.update(SIGNING_REQUESTS, withCondition('Approved', 'AutoApproved', why), {
            subresource: 'approval',
          });
        return undefined;
      }
      const refusal = signerRefusal(request, subject);
      if (refusal) {
        await env.client.update(SIGNING_REQUESTS, withCondition('Failed', 'SignerValidationFailure', refusal), {
          subresource: 'status',
        });
        return undefined;
      }
      const { usages = [], expirationSeconds, signerName } = request.spec;
      const chain = await env.signer.sign(pem, {
        usages,
        signerName,
        ...(expirationSeconds ? { expirationSeconds } : {}),
      });
      await env.client.update(
        SIGNING_REQUESTS,
        { ...request, status: { ...request.status, certificate: encode(chain) } },
        { subresource: 'status' },
      );
      return undefined;
    },
  });
}
