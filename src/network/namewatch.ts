import type { Clock, Timer } from '../base/index.ts';
import { rulePermits, ruleSelects } from './engine/matching.ts';
import { namesMatch, plainName } from './engine/requests.ts';
import { policiesOf } from './engine/verdict.ts';
import { walk } from './engine/walk.ts';
import { type Identity, NAMESPACE_NAME_LABEL, type Rule } from './model.ts';
import type { PolicyWatch } from './policies.ts';

/** The node serves names itself; rules speak of the pods that do elsewhere. */
const NAME_SERVER: Identity = {
  kind: 'pod',
  namespace: 'kube-system',
  labels: new Map([['k8s-app', 'kube-dns']]),
  namespaceLabels: new Map([[NAMESPACE_NAME_LABEL, 'kube-system']]),
  ports: [
    { name: 'dns', protocol: 'UDP', port: 53 },
    { name: 'dns-tcp', protocol: 'TCP', port: 53 },
  ],
};
const TTL_MS_MIN = 60_000;
/** An answer waits no longer than this for its rules: those who look names up ask again. */
const HELD_MS_MAX = 2000;
const SWEEP_MS = 5_000;
/** Addresses remembered for one name, and in all; the oldest go first. */
const ADDRESSES_OF_NAME_MAX = 50;
const ADDRESSES_MAX = 20_000;

/** A rule for those who ask the name server. */
const asked = (rule: Rule): boolean =>
  rule.direction === 'egress' &&
  rule.action === 'allow' &&
  ruleSelects(rule, NAME_SERVER) &&
  rulePermits(rule, 'UDP', 53, NAME_SERVER);

/** What a pod may look up, and which addresses names led to while somebody may still use them. */
export class NameWatch implements Disposable {
  readonly #policy: PolicyWatch;
  readonly #clock: Clock;
  /** Address to names to when they are forgotten. */
  readonly #known = new Map<string, Map<string, number>>();
  #timer: Timer | undefined;

  readonly #settled: () => Promise<void>;

  /** `settled` resolves when what policy says now is held. */
  constructor(policy: PolicyWatch, clock: Clock, settled: () => Promise<void> = () => Promise.resolve()) {
    this.#policy = policy;
    this.#clock = clock;
    this.#settled = settled;
  }

  /** May this client look this name up; `watched` where a rule about names says so, so that answers are remembered. */
  #ask(client: string, name: string): { allowed: boolean; watched: boolean } {
    const { decisions, addresses } = this.#policy;
    const number = addresses.get(client);
    const subject = number === undefined ? undefined : decisions.identity(number);
    const selected = number === undefined ? undefined : decisions.selected(number, 'egress');
    if (!subject || !selected) return { allowed: true, watched: false };
    const question = { direction: 'egress', subject, peer: NAME_SERVER, protocol: 'UDP', port: 53 } as const;
    const { requests } = walk(selected, question);
    const learns = policiesOf(selected).some(({ rules }) =>
      rules.some(rule => rule.learnsNames === 'own' || (rule.learnsNames && asked(rule))),
    );
    // Without such a rule names are served to every pod: what it does with them is decided by address.
    if (!requests) return { allowed: true, watched: learns };
    const { allowed } = walk(selected, { ...question, request: { kind: 'dns', name: plainName(name) } });
    return { allowed, watched: allowed };
  }

  admits(client: string, name: string): boolean {
    return this.#ask(client, name).allowed;
  }

  /**
   * An answer is about to go to a client: when this resolves, what it says is in force (or will not be soon, where the
   * kernel takes no rules). Undefined where there is nothing to wait for.
   */
  told(
    client: string,
    name: string,
    answers: readonly { readonly address: string; readonly ttl_s: number }[],
  ): Promise<void> | undefined {
    const plain = plainName(name);
    if (answers.length === 0 || !this.#isNamed(plain) || !this.#ask(client, name).watched) return undefined;
    const now = this.#clock.now();
    for (const { address, ttl_s } of answers.slice(0, ADDRESSES_OF_NAME_MAX)) {
      const names = this.#known.get(address) ?? new Map<string, number>();
      this.#known.delete(address);
      this.#known.set(address, names.set(plain, now + Math.max(ttl_s * 1000, TTL_MS_MIN)));
      this.#policy.nameAddress(address, [...names.keys()]);
    }
    for (const address of this.#known.keys()) {
      if (this.#known.size <= ADDRESSES_MAX) break;
      this.#forget(address);
    }
    this.#timer ??= this.#clock.after(SWEEP_MS, () => this.#sweep());
    return this.#held();
  }

  async #held(): Promise<void> {
    const late = Promise.withResolvers<void>();
    const timer = this.#clock.after(HELD_MS_MAX, late.resolve);
    await Promise.race([this.#settled(), late.promise]);
    timer.cancel();
  }

  #isNamed(name: string): boolean {
    for (const { rules } of this.#policy.decisions.policies())
      for (const { peers } of rules)
        if (peers !== 'any' && peers.some(peer => peer.kind === 'names' && namesMatch(peer.names, name))) return true;
    return false;
  }

  #forget(address: string): void {
    this.#known.delete(address);
    this.#policy.nameAddress(address, []);
  }

  #sweep(): void {
    this.#timer = undefined;
    const now = this.#clock.now();
    for (const [address, names] of this.#known) {
      const before = names.size;
      for (const [name, until] of names) if (until <= now) names.delete(name);
      if (names.size === 0) this.#forget(address);
      else if (names.size < before) this.#policy.nameAddress(address, [...names.keys()]);
    }
    if (this.#known.size > 0) this.#timer = this.#clock.after(SWEEP_MS, () => this.#sweep());
  }

  /** Names of an address, as far as they are remembered. */
  namesOf(address: string): readonly string[] {
    return [...(this.#known.get(address)?.keys() ?? [])];
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel();
  }
}
