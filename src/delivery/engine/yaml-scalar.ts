/** How YAML 1.1 reads a plain text, as the writers of charts and kustomizations see it in Go's second YAML library. */

const WORDS = new Set(
  'y Y yes Yes YES n N no No NO true True TRUE false False FALSE on On ON off Off OFF ~ null Null NULL .nan .NaN .NAN .inf .Inf .INF +.inf +.Inf +.INF -.inf -.Inf -.INF <<'.split(
    ' ',
  ),
);
const FLOAT = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;
const INTEGER = /^[-+]?(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]*|[1-9][0-9]*)$/;
const SIXTY = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;
const TIME = /^\d{4}-\d{1,2}-\d{1,2}(?:(?:[Tt]|\s+)\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d*)?\s*(?:Z|[-+]\d\d:\d\d)?)?$/;

/** Whether a text written plainly would be read back as something else than that text. */
export function readsAsOther(text: string): boolean {
  if (text === '' || WORDS.has(text)) return true;
  const first = text.charCodeAt(0);
  const digit = first >= 48 && first <= 57;
  if (!digit && first !== 43 && first !== 45 && first !== 46) return false;
  if (SIXTY.test(text)) return true;
  const plain = text.replaceAll('_', '');
  if (first === 46) return FLOAT.test(plain);
  return TIME.test(text) || INTEGER.test(plain) || FLOAT.test(plain);
}

/** What stands in a text and which ways of writing it are open (libyaml, yaml_emitter_analyze_scalar). */
export interface ScalarShape {
  readonly multiline: boolean;
  readonly plain: boolean;
  readonly single: boolean;
  readonly block: boolean;
}

const FIRST = new Set('#,[]{}&*!|>\'"%@`');
const isBreak = (code: number): boolean =>
  code === 10 || code === 13 || code === 0x85 || code === 0x2028 || code === 0x2029;

const printable = (code: number): boolean =>
  code === 10 ||
  (code >= 0x20 && code <= 0x7e) ||
  (code >= 0xa0 && code < 0xd800) ||
  (code >= 0xe000 && code <= 0xfffd && code !== 0xfeff);

const blank = (text: string, at: number): boolean =>
  at >= text.length || text[at] === ' ' || text[at] === '\t' || isBreak(text.charCodeAt(at));

/** Characters that mean something to YAML where they stand. */
function indicates(text: string, at: number): boolean {
  const character = text[at]!;
  const followed = blank(text, at + 1);
  if (at === 0) {
    if (FIRST.has(character)) return true;
    return (character === '?' || character === ':' || character === '-') && followed;
  }
  if (character === ':') return followed;
  return character === '#' && blank(text, at - 1);
}

/** Analyses a text for writing. */
export function scalarShape(text: string): ScalarShape {
  if (text === '') return { multiline: false, plain: true, single: true, block: false };
  let indicators = text.startsWith('---') || text.startsWith('...');
  let [special, breaks, edge, breakSpace, spaceBreak] = [false, false, false, false, false];
  let [previousSpace, previousBreak] = [false, false];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (indicates(text, at)) indicators = true;
    if (!printable(code)) special = true;
    const ends = at === 0 || at === text.length - 1;
    const space = code === 32;
    const lineBreak = isBreak(code);
    if (space) {
      if (ends) edge = true;
      if (previousBreak) breakSpace = true;
    } else if (lineBreak) {
      breaks = true;
      if (ends) edge = true;
      if (previousSpace) spaceBreak = true;
    }
    previousSpace = space;
    previousBreak = lineBreak;
  }
  const hard = spaceBreak || special;
  return {
    multiline: breaks,
    plain: !(indicators || edge || breakSpace || breaks || hard),
    single: !(breakSpace || hard),
    block: !(text.endsWith(' ') || hard),
  };
}
