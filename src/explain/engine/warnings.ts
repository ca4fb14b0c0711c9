import type { Origin, Text } from '../../base/index.ts';
import { kindOf, type KubeObject, selects } from '../../kernel/index.ts';
import type { Prepared } from './prepared.ts';
import { fieldsOf, listOf } from './workload.ts';

/** Something that is allowed and likely not meant. */
export interface Warning {
  readonly object: string;
  readonly text: Text;
  readonly where?: Origin;
}

const both = (en: string, zh: string): Text => ({ en, zh });
const PEERS_MAX = 1000;

interface Range {
  readonly first: bigint;
  readonly last: bigint;
  readonly exact: boolean;
}

/** An IPv4 CIDR as numbers; undefined for others. */
function rangeOf(cidr: string): Range | undefined {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)$/.exec(cidr);
  if (!match) return undefined;
  const [a, b, c, d, bits] = match.slice(1).map(Number) as [number, number, number, number, number];
  if ([a, b, c, d].some(part => part > 255) || bits > 32) return undefined;
  const value = BigInt(((a << 24) | (b << 16) | (c << 8) | d) >>> 0);
  const size = 1n << BigInt(32 - bits);
  const first = (value / size) * size;
  return { first, last: first + size - 1n, exact: first === value };
}

class Inspection {
  readonly prepared: Prepared;
  readonly object: KubeObject;
  readonly warnings: Warning[] = [];
  readonly #labels: readonly (readonly [namespace: string, labels: Readonly<Record<string, string>>])[];

  constructor(prepared: Prepared, object: KubeObject) {
    this.prepared = prepared;
    this.object = object;
    this.#labels = prepared.backends.map(({ namespace, labels }) => [namespace, labels]);
  }

  warn(path: string, text: Text): void {
    const where = this.prepared.documents.originOf(this.object, path);
    const { namespace, name } = this.object.metadata;
    const object = `${this.object.kind} ${namespace ? `${namespace}/` : ''}${name}`;
    this.warnings.push({ object, text, ...(where ? { where } : {}) });
  }

  selectsNobody(selector: unknown, namespaces: (namespace: string) => boolean): boolean {
    try {
      return !this.#labels.some(([namespace, labels]) => namespaces(namespace) && selects(fieldsOf(selector), labels));
    } catch {
      return false; // A selector that cannot be read is a fault of its own.
    }
  }

  namespaceTest(selector: unknown): (namespace: string) => boolean {
    const own = this.object.metadata.namespace ?? 'default';
    if (selector === undefined || selector === null) return namespace => namespace === own;
    return namespace => {
      const labels = this.prepared.kinds('Namespace').find(({ metadata }) => metadata.name === namespace)
        ?.metadata.labels;
      return selects(fieldsOf(selector), { ...labels, 'kubernetes.io/metadata.name': namespace });
    };
  }

  blocks(peers: readonly unknown[], path: string, side: string): void {
    const seen: { cidr: string; range: Range }[] = [];
    for (const [at, peer] of peers.slice(0, PEERS_MAX).entries()) {
      const block = fieldsOf(fieldsOf(peer).ipBlock);
      const range = typeof block.cidr === 'string' ? rangeOf(block.cidr) : undefined;
      if (!range) continue;
      const cidr = String(block.cidr);
      const place = `${path}/${side}/${at}/ipBlock`;
      if (!range.exact)
        this.warn(`${place}/cidr`, both(`${cidr} has bits behind its prefix`, `${cidr} 的前缀之后还有非零位`));
      const other = seen.find(entry => entry.range.first <= range.last && range.first <= entry.range.last);
      if (other)
        this.warn(
          `${place}/cidr`,
          both(
            `${cidr} overlaps ${other.cidr}: an exception of one does not bind the other`,
            `${cidr} 与 ${other.cidr} 重叠:一方的例外不约束另一方`,
          ),
        );
      seen.push({ cidr, range });
      for (const [index, exception] of listOf(block.except).entries()) {
        const cut = rangeOf(String(exception));
        if (cut && (cut.first < range.first || cut.last > range.last))
          this.warn(
            `${place}/except/${index}`,
            both(`${String(exception)} is not inside ${cidr}`, `${String(exception)} 不在 ${cidr} 之内`),
          );
      }
    }
  }

  inspect(): Warning[] {
    const { namespace = 'default' } = this.object.metadata;
    const spec = fieldsOf(this.object.spec);
    const declared = this.prepared.kinds('Namespace');
    if (declared.length > 0 && !declared.some(({ metadata }) => metadata.name === namespace))
      this.warn(
        '/metadata/namespace',
        both(`Namespace ${namespace} is not among the documents`, `文档中没有命名空间 ${namespace}`),
      );
    if (this.selectsNobody(spec.podSelector, name => name === namespace))
      this.warn('/spec/podSelector', both('It selects no pod', '它没有选中任何 Pod'));
    for (const [direction, side] of [
      ['ingress', 'from'],
      ['egress', 'to'],
    ] as const)
      for (const [index, rule] of listOf(spec[direction]).slice(0, PEERS_MAX).entries()) {
        const peers = listOf(fieldsOf(rule)[side]);
        const path = `/spec/${direction}/${index}`;
        this.blocks(peers, path, side);
        for (const [at, peer] of peers.slice(0, PEERS_MAX).entries()) {
          const { podSelector, namespaceSelector, ipBlock } = fieldsOf(peer);
          if (ipBlock !== undefined || Object.keys(fieldsOf(podSelector)).length === 0) continue;
          if (this.selectsNobody(podSelector, this.namespaceTest(namespaceSelector)))
            this.warn(`${path}/${side}/${at}`, both('The peer selects no pod', '该对端没有选中任何 Pod'));
        }
      }
    return this.warnings;
  }
}

/** What is likely not meant in NetworkPolicies: selectors that miss everybody, overlapping blocks, namespaces nobody declares. */
export function warningsOf(prepared: Prepared, among: ReadonlySet<KubeObject | undefined>): Warning[] {
  return prepared
    .kinds('NetworkPolicy')
    .filter(object => among.has(object) && kindOf(object).group === 'networking.k8s.io')
    .flatMap(object => new Inspection(prepared, object).inspect());
}
