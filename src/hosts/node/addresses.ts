/** Address ranges of one Tenon, chosen by its state id so that two on one machine do not meet. */
export interface AddressPlan {
  readonly podCidr: string;
  readonly serviceCidr: string;
  /** First usable address: the `kubernetes` Service. */
  readonly apiService: string;
  /** Tenth: cluster DNS, where kubeadm puts it too. */
  readonly dns: string;
}

/** 10.64.0.0/10 for pods and 10.128.0.0/10 for services, a /16 each by the low six bits of the id (RFC 1918). */
export function addressPlan(stateId: string): AddressPlan {
  const slot = Number.parseInt(stateId.slice(-2), 16) & 0x3f;
  const pods = 64 + slot;
  const services = 128 + slot;
  return {
    podCidr: `10.${pods}.0.0/16`,
    serviceCidr: `10.${services}.0.0/16`,
    apiService: `10.${services}.0.1`,
    dns: `10.${services}.0.10`,
  };
}
