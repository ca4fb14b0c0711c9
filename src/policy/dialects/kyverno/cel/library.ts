import { RE2JS } from 're2js';
import { isObject, type Json, type JsonObject } from '../../../../kernel/index.ts';
import {
  Bytes,
  CEL_EXTENSIONS,
  type CelEnvironment,
  CelError,
  CelOpaque,
  CelTimestamp,
  type CelValue,
  declare,
  DYN,
  extendEnvironment,
  type FunctionTable,
  functionTable,
  joinDeclarations,
  KUBERNETES_ENVIRONMENT,
  Optional,
  toJson,
} from '../../../engine/cel/index.ts';
import { type ImageReference, parseImageReference } from '../../../engine/image-reference.ts';
import { asTime, JMES_FUNCTIONS } from '../../../engine/jmespath/index.ts';
import type { KyvernoWorld } from '../model.ts';
import { plural } from './plural.ts';
import { decodeToken } from './token.ts';

/** Where the functions of one environment look while a policy runs: set before each run, generated resources collect here. */
export interface LibraryHost {
  world: KyvernoWorld | undefined;
  generated: JsonObject[];
}

class ImageValue extends CelOpaque {
  readonly typeName = 'kyverno.Image';
  readonly parts: ImageReference;
  constructor(parts: ImageReference) {
    super();
    this.parts = parts;
  }
}

const LIBRARIES = `resource.Get(string,string,string,string) dyn
resource.Get(string,string,string) dyn
resource.List(string,string,string) dyn
resource.List(string,string) dyn
resource.List(string,string,string,dyn) dyn
resource.Post(string,string,dyn) dyn
resource.Post(string,string,string,dyn) dyn
resource.ToGVR(string,string) dyn
http.Get(string) dyn
http.Get(string,dyn) dyn
http.Post(string,dyn) dyn
http.Post(string,dyn,dyn) dyn
http.Allowed() dyn
http.Denied(dyn) dyn
envoy.Allowed() dyn
envoy.Denied(dyn) dyn
resource.Get(dyn,string,string) dyn
resource.List(dyn,string) dyn
hash.Md5(string) string
hash.Sha1(string) string
hash.Sha256(string) string
gzip.Decompress(bytes) string
globalContext.Get(string,string) dyn
globalContext.Get(string) dyn
image.GetMetadata(string) dyn
generator.Apply(string,dyn) bool
jwt.Decode(string,string) dyn
json.Unmarshal(string) dyn
yaml.Parse(string) dyn
x509.Decode(string) dyn
math.Round(dyn,int) double
time.Now() timestamp
time.Truncate(timestamp,duration) timestamp
time.ToCron(timestamp) string
transform.ListObjToMap(list<dyn>,list<dyn>,string,string) dyn`;

/** Both spellings are in use: `resource.get` and `resource.Get`. */
const bothCases = (text: string): string =>
  `${text}\n${text.replaceAll(/\.([A-Z])/g, (_, letter: string) => `.${letter.toLowerCase()}`)}`;

const DECLARATIONS = declare(
  bothCases(LIBRARIES),
  `image(string) dyn
parseImageReference(string) dyn
isImage(string) bool
parseServiceAccount(string) dyn
sha1(string) string
sha256(string) string
md5(string) string
random() string
random(string) string
listObjToMap(list<dyn>,list<dyn>,string,string) dyn
regex.replace(string,string,string) string
regex.replace(string,string,string,int) string
regex.extract(string,string) dyn
regex.extractAll(string,string) list<string>
.registry(dyn) string
.repository(dyn) string
.identifier(dyn) string
.tag(dyn) string
.digest(dyn) string
.containsDigest(dyn) bool
.Response(dyn) dyn
.WithBody(dyn,dyn) dyn
.WithHeader(dyn,string,dyn) dyn
.WithMessage(dyn,string) dyn
verifyImageSignatures(dyn,dyn) dyn
verifyAttestationSignatures(dyn,dyn,dyn) dyn
getImageData(dyn) dyn
extractPayload(dyn,dyn) dyn
payload(dyn,dyn) dyn`,
);

/** Says that an answer needs what is not at hand; never taken for a verdict. */
export const NEEDS_SIGNATURES = 'image signatures cannot be verified here';

const text = (value: CelValue): string => {
  if (typeof value !== 'string') throw new CelError('no such overload');
  return value;
};
const imageOf = (value: CelValue): ImageReference => {
  if (!(value instanceof ImageValue)) throw new CelError('no such overload');
  return value.parts;
};
const reply = (value: CelValue): JsonObject => {
  if (!isObject(value)) throw new CelError('no such overload');
  return value as JsonObject;
};

type Functions = Record<string, (...args: never[]) => CelValue>;

/** Functions by their names, those of a library in its lower-case form, too. */
function named(functions: Functions): FunctionTable {
  const table = { ...functions };
  for (const [name, run] of Object.entries(functions)) {
    const lower = name.replace(/\.([A-Z])/, (_, letter: string) => `.${letter.toLowerCase()}`);
    if (!name.startsWith('.')) table[lower] ??= run;
  }
  return functionTable(table);
}

let declared: CelEnvironment | undefined;

/** What is the same for every host. */
const declarations = (): CelEnvironment =>
  (declared ??= extendEnvironment(KUBERNETES_ENVIRONMENT, {
    ...CEL_EXTENSIONS,
    functions: joinDeclarations(CEL_EXTENSIONS.functions, DECLARATIONS),
    implementations: named({ ...IMAGES, ...REPLIES, ...REGEX }),
    variables: [
      ['images', DYN],
      ['exceptions', DYN],
      ['attestors', DYN],
      ['attestations', DYN],
      ['globalContext', DYN],
    ],
  }));

/** Kyverno's CEL libraries (kyverno.io, "CEL Libraries") over what the host holds. */
export const kyvernoEnvironment = (host: LibraryHost): CelEnvironment =>
  extendEnvironment(declarations(), { implementations: named({ ...lookups(host), ...values(host) }) });

const worldOf = (host: LibraryHost): KyvernoWorld => {
  if (host.world === undefined) throw new CelError('no context to look in');
  return host.world;
};

function lookups(host: LibraryHost): Record<string, (...args: never[]) => CelValue> {
  const get = (version: string, resource: string, namespace: string, name: string): CelValue => {
    const found = worldOf(host).get(version, resource, namespace, name);
    if (found === undefined) throw new CelError(`${resource} "${name}" not found`);
    return found as CelValue;
  };
  const listed = (version: string, resource: string, namespace: string): CelValue =>
    ({ items: [...worldOf(host).list(version, resource, namespace)] }) as CelValue;
  const call = (url: string, method: string, body?: CelValue): CelValue => {
    const answer = worldOf(host).call(url, method, body === undefined ? undefined : toJson(body));
    if (answer === undefined) throw new CelError(`failed to call ${url}`);
    return (isObject(answer) && !('body' in answer) ? { ...answer, body: answer } : answer) as CelValue;
  };
  const post = (version: string, resource: string, object: CelValue): CelValue => {
    const group = version.includes('/') ? `apis/${version}` : `api/${version}`;
    return call(`/${group}/${resource}`, 'POST', object);
  };
  const global = (name: string, projection: string): CelValue =>
    (worldOf(host).globalContext(name, projection) ?? null) as CelValue;
  return {
    'resource.Get/4': get,
    'resource.Get/3': (of: CelValue, second: string, name: string) =>
      typeof of === 'string' ? get(of, second, '', name) : get(...gvrOf(of), second, name),
    'resource.ToGVR/2': (version: string, kind: string) => {
      const [short = '', group = ''] = version.split('/').reverse();
      const found = worldOf(host).resourceOf({ group, version: short, kind });
      return { Group: group, Version: short, Resource: found?.resource ?? plural(kind) };
    },
    'resource.List/3': listed,
    'resource.List/2': (of: CelValue, second: string) =>
      typeof of === 'string' ? listed(of, second, '') : listed(...gvrOf(of), second),
    'resource.List/4': listed,
    'resource.Post/3': post,
    'resource.Post/4': (version: string, resource: string, _: string, object: CelValue) =>
      post(version, resource, object),
    'http.Get/1': (url: string) => call(url, 'GET'),
    'http.Get/2': (url: string) => call(url, 'GET'),
    'http.Post/2': (url: string, body: CelValue) => call(url, 'POST', body),
    'http.Post/3': (url: string, body: CelValue) => call(url, 'POST', body),
    'globalContext.Get/2': global,
    'globalContext.Get/1': (name: string) => global(name, ''),
    'image.GetMetadata/1': (reference: string) => {
      const found = worldOf(host).image(reference);
      if (found === undefined) throw new CelError(`failed to fetch image data of ${reference}`);
      return found as CelValue;
    },
    'generator.Apply/2': (namespace: string, resources: CelValue) => {
      for (const value of toJson(resources) as Json[]) {
        const items: readonly Json[] = isObject(value) && Array.isArray(value.items) ? value.items : [value];
        for (const item of items) if (isObject(item)) host.generated.push(placed(item, namespace));
      }
      return true;
    },
  };
}

/** A generated resource as it is written: without what the server gave its source. */
function placed(resource: JsonObject, namespace: string): JsonObject {
  const metadata: JsonObject = { ...(isObject(resource.metadata) ? resource.metadata : {}) };
  for (const name of ['uid', 'resourceVersion', 'creationTimestamp', 'managedFields', 'generation'])
    delete metadata[name];
  if (namespace !== '') metadata.namespace = namespace;
  return { ...resource, metadata };
}

function values(host: LibraryHost): Record<string, (...args: never[]) => CelValue> {
  const jmes = (name: string, ...args: Json[]): CelValue => {
    try {
      return JMES_FUNCTIONS.get(name)!.run(args, worldOf(host)) as CelValue;
    } catch (error) {
      throw new CelError(error instanceof Error ? error.message : String(error));
    }
  };
  return {
    'jwt.Decode/2': (token: string, key: string) => decodeToken(token, key, worldOf(host)) as CelValue,
    'json.Unmarshal/1': (value: string) => jmes('parse_json', value),
    'yaml.Parse/1': (value: string) => jmes('parse_yaml', value),
    'x509.Decode/1': (value: string) => jmes('x509_decode', value),
    'sha1/1': (value: string) => jmes('sha1', value),
    'sha256/1': (value: string) => jmes('sha256', value),
    'md5/1': (value: string) => jmes('md5', value),
    'hash.Md5/1': (value: string) => jmes('md5', value),
    'hash.Sha1/1': (value: string) => jmes('sha1', value),
    'hash.Sha256/1': (value: string) => jmes('sha256', value),
    'gzip.Decompress/1': (value: CelValue) => {
      if (!(value instanceof Bytes)) throw new CelError('no such overload');
      try {
        return new TextDecoder().decode(worldOf(host).gunzip(value.value));
      } catch (error) {
        throw new CelError(`gzip: ${error instanceof Error ? error.message : String(error)}`);
      }
    },
    'time.Now/0': () => {
      const now_ms = worldOf(host).now();
      return new CelTimestamp(Math.floor(now_ms / 1000), ((((now_ms % 1000) + 1000) % 1000) | 0) * 1_000_000);
    },
    'time.Truncate/2': (time: CelValue, span: CelValue) => {
      const text = String(toJson(time));
      const seconds = Number(String(toJson(span)).replace(/s$/, ''));
      return timestampOf(String(jmes('time_truncate', text, `${seconds}s`)));
    },
    'time.ToCron/1': (time: CelValue) => jmes('time_to_cron', String(toJson(time))),
    'random/0': () => jmes('random', '[0-9a-z]{8}'),
    'random/1': (pattern: string) => jmes('random', pattern),
    'math.Round/2': (value: number, places: number) => jmes('round', Number(toJson(value)), Number(toJson(places))),
    'listObjToMap/4': joinLists,
    'transform.ListObjToMap/4': joinLists,
    'parseServiceAccount/1': (user: string) => {
      const [, kind = '', namespace = '', name = ''] = text(user).split(':');
      return kind === 'serviceaccount' ? { Name: name, Namespace: namespace } : { Name: '', Namespace: '' };
    },
    'verifyImageSignatures/2': needsSignatures,
    'verifyAttestationSignatures/3': needsSignatures,
    'getImageData/1': (reference: string) => {
      const found = worldOf(host).image(reference);
      if (found === undefined) throw new CelError(`failed to fetch image data of ${reference}`);
      return found as CelValue;
    },
    'extractPayload/2': needsSignatures,
    'payload/2': needsSignatures,
  };
}

function timestampOf(text: string): CelTimestamp {
  const moment = asTime(text);
  if (moment === undefined) throw new CelError(`invalid time ${text}`);
  return new CelTimestamp(Number(moment.nanos / 1_000_000_000n), Number(moment.nanos % 1_000_000_000n));
}

const needsSignatures = (): never => {
  throw new CelError(NEEDS_SIGNATURES);
};

/** Two lists of objects as one map: keys of the first list's field, values of the second's. */
function joinLists(keys: CelValue, of: CelValue, key: string, value: string): CelValue {
  const [left, right] = [toJson(keys), toJson(of)];
  const out: JsonObject = {};
  if (!Array.isArray(left) || !Array.isArray(right)) throw new CelError('no such overload');
  for (const [i, item] of left.entries()) {
    const other = right[i];
    if (isObject(item) && isObject(other))
      Object.defineProperty(out, String(item[key]), {
        value: other[value] ?? null,
        enumerable: true,
        writable: true,
        configurable: true,
      });
  }
  return out as CelValue;
}

function imageValue(reference: string): CelValue {
  const parts = parseImageReference(text(reference));
  if (parts === undefined) throw new CelError(`could not parse reference: ${reference}`);
  return new ImageValue(parts);
}

/** `apiVersion` and resource of what `resource.ToGVR` gave. */
function gvrOf(value: CelValue): readonly [string, string] {
  const { Group = '', Version, Resource } = toJson(value) as { Group?: string; Version?: string; Resource?: string };
  if (Version === undefined || Resource === undefined) throw new CelError('no such overload');
  return [Group === '' ? Version : `${Group}/${Version}`, Resource];
}

const IMAGES: Record<string, (...args: never[]) => CelValue> = {
  // cel-go gives back what is no optional at all as it is.
  '.orValue/2': (value: CelValue, other: CelValue) => (value instanceof Optional ? (value.value ?? other) : value),
  'image/1': (reference: string) => imageValue(reference),
  'parseImageReference/1': (reference: string) => imageValue(reference),
  'isImage/1': (reference: string) => parseImageReference(text(reference)) !== undefined,
  '.registry/1': (of: CelValue) => imageOf(of).registry,
  '.repository/1': (of: CelValue) => imageOf(of).path,
  '.identifier/1': (of: CelValue) => imageOf(of).digest || imageOf(of).tag,
  '.tag/1': (of: CelValue) => imageOf(of).tag,
  '.digest/1': (of: CelValue) => imageOf(of).digest,
  '.containsDigest/1': (of: CelValue) => imageOf(of).digest !== '',
};

const REPLIES: Record<string, (...args: never[]) => CelValue> = {
  'http.Allowed/0': () => ({ allowed: true, status: 200 }),
  'http.Denied/1': (reason: CelValue) => ({ allowed: false, status: 403, reason }),
  'envoy.Allowed/0': () => ({ allowed: true, status: 200 }),
  'envoy.Denied/1': (status: CelValue) => ({ allowed: false, status }),
  '.Response/1': (of: CelValue) => of,
  '.WithBody/2': (of: CelValue, body: CelValue) => ({ ...reply(of), body }),
  '.WithMessage/2': (of: CelValue, message: CelValue) => ({ ...reply(of), message }),
  '.WithHeader/3': (of: CelValue) => ({ ...reply(of) }),
};

function regex(source: string): RE2JS {
  try {
    return RE2JS.compile(source);
  } catch (error) {
    throw new CelError(`error parsing regexp: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function replaceRegex(target: string, source: string, by: string, limit: number): string {
  const matcher = regex(text(source)).matcher(text(target));
  let out = '';
  let last = 0;
  for (let i = 0; (limit < 0 || i < limit) && matcher.find(); i++) {
    out += target.slice(last, matcher.start());
    out += by.replace(/\\(\d)/g, (_, group: string) => matcher.group(Number(group)) ?? '');
    last = matcher.end();
  }
  return out + target.slice(last);
}

/** cel-go's regex extension. */
const REGEX: Record<string, (...args: never[]) => CelValue> = {
  'regex.replace/3': (target: string, source: string, by: string) => replaceRegex(target, source, by, -1),
  'regex.replace/4': (target: string, source: string, by: string, limit: number) =>
    replaceRegex(target, source, by, Number(toJson(limit))),
  'regex.extract/2': (target: string, source: string) => {
    const matcher = regex(text(source)).matcher(text(target));
    if (!matcher.find()) return new Optional(undefined);
    return new Optional(matcher.group(matcher.groupCount() > 0 ? 1 : 0) ?? '');
  },
  'regex.extractAll/2': (target: string, source: string) => {
    const matcher = regex(text(source)).matcher(text(target));
    const found: string[] = [];
    while (matcher.find()) found.push(matcher.group(matcher.groupCount() > 0 ? 1 : 0) ?? '');
    return found;
  },
};
