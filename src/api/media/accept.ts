/** The wire formats a body can have. */
export type Format = 'json' | 'yaml' | 'protobuf' | 'cbor';

/** What an Accept header settled on (API concepts, "Alternate representations of resources"). */
export interface Accepted {
  readonly format: Format;
  /** Transformation asked for by `as=`: Table, PartialObjectMetadata, APIGroupDiscoveryList … */
  readonly as?: string;
  readonly group?: string;
  readonly version?: string;
}

/** What an endpoint can answer with. */
export interface Offer {
  readonly formats: readonly Format[];
  /** Whether the transformation can be made; an unknown one moves on to the next clause of the header. */
  transforms(as: string, group: string, version: string): boolean;
}

const FORMAT_OF: ReadonlyMap<string, Format> = new Map([
  ['application/json', 'json'],
  ['application/yaml', 'yaml'],
  ['application/vnd.kubernetes.protobuf', 'protobuf'],
  ['application/cbor', 'cbor'],
]);

export const MEDIA_TYPE: Readonly<Record<Format, string>> = {
  json: 'application/json',
  yaml: 'application/yaml',
  protobuf: 'application/vnd.kubernetes.protobuf',
  cbor: 'application/cbor',
};

interface Clause {
  readonly format: Format | '*';
  readonly as: string;
  readonly group: string;
  readonly version: string;
  readonly quality: number;
}

const parsed = new Map<string, readonly Clause[]>();
const CACHED_HEADERS_MAX = 256;
const HEADER_LENGTH_MAX = 4096;

/** Reads an Accept header into clauses, best first; results are shared for repeated headers. */
function clausesOf(header: string): readonly Clause[] {
  const known = parsed.get(header);
  if (known) return known;
  const clauses = header
    .slice(0, HEADER_LENGTH_MAX)
    .split(',')
    .map(readClause)
    .filter(clause => clause !== undefined);
  clauses.sort((left, right) => right.quality - left.quality);
  if (parsed.size < CACHED_HEADERS_MAX) parsed.set(header, clauses);
  return clauses;
}

function readClause(text: string): Clause | undefined {
  const [type = '', ...params] = text.split(';').map(part => part.trim());
  const format = FORMAT_OF.get(type.toLowerCase()) ?? (type === '*/*' || type === 'application/*' ? '*' : undefined);
  if (format === undefined) return undefined;
  let as = '';
  let group = '';
  let version = '';
  let quality = 1;
  for (const param of params) {
    const equals = param.indexOf('=');
    const value = param.slice(equals + 1);
    switch (param.slice(0, equals)) {
      case 'as':
        as = value;
        break;
      case 'g':
        group = value;
        break;
      case 'v':
        version = value;
        break;
      case 'q':
        quality = Number(value);
        if (!(quality >= 0)) quality = 0;
        break;
    }
  }
  return { format, as, group, version, quality };
}

const PLAIN: Readonly<Record<Format, Accepted>> = {
  json: { format: 'json' },
  yaml: { format: 'yaml' },
  protobuf: { format: 'protobuf' },
  cbor: { format: 'cbor' },
};

/** Chooses the answer's form, or undefined when nothing the client accepts can be made (406). */
export function negotiate(header: string | undefined, offer: Offer): Accepted | undefined {
  if (header === undefined || header === '' || header === 'application/json') return PLAIN.json;
  for (const clause of clausesOf(header)) {
    if (clause.quality === 0) continue;
    const format = clause.format === '*' ? offer.formats[0]! : clause.format;
    if (!offer.formats.includes(format)) continue;
    if (clause.as === '') return PLAIN[format];
    if (offer.transforms(clause.as, clause.group, clause.version))
      return { format, as: clause.as, group: clause.group, version: clause.version };
  }
  return undefined;
}

/** The format a body says it has; undefined for types the API does not read (415). */
export function formatOf(contentType: string | undefined): Format | undefined {
  if (contentType === undefined || contentType === '') return 'json';
  const semicolon = contentType.indexOf(';');
  return FORMAT_OF.get((semicolon < 0 ? contentType : contentType.slice(0, semicolon)).trim().toLowerCase());
}
