/** What the rules of a policy say by their names: `deny-to-slytherin-at-ports-80-53-9003` needs no selector to be read. */

export interface NamedRule {
  readonly verb: 'allow' | 'deny' | 'pass';
  /** Groups of pods, `nodes` or `internet`. */
  readonly peers: readonly string[];
  /** Every one when empty. */
  readonly ports: readonly number[];
}

const VERBS = new Set(['allow', 'deny', 'pass']);
/** Words that say nothing more. */
const PLAIN = new Set([
  'to',
  'from',
  'at',
  'port',
  'ports',
  'on',
  'and',
  'everything',
  'else',
  'all',
  'ingress',
  'egress',
  'only',
  'traffic',
]);

/** Reads a rule's name; undefined where a word of it is not understood. */
export function readRuleName(name: string, peers: ReadonlySet<string>): NamedRule | undefined {
  const [verb = '', ...words] = name.toLowerCase().split('-');
  if (!VERBS.has(verb)) return undefined;
  const found: string[] = [];
  const ports: number[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    // Names of groups may have more than one word.
    const group = [3, 2, 1].map(size => words.slice(at, at + size).join('-')).find(text => peers.has(text));
    if (group !== undefined) {
      found.push(group);
      at += group.split('-').length - 1;
    } else if (/^\d+$/.test(word)) ports.push(Number(word));
    else if (!PLAIN.has(word)) return undefined;
  }
  return found.length === 0 ? undefined : { verb: verb as NamedRule['verb'], peers: found, ports };
}

/** What the rules say of a peer and a port: the first that names them; undefined when none does. */
export const decideByNames = (rules: readonly NamedRule[], peer: string, port: number): NamedRule['verb'] | undefined =>
  rules.find(rule => rule.peers.includes(peer) && (rule.ports.length === 0 || rule.ports.includes(port)))?.verb;

/**
 * What comments say the tests change: `action: "Deny" # test will update to pass`, `priority: 60 # will be updated to 40`.
 * The text with every such line changed, quotes and capitals kept; the same text when there is none.
 */
export const updated = (text: string): string =>
  text
    .split('\n')
    .map(line => {
      const found = /^(\s*(?:- )?\w+:\s*)("?)([\w-]+)("?)\s+#.*\bupdated? to (\w+)/.exec(line);
      if (!found) return line;
      const [, head = '', open = '', value = '', close = '', to = ''] = found;
      const first = value.split('-')[0]!;
      const word = /^[A-Z]/.test(first) ? to[0]!.toUpperCase() + to.slice(1) : to;
      return `${head}${open}${word}${value.slice(first.length)}${close}`;
    })
    .join('\n');
