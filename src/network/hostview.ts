import { selects } from './engine/selectors.ts';
import type { Identity, NodeIdentity, Policy, PodPeer } from './model.ts';

/** What a Node says of itself where Tenon holds policies for nodes for the pods on its network (`--host-firewall`). */
export const HOST_FIREWALL = { annotation: 'network.tenon.dev/host-firewall', pods: 'pods' } as const;

/** A label that no pod can have: its key is empty. */
const MARK = { key: '', operator: 'Exists', values: [] } as const;
const SUBJECT: PodPeer = { kind: 'pods', namespaces: [], pods: [MARK] };

const sameLabels = (left: ReadonlyMap<string, string>, right: ReadonlyMap<string, string>): boolean =>
  left.size === right.size && [...left].every(([key, value]) => right.get(key) === value);

/** True where it is not known which nodes the policy means: it holds for none. */
const isUnsettled = ({ unmodelled }: Policy): boolean =>
  unmodelled.some(({ where }) => typeof where === 'string' && where.endsWith('/nodeSelector'));

/**
 * Policies as one node reads them: those that select it, about an identity that stands for it. To the compiled structure
 * that identity is a pod with a label of its own, so nodes are decided by the same tables as pods.
 */
export class HostView {
  readonly identity: Identity = {
    kind: 'pod',
    namespace: '',
    labels: new Map([[MARK.key, '']]),
    namespaceLabels: new Map(),
    ports: [],
  };
  readonly #apiAddresses = new Set<string>();
  #addresses: readonly string[] = [];
  #labels: ReadonlyMap<string, string> = new Map();

  /** Which of a document's policies mean this node, and as what they are compiled. */
  lower(policies: readonly Policy[]): Policy[] {
    return policies.flatMap(policy => {
      const { forNodes, ...rest } = policy;
      const isMeant = forNodes && selects(forNodes, this.#labels) && !isUnsettled(policy);
      return isMeant ? [{ ...rest, subject: SUBJECT }] : [];
    });
  }

  /** Another node as this one sees it ("Entities based", remote-node and kube-apiserver). */
  seen(node: NodeIdentity, address: string): NodeIdentity {
    return { ...node, relations: this.#apiAddresses.has(address) ? ['other', 'api'] : ['other'] };
  }

  /** This node's own. */
  get addresses(): readonly string[] {
    return this.#addresses;
  }

  /** True when this node has other addresses now. */
  setAddresses(addresses: readonly string[]): boolean {
    const isSame = addresses.join() === this.#addresses.join();
    this.#addresses = addresses;
    return !isSame;
  }

  /** True when policies may mean this node that did not, or no longer do. */
  setLabels(labels: ReadonlyMap<string, string>): boolean {
    if (sameLabels(labels, this.#labels)) return false;
    this.#labels = labels;
    return true;
  }

  /** True when other addresses serve the API now. */
  setApiAddresses(addresses: readonly string[]): boolean {
    const isSame =
      addresses.length === this.#apiAddresses.size && addresses.every(each => this.#apiAddresses.has(each));
    this.#apiAddresses.clear();
    for (const address of addresses) this.#apiAddresses.add(address);
    return !isSame;
  }
}
