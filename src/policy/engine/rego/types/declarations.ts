import { ANY, type FunctionType, objectType, scalarType, type Type, unionOf } from './type.ts';

/**
 * What every builtin takes and gives (OPA, "Policy Reference: Built-in Functions"), one a line: `name: argument type, … ->
 * result type`. `tuple` is an array of fixed length, `map` an object of any keys, `record` one whose named keys have types.
 */
const DECLARATIONS = `
abs: x number -> y number
all: (array(any)|set(any)) -> boolean
and: x set(any), y set(any) -> z set(any)
any: (array(any)|set(any)) -> boolean
array.concat: x array(any), y array(any) -> z array(any)
array.flatten: arr array(any) -> flattened array(any)
array.reverse: arr array(any) -> rev array(any)
array.slice: arr array(any), start number, stop number -> slice array(any)
assign: any, any -> boolean
base64.decode: x string -> y string
base64.encode: x string -> y string
base64.is_valid: x string -> result boolean
base64url.decode: x string -> y string
base64url.encode: x string -> y string
base64url.encode_no_pad: x string -> y string
bits.and: x number, y number -> z number
bits.lsh: x number, s number -> z number
bits.negate: x number -> z number
bits.or: x number, y number -> z number
bits.rsh: x number, s number -> z number
bits.xor: x number, y number -> z number
cast_array: any -> array(any)
cast_boolean: any -> boolean
cast_null: any -> null
cast_object: any -> map(any, any)
cast_set: any -> set(any)
cast_string: any -> string
ceil: x number -> y number
concat: delimiter string, collection (array(string)|set(string)) -> output string
contains: haystack string, needle string -> result boolean
count: collection (string|array(any)|map(any, any)|set(any)) -> n number
crypto.hmac.equal: mac1 string, mac2 string -> result boolean
crypto.hmac.md5: x string, key string -> y string
crypto.hmac.sha1: x string, key string -> y string
crypto.hmac.sha256: x string, key string -> y string
crypto.hmac.sha512: x string, key string -> y string
crypto.md5: x string -> y string
crypto.parse_private_keys: keys string -> output array(map(string, any))
crypto.sha1: x string -> y string
crypto.sha256: x string -> y string
crypto.x509.parse_and_verify_certificates: certs string -> output tuple(boolean, array(map(string, any)))
crypto.x509.parse_and_verify_certificates_with_options: certs string, options map(string, any) -> output tuple(boolean, array(map(string, any)))
crypto.x509.parse_certificate_request: csr string -> output map(string, any)
crypto.x509.parse_certificates: certs string -> output array(map(string, any))
crypto.x509.parse_keypair: cert string, pem string -> output map(string, any)
crypto.x509.parse_rsa_private_key: pem string -> output map(string, any)
div: x number, y number -> z number
endswith: search string, base string -> result boolean
eq: any, any -> boolean
equal: x any, y any -> result boolean
floor: x number -> y number
format_int: number number, base number -> output string
glob.match: pattern string, delimiters (null|array(string)), match string -> result boolean
glob.quote_meta: pattern string -> output string
graph.reachable: graph map(any, (array(any)|set(any))), initial (array(any)|set(any)) -> output set(any)
graph.reachable_paths: graph map(any, (array(any)|set(any))), initial (array(any)|set(any)) -> output set(array(any))
graphql.is_valid: query (string|map(any, any)), schema (string|map(any, any)) -> output boolean
graphql.parse: query (string|map(any, any)), schema (string|map(any, any)) -> output tuple(map(any, any), map(any, any))
graphql.parse_and_verify: query (string|map(any, any)), schema (string|map(any, any)) -> output tuple(boolean, map(any, any), map(any, any))
graphql.parse_query: query string -> output map(any, any)
graphql.parse_schema: schema string -> output map(any, any)
graphql.schema_is_valid: schema (string|map(any, any)) -> output boolean
gt: x any, y any -> result boolean
gte: x any, y any -> result boolean
hex.decode: x string -> y string
hex.encode: x string -> y string
http.send: request map(string, any) -> response map(any, any)
indexof: haystack string, needle string -> output number
indexof_n: haystack string, needle string -> output array(number)
internal.member_2: any, any -> boolean
internal.member_3: any, any, any -> boolean
internal.print: array(set(any)) -> none
internal.template_string: array(any) -> string
internal.test_case: array(any) -> none
intersection: xs set(set(any)) -> y set(any)
io.jwt.decode: jwt string -> output tuple(map(any, any), map(any, any), string)
io.jwt.decode_verify: jwt string, constraints map(string, any) -> output tuple(boolean, map(any, any), map(any, any))
io.jwt.encode_sign: headers map(string, any), payload map(string, any), key map(string, any) -> output string
io.jwt.encode_sign_raw: headers string, payload string, key string -> output string
io.jwt.verify_eddsa: jwt string, certificate string -> result boolean
io.jwt.verify_es256: jwt string, certificate string -> result boolean
io.jwt.verify_es384: jwt string, certificate string -> result boolean
io.jwt.verify_es512: jwt string, certificate string -> result boolean
io.jwt.verify_hs256: jwt string, secret string -> result boolean
io.jwt.verify_hs384: jwt string, secret string -> result boolean
io.jwt.verify_hs512: jwt string, secret string -> result boolean
io.jwt.verify_ps256: jwt string, certificate string -> result boolean
io.jwt.verify_ps384: jwt string, certificate string -> result boolean
io.jwt.verify_ps512: jwt string, certificate string -> result boolean
io.jwt.verify_rs256: jwt string, certificate string -> result boolean
io.jwt.verify_rs384: jwt string, certificate string -> result boolean
io.jwt.verify_rs512: jwt string, certificate string -> result boolean
is_array: x any -> result boolean
is_boolean: x any -> result boolean
is_null: x any -> result boolean
is_number: x any -> result boolean
is_object: x any -> result boolean
is_set: x any -> result boolean
is_string: x any -> result boolean
json.filter: object map(any, any), paths (array((string|array(any)))|set((string|array(any)))) -> filtered map(any, any)
json.is_valid: x string -> result boolean
json.marshal: x any -> y string
json.marshal_with_options: x any, opts record(indent string, prefix string, pretty boolean) -> y string
json.match_schema: document (string|map(any, any)), schema (string|map(any, any)) -> output tuple(boolean, array(record(desc string, error string, field string, type string)))
json.patch: target any, patches array(record(op string, path any)) -> output any
json.remove: object map(any, any), paths (array((string|array(any)))|set((string|array(any)))) -> output map(any, any)
json.unmarshal: x string -> y any
json.verify_schema: schema (string|map(any, any)) -> output tuple(boolean, (null|string))
lower: x string -> y string
lt: x any, y any -> result boolean
lte: x any, y any -> result boolean
max: collection (array(any)|set(any)) -> n any
min: collection (array(any)|set(any)) -> n any
minus: x (number|set(any)), y (number|set(any)) -> z (number|set(any))
mul: x number, y number -> z number
neq: x any, y any -> result boolean
net.cidr_contains: cidr string, cidr_or_ip string -> result boolean
net.cidr_contains_matches: cidrs (string|array((string|array(any)))|map(string, (string|array(any)))|set((string|array(any)))), cidrs_or_ips (string|array((string|array(any)))|map(string, (string|array(any)))|set((string|array(any)))) -> output set(tuple(any, any))
net.cidr_expand: cidr string -> hosts set(string)
net.cidr_intersects: cidr1 string, cidr2 string -> result boolean
net.cidr_is_valid: cidr string -> result boolean
net.cidr_merge: addrs (array((string))|set(string)) -> output set(string)
net.cidr_overlap: string, string -> boolean
net.lookup_ip_addr: name string -> addrs set(string)
numbers.range: a number, b number -> range array(number)
numbers.range_step: a number, b number, step number -> range array(number)
object.filter: object map(any, any), keys (array(any)|map(any, any)|set(any)) -> filtered map(any, any)
object.get: object map(any, any), key any, default any -> value any
object.keys: object map(any, any) -> value set(any)
object.remove: object map(any, any), keys (array(any)|map(any, any)|set(any)) -> output map(any, any)
object.subset: super (array(any)|map(any, any)|set(any)), sub (array(any)|map(any, any)|set(any)) -> result boolean
object.union: a map(any, any), b map(any, any) -> output map(any, any)
object.union_n: objects array(map(any, any)) -> output map(any, any)
opa.runtime:  -> output map(string, any)
or: x set(any), y set(any) -> z set(any)
plus: x number, y number -> z number
print: ... -> none
product: collection (array(number)|set(number)) -> n number
providers.aws.sign_req: request map(string, any), aws_config map(string, any), time_ns number -> signed_request map(any, any)
rand.intn: str string, n number -> y number
re_match: string, string -> boolean
regex.find_all_string_submatch_n: pattern string, value string, number number -> output array(array(string))
regex.find_n: pattern string, value string, number number -> output array(string)
regex.globs_match: glob1 string, glob2 string -> result boolean
regex.is_valid: pattern string -> result boolean
regex.match: pattern string, value string -> result boolean
regex.replace: s string, pattern string, value string -> output string
regex.split: pattern string, value string -> output array(string)
regex.template_match: template string, value string, delimiter_start string, delimiter_end string -> result boolean
rego.metadata.chain:  -> chain array(any)
rego.metadata.rule:  -> output any
rego.parse_module: filename string, rego string -> output map(string, any)
rem: x number, y number -> z number
replace: x string, old string, new string -> y string
round: x number -> y number
semver.compare: a string, b string -> result number
semver.is_valid: vsn any -> result boolean
set_diff: set(any), set(any) -> set(any)
sort: collection (array(any)|set(any)) -> n array(any)
split: x string, delimiter string -> ys array(string)
sprintf: format string, values array(any) -> output string
startswith: search string, base string -> result boolean
strings.any_prefix_match: search (string|array(string)|set(string)), base (string|array(string)|set(string)) -> result boolean
strings.any_suffix_match: search (string|array(string)|set(string)), base (string|array(string)|set(string)) -> result boolean
strings.count: search string, substring string -> output number
strings.render_template: value string, vars map(string, any) -> result string
strings.replace_n: patterns map(string, string), value string -> output string
strings.reverse: x string -> y string
strings.split_n: x string, delimiter string, n number -> ys array(string)
substring: value string, offset number, length number -> output string
sum: collection (array(number)|set(number)) -> n number
time.add_date: ns number, years number, months number, days number -> output number
time.clock: x (number|tuple(number, string)) -> output tuple(number, number, number)
time.date: x (number|tuple(number, string)) -> date tuple(number, number, number)
time.diff: ns1 (number|tuple(number, string)), ns2 (number|tuple(number, string)) -> output tuple(number, number, number, number, number, number)
time.format: x (number|tuple(number, string)|tuple(number, string, string)) -> formatted timestamp string
time.now_ns:  -> now number
time.parse_duration_ns: duration string -> ns number
time.parse_ns: layout string, value string -> ns number
time.parse_rfc3339_ns: value string -> ns number
time.weekday: x (number|tuple(number, string)) -> day string
to_number: value (null|boolean|number|string) -> num number
trace: note string -> result boolean
trim: value string, cutset string -> output string
trim_left: value string, cutset string -> output string
trim_prefix: value string, prefix string -> output string
trim_right: value string, cutset string -> output string
trim_space: value string -> output string
trim_suffix: value string, suffix string -> output string
type_name: x any -> type string
union: xs set(set(any)) -> y set(any)
units.parse: x string -> y number
units.parse_bytes: x string -> y number
upper: x string -> y string
uri.is_valid: uri string -> result boolean
uri.parse: uri string -> output map(string, string)
urlquery.decode: x string -> y string
urlquery.decode_object: x string -> object map(string, array(string))
urlquery.encode: x string -> y string
urlquery.encode_object: object map(string, (string|array(string)|set(string))) -> y string
uuid.parse: uuid string -> result map(string, any)
uuid.rfc4122: k string -> output string
walk: x any -> output tuple(array(any), any)
yaml.is_valid: x string -> result boolean
yaml.marshal: x any -> y string
yaml.unmarshal: x string -> y any
`;

const SOURCES: ReadonlyMap<string, string> = new Map(
  DECLARATIONS.trim()
    .split('\n')
    .map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)] as const),
);

const known = new Map<string, FunctionType>();

/** A builtin's declaration; undefined for names that are none. */
export function declarationOf(name: string): FunctionType | undefined {
  let found = known.get(name);
  const source = SOURCES.get(name);
  if (!found && source !== undefined) known.set(name, (found = new Reader(source).declaration()));
  return found;
}

/** Reads one line of the table. */
class Reader {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(source: string) {
    this.#tokens = source.match(/->|\.\.\.|[(),|]|[^\s(),|.]+/g) ?? [];
  }

  #take(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false;
    this.#at++;
    return true;
  }

  declaration(): FunctionType {
    const args: Type[] = [];
    const names: string[] = [];
    let variadic = false;
    while (!this.#take('->')) {
      if (this.#take('...')) variadic = true;
      else if (!this.#take(',')) {
        names.push(this.#name());
        args.push(this.#type());
      }
    }
    if (this.#take('none')) return { kind: 'function', args, names, variadic };
    const name = this.#name();
    return { kind: 'function', args, names: [...names, name], result: this.#type(), variadic };
  }

  /** A name stands before a type; a type alone has none. */
  #name(): string {
    const next = this.#tokens[this.#at + 1];
    if (this.#tokens[this.#at] === '(' || next === undefined || ['(', ')', ',', '->', '...', '|'].includes(next)) {
      if (next !== '(' || this.#tokens[this.#at] === '(' || COMPOSITES.has(this.#tokens[this.#at]!)) return '';
    }
    return this.#tokens[this.#at++]!;
  }

  #list(): Type[] {
    const items: Type[] = [];
    while (!this.#take(')')) if (!this.#take(',') && !this.#take('|')) items.push(this.#type());
    return items;
  }

  #type(): Type {
    const word = this.#tokens[this.#at++]!;
    if (word === '(') return unionOf(this.#list());
    if (!COMPOSITES.has(word)) return word === 'any' ? ANY : scalarType(word);
    this.#at++;
    if (word === 'record') return this.#record();
    const items = this.#list();
    if (word === 'tuple') return { kind: 'array', items };
    if (word === 'array') return { kind: 'array', items: [], rest: items[0]! };
    if (word === 'set') return { kind: 'set', of: items[0]! };
    return objectType([], { key: items[0]!, value: items[1]! });
  }

  #record(): Type {
    const fields: [string, Type][] = [];
    while (!this.#take(')')) if (!this.#take(',')) fields.push([this.#tokens[this.#at++]!, this.#type()]);
    return objectType(fields, { key: ANY, value: ANY });
  }
}

const COMPOSITES = new Set(['tuple', 'array', 'set', 'map', 'record']);
