import { refuse } from './refuse.ts';
import { isTree, type Value } from './tree.ts';

type Requirement = (read: (key: string) => string | undefined) => boolean;

function requirement(text: string): Requirement {
  const set = /^([^\s!=]+)\s+(in|notin)\s*\(([^)]*)\)$/.exec(text);
  if (set) {
    const values = set[3]!.split(',').map(value => value.trim());
    return read => {
      const value = read(set[1]!);
      return set[2] === 'in'
        ? value !== undefined && values.includes(value)
        : value === undefined || !values.includes(value);
    };
  }
  const equal = /^([^\s!=]+)\s*(==|=|!=)\s*(\S*)$/.exec(text);
  if (equal) return read => (equal[2] === '!=' ? read(equal[1]!) !== equal[3] : read(equal[1]!) === equal[3]);
  const exists = /^(!?)\s*([^\s!=,()]+)$/.exec(text);
  if (!exists) throw refuse(`"${text}" is no selector`);
  return read => (read(exists[2]!) === undefined) === (exists[1] === '!');
}

/** A label selector as text (`a=b,c in (d,e),!f`), ready to ask of a map of labels. */
export function parseSelector(text: string | undefined): (labels: Value | undefined) => boolean {
  if (!text?.trim()) return () => true;
  const requirements = text.split(/,(?![^(]*\))/).map(part => requirement(part.trim()));
  return labels => {
    const read = (key: string): string | undefined =>
      isTree(labels) && labels[key] !== undefined && labels[key] !== null ? String(labels[key]) : undefined;
    return requirements.every(one => one(read));
  };
}
