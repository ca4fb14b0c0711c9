import type { Entry, Severity } from './model.ts';
import { parseXml, type XmlDocument, type XmlElement } from './xml.ts';

const NAME = /^\[([A-Z]+)\] (.*)$/s;
const SEVERITIES = new Set<string>(['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'NEGLIGIBLE', 'UNKNOWN']);

/** A JUnit report: the test cases' entries, each with the element it came from. */
export interface JunitFrame {
  readonly document: XmlDocument;
  readonly places: ReadonlyMap<XmlElement, Entry>;
}

const child = (element: XmlElement, name: string): XmlElement | undefined =>
  element.children.find((each): each is XmlElement => typeof each !== 'string' && each.name === name);

/** The entry of a test case; `classname` is the package and its version, as the scanner's template joins them. */
function entryOf(element: XmlElement): Entry {
  const [, word = '', id = element.attributes.name ?? ''] = NAME.exec(element.attributes.name ?? '') ?? [];
  const failure = child(element, 'failure');
  const text = failure?.children.filter(part => typeof part === 'string').join('');
  return {
    kind: 'vulnerability',
    id,
    ...(SEVERITIES.has(word) ? { severity: word as Severity } : {}),
    packageName: element.attributes.classname ?? '',
    ...(failure ? { title: failure.attributes.message ?? '', description: text ?? '' } : {}),
  };
}

export function readJunit(source: string): { entries: Entry[]; frame: JunitFrame } {
  const document = parseXml(source);
  if (document.root.name !== 'testsuites' && document.root.name !== 'testsuite')
    throw new Error(`no JUnit report: <${document.root.name}>`);
  const places = new Map<XmlElement, Entry>();
  const visit = (element: XmlElement): void => {
    if (element.name === 'testcase') places.set(element, entryOf(element));
    else for (const each of element.children) if (typeof each !== 'string') visit(each);
  };
  visit(document.root);
  return { entries: [...places.values()], frame: { document, places } };
}

function caseOf(element: XmlElement, entry: Entry): XmlElement {
  const attributes = {
    ...element.attributes,
    classname: entry.packageName ?? '',
    name: entry.severity ? `[${entry.severity}] ${entry.id ?? ''}` : (entry.id ?? ''),
  };
  const children = element.children.map(part => {
    if (typeof part === 'string' || part.name !== 'failure') return part;
    return {
      ...part,
      attributes: { ...part.attributes, message: entry.title ?? '' },
      children: entry.description ? [entry.description] : [],
    };
  });
  return { ...element, attributes, children };
}

/** The document with the given entries; cases of others are left out. */
export function writeJunit({ document, places }: JunitFrame, entries: readonly Entry[]): XmlDocument {
  const kept = new Set(entries);
  const build = (element: XmlElement): XmlElement => {
    const entry = places.get(element);
    if (entry) return caseOf(element, entry);
    const children = element.children
      .filter(part => typeof part === 'string' || !places.has(part) || kept.has(places.get(part)!))
      .map(part => (typeof part === 'string' ? part : build(part)));
    return { ...element, children };
  };
  return { ...document, root: build(document.root) };
}
