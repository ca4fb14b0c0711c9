/** An element with its attributes in order; texts keep every space. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly (XmlElement | string)[];
}

/** A document: what stands before its one element, the element, and what stands after. */
export interface XmlDocument {
  readonly before: string;
  readonly root: XmlElement;
  readonly after: string;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const DEPTH_MAX = 100;

const decode = (text: string): string =>
  text.replace(/&(#x?[0-9a-fA-F]+|[a-z]+);/g, (whole, name: string) => {
    if (name.startsWith('#')) {
      const code = name[1] === 'x' ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    }
    return Object.hasOwn(ENTITIES, name) ? ENTITIES[name]! : whole;
  });

/** As Go's encoder escapes. */
const encode = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&#34;')
    .replaceAll("'", '&#39;');

const TAG = /<(\/?)([A-Za-z_][\w.:-]*)((?:\s+[A-Za-z_][\w.:-]*\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>/y;

/** Reads XML without document types, comments inside elements or processing instructions; throws an Error for others. */
export function parseXml(text: string): XmlDocument {
  const start = text.search(/<[A-Za-z_]/);
  if (start < 0) throw new Error('no element');
  const stack: { name: string; attributes: Record<string, string>; children: (XmlElement | string)[] }[] = [];
  let at = start;
  while (at < text.length) {
    if (text[at] !== '<') {
      const end = text.indexOf('<', at);
      if (end < 0) break;
      stack.at(-1)?.children.push(decode(text.slice(at, end)));
      at = end;
      continue;
    }
    TAG.lastIndex = at;
    const match = TAG.exec(text);
    if (!match) throw new Error(`cannot read the XML at ${at}`);
    at = TAG.lastIndex;
    const [, closing, name = '', attributeText = '', empty] = match;
    if (!closing) {
      const attributes = Object.create(null) as Record<string, string>;
      for (const [, key = '', value = ''] of attributeText.matchAll(/([A-Za-z_][\w.:-]*)\s*=\s*("[^"]*"|'[^']*')/g))
        attributes[key] = decode(value.slice(1, -1));
      stack.push({ name, attributes, children: [] });
      if (stack.length > DEPTH_MAX) throw new Error('the XML is nested too deeply');
    }
    if (!closing && !empty) continue;
    const element = stack.pop();
    if (!element || element.name !== name) throw new Error(`</${name}> closes nothing`);
    const parent = stack.at(-1);
    if (!parent) return { before: text.slice(0, start), root: element, after: text.slice(at) };
    parent.children.push(element);
  }
  throw new Error('an element is not closed');
}

function formatElement({ name, attributes, children }: XmlElement): string {
  const head = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${encode(value)}"`)
    .join('');
  const body = children.map(child => (typeof child === 'string' ? encode(child) : formatElement(child))).join('');
  return `<${name}${head}>${body}</${name}>`;
}

/** The text of a document. */
export const formatXml = ({ before, root, after }: XmlDocument): string => `${before}${formatElement(root)}${after}`;
