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

/** First /24 of the plan's pod range: the node of the process that holds the store. */
export const firstRange = ({ podCidr }: Pick<AddressPlan, 'podCidr'>): string => podCidr.replace(/\/\d+$/, '/24');

/** The node's own address on the pod network: the first of its range. */
export const nodeAddressIn = (range: string): string => range.replace(/\.0\/24$/, '.1');

const ADDRESS = /^\d{1,3}(\.\d{1,3}){3}$/;
const RANGE = /^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/;

/** A plan as another machine tells it; throws when it is none. */
export function parsePlan(value: unknown): AddressPlan {
  const read = (name: keyof AddressPlan, form: RegExp): string => {
    const text = (value as Record<string, unknown> | null)?.[name];
    if (typeof text !== 'string' || !form.test(text)) throw new Error(`the cluster's address plan has no ${name}`);
    return text;
  };
  return {
    podCidr: read('podCidr', RANGE),
    serviceCidr: read('serviceCidr', RANGE),
    apiService: read('apiService', ADDRESS),
    dns: read('dns', ADDRESS),
  };
}
