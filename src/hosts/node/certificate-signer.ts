import { readSigningRequest, type RunningApi, signPublicKey } from '../../api/index.ts';
import type { Clock, Random } from '../../base/index.ts';
import type { CertificateSigner } from '../../cluster/index.ts';

const DAYS = 365;
const DAY_S = 86_400;

/** The cluster's authority as the signing controller uses it. */
export function certificateSigner(api: RunningApi, clock: Clock, random: Random): CertificateSigner {
  return {
    subject: async request => readSigningRequest(request),
    sign: async (request, { usages, expirationSeconds }) => {
      const { commonName, organizations, dnsNames, ipAddresses, publicKey } = readSigningRequest(request);
      const server = usages.includes('server auth');
      const wanted = {
        commonName,
        organizations,
        dnsNames,
        addresses: ipAddresses,
        usage: server
          ? usages.includes('client auth')
            ? ('both' as const)
            : ('server' as const)
          : ('client' as const),
        days: Math.min(DAYS, expirationSeconds ? expirationSeconds / DAY_S : DAYS),
      };
      return signPublicKey(api.pki.authority, wanted, publicKey, clock, random);
    },
  };
}
