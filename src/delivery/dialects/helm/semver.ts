import { TemplateError } from './refuse.ts';
import { Struct } from './value.ts';

/** A version in three numbers with what comes before and beside it. */
export interface Version {
  readonly parts: readonly [number, number, number];
  readonly pre: string;
  readonly metadata: string;
  readonly original: string;
}

const VERSION = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?$/;

export function parseVersion(text: string): Version | undefined {
  const match = VERSION.exec(text.trim());
  if (!match) return undefined;
  const [, major, minor = '0', patch = '0', pre = '', metadata = ''] = match;
  return { parts: [Number(major), Number(minor), Number(patch)], pre, metadata, original: text };
}

function comparePre(left: string, right: string): number {
  if (left === right) return 0;
  if (left === '' || right === '') return left === '' ? 1 : -1;
  const [a, b] = [left.split('.'), right.split('.')];
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const [one, other] = [a[i], b[i]];
    if (one === other) continue;
    if (one === undefined || other === undefined) return one === undefined ? -1 : 1;
    const [numeric, otherNumeric] = [/^\d+$/.test(one), /^\d+$/.test(other)];
    if (numeric && otherNumeric) return Number(one) - Number(other);
    if (numeric || otherNumeric) return numeric ? -1 : 1;
    return one < other ? -1 : 1;
  }
  return 0;
}

export function compareVersions(left: Version, right: Version): number {
  for (let i = 0; i < 3; i++) if (left.parts[i] !== right.parts[i]) return left.parts[i]! - right.parts[i]!;
  return comparePre(left.pre, right.pre);
}

type Check = (version: Version) => boolean;
const CONSTRAINT =
  /^(=|==|!=|>=|=>|<=|=<|>|<|~>|~|\^)?\s*v?(\*|x|X|\d+)(?:\.(\*|x|X|\d+))?(?:\.(\*|x|X|\d+))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$/;
const wild = (part: string | undefined): boolean => part === undefined || /^[*xX]$/.test(part);

function single(text: string): Check {
  const match = CONSTRAINT.exec(text);
  if (!match) throw new TemplateError(`improper constraint: ${text}`);
  const [, operator = '', major, minor, patch, pre = ''] = match;
  const number = (part: string | undefined): number => (wild(part) ? 0 : Number(part));
  const base: Version = { parts: [number(major), number(minor), number(patch)], pre, metadata: '', original: text };
  const next = (place: number): Version => {
    const parts = base.parts.map((part, index) => (index < place ? part : index === place ? part + 1 : 0)) as [
      number,
      number,
      number,
    ];
    return { ...base, parts, pre: '' };
  };
  // Where the constraint leaves parts open, it means every version that begins so.
  const open = wild(major) ? -1 : wild(minor) ? 0 : wild(patch) ? 1 : 2;
  const atLeast: Check = version => compareVersions(version, base) >= 0;
  const below =
    (place: number): Check =>
    version =>
      place < 0 || compareVersions({ ...version, pre: '' }, next(place)) < 0;
  const preAllowed: Check = version => version.pre === '' || pre !== '';
  const both =
    (...checks: readonly Check[]): Check =>
    version =>
      preAllowed(version) && checks.every(check => check(version));
  switch (operator) {
    case '!=':
      return version => !(open < 2 ? atLeast(version) && below(open)(version) : compareVersions(version, base) === 0);
    case '>':
      return both(open < 2 ? version => !below(open)(version) : version => compareVersions(version, base) > 0);
    case '>=':
    case '=>':
      return both(atLeast);
    case '<':
      return both(version => compareVersions(version, base) < 0);
    case '<=':
    case '=<':
      return both(open < 2 ? below(open) : version => compareVersions(version, base) <= 0);
    case '~':
    case '~>':
      return both(atLeast, below(Math.min(1, open)));
    case '^': {
      const first = base.parts[0] > 0 || open === 0 ? 0 : base.parts[1] > 0 || open === 1 ? 1 : 2;
      return both(atLeast, below(open < 0 ? -1 : first));
    }
    default:
      return open < 2 ? both(atLeast, below(open)) : both(version => compareVersions(version, base) === 0);
  }
}

/** Whether a version meets a constraint such as `>=1.19-0 <2 || ^3.1`. */
export function semverCompare(constraint: string, text: string): boolean {
  const version = parseVersion(text);
  if (!version) throw new TemplateError('invalid semantic version');
  return constraint.split('||').some(part => {
    const ranged = part.trim().replace(/(\S+)\s+-\s+(\S+)/g, '>=$1 <=$2');
    const words = ranged
      .replace(/([=!<>~^]+)\s+/g, '$1')
      .split(/[\s,]+/)
      .filter(Boolean);
    return words.every(word => single(word)(version));
  });
}

/** What the template function `semver` gives. */
export function semverStruct(text: string): Struct {
  const version = parseVersion(text);
  if (!version) throw new TemplateError('invalid semantic version');
  const [major, minor, patch] = version.parts.map(BigInt) as [bigint, bigint, bigint];
  const plain = `${version.parts.join('.')}${version.pre ? `-${version.pre}` : ''}${version.metadata ? `+${version.metadata}` : ''}`;
  return new Struct(
    {
      Major: major,
      Minor: minor,
      Patch: patch,
      Prerelease: version.pre,
      Metadata: version.metadata,
      Original: version.original,
    },
    {
      String: () => plain,
      Prerelease: () => version.pre,
      Metadata: () => version.metadata,
      Original: () => version.original,
      Major: () => major,
      Minor: () => minor,
      Patch: () => patch,
    },
  );
}
