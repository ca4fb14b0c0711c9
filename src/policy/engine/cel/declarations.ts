import { type CelType, typeFromText } from './types.ts';

/** One signature; members have their receiver as first argument. */
export interface Overload {
  readonly member: boolean;
  readonly args: readonly CelType[];
  readonly result: CelType;
  readonly variadic: boolean;
}

/** Signatures by function name; qualified names (`math.greatest`) are plain functions. */
export type Declarations = ReadonlyMap<string, readonly Overload[]>;

/**
 * Reads signatures, one a line: `name(args) result`; a leading dot marks a member, `...` a repeated last argument,
 * `name(a|b) r` stands for one signature a choice.
 */
export function declare(...texts: readonly string[]): Declarations {
  const table = new Map<string, Overload[]>();
  for (const line of texts.join('\n').split('\n')) {
    if (line.trim() === '') continue;
    const match = /^\s*(\.?)([^(]+)\((.*)\)\s+(\S.*)$/.exec(line);
    if (match === null) throw new Error(`bad signature ${line}`);
    const [, dot, name, list, result] = match;
    const variadic = list!.endsWith('...');
    const overload: Overload = {
      member: dot === '.',
      args: splitTypes(variadic ? list!.slice(0, -3) : list!).map(typeFromText),
      result: typeFromText(result!),
      variadic,
    };
    const known = table.get(name!);
    if (known) known.push(overload);
    else table.set(name!, [overload]);
  }
  return table;
}

function splitTypes(list: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < list.length; i++) {
    if (list[i] === '<') depth++;
    else if (list[i] === '>') depth--;
    else if (list[i] === ',' && depth === 0) {
      parts.push(list.slice(start, i));
      start = i + 1;
    }
  }
  const last = list.slice(start);
  if (last.trim() !== '') parts.push(last);
  return parts;
}

/** Several tables as one; signatures of one name add up. */
export function joinDeclarations(...tables: readonly Declarations[]): Declarations {
  const joined = new Map<string, readonly Overload[]>();
  for (const table of tables)
    for (const [name, overloads] of table) joined.set(name, [...(joined.get(name) ?? []), ...overloads]);
  return joined;
}

const each = (types: string, signature: string): string =>
  types
    .split(' ')
    .map(type => signature.replaceAll('$', type))
    .join('\n');

/** The language's own functions (CEL language definition, "List of Standard Definitions"). */
export const STANDARD = declare(
  each('int uint double', '_+_($,$) $\n_-_($,$) $\n_*_($,$) $\n_/_($,$) $'),
  each('int uint', '_%_($,$) $'),
  `_+_(string,string) string
_+_(bytes,bytes) bytes
_+_(list<A>,list<A>) list<A>
_+_(timestamp,duration) timestamp
_+_(duration,timestamp) timestamp
_+_(duration,duration) duration
_-_(timestamp,timestamp) duration
_-_(timestamp,duration) timestamp
_-_(duration,duration) duration
-_(int) int
-_(double) double
!_(bool) bool
_&&_(bool,bool) bool
_||_(bool,bool) bool
_?_:_(bool,A,A) A
_==_(A,A) bool
_!=_(A,A) bool
@in(A,list<A>) bool
@in(A,map<A,B>) bool
_[_](list<A>,int) A
_[_](map<A,B>,A) B
_[?_](list<A>,int) optional<A>
_[?_](map<A,B>,A) optional<B>
_[?_](optional<list<A>>,int) optional<A>
_[?_](optional<map<A,B>>,A) optional<B>
_[_](optional<list<A>>,int) optional<A>
_[_](optional<map<A,B>>,A) optional<B>
dyn(A) dyn
type(A) type<A>`,
  each(
    'bool int uint double string bytes timestamp duration',
    '_<_($,$) bool\n_<=_($,$) bool\n_>_($,$) bool\n_>=_($,$) bool',
  ),
  `_<_(int,uint) bool
_<_(int,double) bool
_<_(uint,int) bool
_<_(uint,double) bool
_<_(double,int) bool
_<_(double,uint) bool
_<=_(int,uint) bool
_<=_(int,double) bool
_<=_(uint,int) bool
_<=_(uint,double) bool
_<=_(double,int) bool
_<=_(double,uint) bool
_>_(int,uint) bool
_>_(int,double) bool
_>_(uint,int) bool
_>_(uint,double) bool
_>_(double,int) bool
_>_(double,uint) bool
_>=_(int,uint) bool
_>=_(int,double) bool
_>=_(uint,int) bool
_>=_(uint,double) bool
_>=_(double,int) bool
_>=_(double,uint) bool`,
  each('string bytes list<A> map<A,B>', 'size($) int\n.size($) int'),
  each('int uint double string timestamp', 'int($) int'),
  'int(duration) int',
  each('int uint double string', 'uint($) uint\ndouble($) double'),
  each('bool int uint double string bytes timestamp duration', 'string($) string'),
  each('bool string', 'bool($) bool'),
  each('bytes string', 'bytes($) bytes'),
  each('string timestamp int', 'timestamp($) timestamp'),
  each('string duration int', 'duration($) duration'),
  each('contains startsWith endsWith matches', '.$(string,string) bool'),
  'matches(string,string) bool',
  each(
    'getFullYear getMonth getDate getDayOfMonth getDayOfWeek getDayOfYear getHours getMinutes getSeconds getMilliseconds',
    '.$(timestamp) int\n.$(timestamp,string) int',
  ),
  each('getHours getMinutes getSeconds getMilliseconds', '.$(duration) int'),
);

/** Extensions of cel-go that API servers switch on, too. */
export const SHARED_EXTENSIONS = declare(
  `optional.of(A) optional<A>
optional.ofNonZeroValue(A) optional<A>
optional.none() optional<A>
.hasValue(optional<A>) bool
.value(optional<A>) A
.or(optional<A>,optional<A>) optional<A>
.orValue(optional<A>,A) A
optional.unwrap(list<optional<A>>) list<A>
.unwrapOpt(list<optional<A>>) list<A>
.first(list<A>) optional<A>
.last(list<A>) optional<A>
.charAt(string,int) string
.indexOf(string,string) int
.indexOf(string,string,int) int
.lastIndexOf(string,string) int
.lastIndexOf(string,string,int) int
.join(list<string>) string
.join(list<string>,string) string
.lowerAscii(string) string
.upperAscii(string) string
.replace(string,string,string) string
.replace(string,string,string,int) string
.split(string,string) list<string>
.split(string,string,int) list<string>
.substring(string,int) string
.substring(string,int,int) string
.trim(string) string
.format(string,list<dyn>) string
strings.quote(string) string
sets.contains(list<A>,list<A>) bool
sets.equivalent(list<A>,list<A>) bool
sets.intersects(list<A>,list<A>) bool`,
);

/** The other extensions of cel-go. */
export const MORE_EXTENSIONS = declare(
  `.reverse(string) string
math.greatest(dyn...) dyn
math.least(dyn...) dyn
math.ceil(double) double
math.floor(double) double
math.round(double) double
math.trunc(double) double
math.isInf(double) bool
math.isNaN(double) bool
math.isFinite(double) bool
math.bitShiftLeft(int,int) int
math.bitShiftLeft(uint,int) uint
math.bitShiftRight(int,int) int
math.bitShiftRight(uint,int) uint
base64.encode(bytes) string
base64.decode(string) bytes
.slice(list<A>,int,int) list<A>
.flatten(list<list<A>>) list<A>
.flatten(list<dyn>) list<dyn>
.flatten(list<dyn>,int) list<dyn>
.distinct(list<A>) list<A>
.reverse(list<A>) list<A>
.sort(list<A>) list<A>
lists.range(int) list<int>`,
  each('int uint double', 'math.abs($) $\nmath.sign($) $\nmath.sqrt($) double'),
  each('int uint', 'math.bitAnd($,$) $\nmath.bitOr($,$) $\nmath.bitXor($,$) $\nmath.bitNot($) $'),
);
