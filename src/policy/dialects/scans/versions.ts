/** Orders versions as each kind of package does. */
export type VersionOrder = (left: string, right: string) => number;

const sign = (left: number | bigint, right: number | bigint): number => (left < right ? -1 : left > right ? 1 : 0);
const byNumber = (left: string, right: string): number =>
  sign(BigInt(/^\d+$/.test(left) ? left : '0'), BigInt(/^\d+$/.test(right) ? right : '0'));

/** Debian's rank of a character: `~` before the end, letters before the rest (deb-version(7)). */
const debRank = (char: string | undefined): number =>
  char === '~'
    ? -1
    : char === undefined || /\d/.test(char)
      ? 0
      : /[A-Za-z]/.test(char)
        ? char.charCodeAt(0)
        : char.charCodeAt(0) + 256;

function debPart(left: string, right: string): number {
  let [i, j] = [0, 0];
  while (i < left.length || j < right.length) {
    while ((i < left.length && !/\d/.test(left[i]!)) || (j < right.length && !/\d/.test(right[j]!))) {
      const order = sign(debRank(left[i]), debRank(right[j]));
      if (order !== 0) return order;
      i++;
      j++;
    }
    const [a = '', b = ''] = [/^\d*/.exec(left.slice(i))?.[0], /^\d*/.exec(right.slice(j))?.[0]];
    const order = byNumber(a || '0', b || '0');
    if (order !== 0) return order;
    i += a.length;
    j += b.length;
  }
  return 0;
}

/** `epoch:upstream-revision` */
export const compareDeb: VersionOrder = (left, right) => {
  const split = (version: string): [string, string, string] => {
    const [, epoch = '0', rest = ''] = /^(?:(\d+):)?(.*)$/s.exec(version) ?? [];
    const dash = rest.lastIndexOf('-');
    return dash < 0 ? [epoch, rest, '0'] : [epoch, rest.slice(0, dash), rest.slice(dash + 1)];
  };
  const [[e1, u1, r1], [e2, u2, r2]] = [split(left), split(right)];
  return byNumber(e1, e2) || debPart(u1, u2) || debPart(r1, r2);
};

const APK_SUFFIXES = ['alpha', 'beta', 'pre', 'rc', '', 'cvs', 'svn', 'git', 'hg', 'p'];

/** Alpine's `1.2.3b_rc1-r4`. */
export const compareApk: VersionOrder = (left, right) => {
  const read = (version: string) => {
    const [, numbers = '', letter = '', suffix = '', count = '0', revision = '0'] =
      /^([\d.]+)([a-z]?)(?:_([a-z]+)(\d*))?(?:.*?)(?:-r(\d+))?$/.exec(version) ?? [];
    return { numbers: numbers.split('.'), letter, suffix: APK_SUFFIXES.indexOf(suffix), count, revision };
  };
  const [a, b] = [read(left), read(right)];
  for (let i = 0; i < Math.max(a.numbers.length, b.numbers.length); i++) {
    if (a.numbers[i] === undefined || b.numbers[i] === undefined) return a.numbers[i] === undefined ? -1 : 1;
    const order = byNumber(a.numbers[i]!, b.numbers[i]!);
    if (order !== 0) return order;
  }
  if (a.letter !== b.letter) return a.letter < b.letter ? -1 : 1;
  return sign(a.suffix, b.suffix) || byNumber(a.count || '0', b.count || '0') || byNumber(a.revision, b.revision);
};

/** Semantic versions (semver.org §11), with or without a leading `v`; also good for most others. */
export const compareSemver: VersionOrder = (left, right) => {
  const read = (version: string): { numbers: string[]; tail: string[] } => {
    const [main = '', ...tail] = version.replace(/^v/, '').replace(/\+.*$/, '').split('-');
    return { numbers: main.split('.'), tail: tail.length === 0 ? [] : tail.join('-').split('.') };
  };
  const [a, b] = [read(left), read(right)];
  for (let i = 0; i < Math.max(a.numbers.length, b.numbers.length); i++) {
    const order = debPart(a.numbers[i] ?? '0', b.numbers[i] ?? '0');
    if (order !== 0) return order;
  }
  if (a.tail.length === 0 || b.tail.length === 0) return sign(b.tail.length, a.tail.length);
  for (let i = 0; i < Math.max(a.tail.length, b.tail.length); i++) {
    const [x, y] = [a.tail[i], b.tail[i]];
    if (x === undefined || y === undefined) return x === undefined ? -1 : 1;
    const [n, m] = [/^\d+$/.test(x), /^\d+$/.test(y)];
    const order = n && m ? byNumber(x, y) : n !== m ? (n ? -1 : 1) : x < y ? -1 : x > y ? 1 : 0;
    if (order !== 0) return order;
  }
  return 0;
};

const PEP440 =
  /^v?(?:(\d+)!)?(\d+(?:\.\d+)*)(?:[._-]?(a|b|c|rc|alpha|beta|pre|preview)[._-]?(\d*))?(?:[._-]?(?:post|rev|r)[._-]?(\d*))?(?:[._-]?dev[._-]?(\d*))?/i;
const PRE: Readonly<Record<string, number>> = { a: 0, alpha: 0, b: 1, beta: 1, c: 2, rc: 2, pre: 2, preview: 2 };

/** Python's versions (PEP 440), local parts left aside. */
export const comparePython: VersionOrder = (left, right) => {
  const read = (version: string): number[][] => {
    const match = PEP440.exec(version);
    const [, epoch = '0', release = '0', pre, preCount, post, dev] = match ?? [];
    const isDev = dev !== undefined;
    const stage = pre
      ? [PRE[pre.toLowerCase()] ?? 2, Number(preCount || 0)]
      : isDev && post === undefined
        ? [-1, 0]
        : [3, 0];
    const numbers = release.split('.').map(Number);
    while (numbers.length > 1 && numbers.at(-1) === 0) numbers.pop();
    return [
      [Number(epoch)],
      numbers,
      stage,
      [post === undefined ? -1 : Number(post || 0)],
      [isDev ? Number(dev || 0) : Number.MAX_SAFE_INTEGER],
    ];
  };
  const [a, b] = [read(left), read(right)];
  for (let i = 0; i < a.length; i++)
    for (let j = 0; j < Math.max(a[i]!.length, b[i]!.length); j++) {
      const order = sign(a[i]![j] ?? 0, b[i]![j] ?? 0);
      if (order !== 0) return order;
    }
  return 0;
};

const ORDERS: Readonly<Record<string, VersionOrder>> = {
  deb: compareDeb,
  apk: compareApk,
  python: comparePython,
};

/** The order of a kind of package. */
export const versionOrder = (type: string): VersionOrder =>
  Object.hasOwn(ORDERS, type) ? ORDERS[type]! : compareSemver;
