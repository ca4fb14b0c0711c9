import { type AdmissionAttributes, forbidden, type KubeObject, type UserInfo } from '../../kernel/index.ts';
import type { Authorizer } from '../serve/services.ts';

interface RequestSpec {
  request?: string;
  signerName?: string;
  username?: string;
  uid?: string;
  groups?: string[];
  extra?: Record<string, string[]>;
  [field: string]: unknown;
}

const CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client';
const MASTERS = 'system:masters';

const specOf = (object: KubeObject | undefined): RequestSpec => (object?.spec ?? {}) as RequestSpec;
const certificateOf = (object: KubeObject | undefined): unknown =>
  (object?.status as { certificate?: string } | undefined)?.certificate;

/** A request says who made it, whatever its body says; later writes cannot change what was asked. Answers whether it changed anything. */
export function stampRequester(attributes: AdmissionAttributes): boolean {
  const { object, oldObject, operation, user } = attributes;
  if (!object) return false;
  const before = JSON.stringify(object.spec);
  object.spec = operation === 'CREATE' ? stamped(specOf(object), user) : structuredClone(specOf(oldObject));
  return JSON.stringify(object.spec) !== before;
}

function stamped(spec: RequestSpec, user: UserInfo): RequestSpec {
  const { username: _username, uid: _uid, groups: _groups, extra: _extra, ...asked } = spec;
  return {
    ...asked,
    username: user.name,
    ...(user.uid ? { uid: user.uid } : {}),
    groups: [...user.groups],
    ...(user.extra ? { extra: structuredClone(user.extra) as Record<string, string[]> } : {}),
  };
}

/** Whether a user has a verb on a signer: by its name, or by its domain as `domain/*` (CSR reference, "Signers"). */
function mayUseSigner(authorizer: Authorizer, user: UserInfo, verb: string, signer: string): boolean {
  const ask = (name: string): boolean =>
    authorizer.authorize({
      user,
      verb,
      isResource: true,
      group: 'certificates.k8s.io',
      version: '*',
      resource: 'signers',
      subresource: '',
      namespace: '',
      name,
      path: '',
    }).allowed;
  return ask(signer) || ask(`${signer.split('/')[0]}/*`);
}

/** The rules of admission on certificate requests (CertificateApproval, CertificateSigning, CertificateSubjectRestriction). */
export function checkCertificateRequest(authorizer: Authorizer, attributes: AdmissionAttributes): void {
  const { definition, key, operation, subresource, user, object, oldObject } = attributes;
  const spec = specOf(object);
  const signer = spec.signerName ?? '';
  const refuse = (why: string): never => {
    throw forbidden(definition, key.name, why);
  };
  if (operation === 'CREATE') {
    // The name of the group stands in the request's DER as it is written: asking for it is enough to be refused.
    const request = Buffer.from(
      Buffer.from(spec.request ?? '', 'base64')
        .toString('latin1')
        .replace(/-----[^-]*-----|\s/g, ''),
      'base64',
    );
    if (signer === CLIENT_SIGNER && request.includes(MASTERS))
      refuse(`use of ${CLIENT_SIGNER} signer with ${MASTERS} group is not allowed`);
    return;
  }
  if (subresource === 'approval' && !mayUseSigner(authorizer, user, 'approve', signer))
    refuse(`user not permitted to approve requests with signerName "${signer}"`);
  if (
    subresource === 'status' &&
    certificateOf(object) !== certificateOf(oldObject) &&
    !mayUseSigner(authorizer, user, 'sign', signer)
  )
    refuse(`user not permitted to sign requests with signerName "${signer}"`);
}
