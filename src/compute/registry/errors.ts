/** Error codes of the distribution-spec ("Error Codes") with the status each is answered with. */
const STATUS = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 404,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  SIZE_INVALID: 413,
  RANGE_INVALID: 416,
  UNSUPPORTED: 405,
  UNAUTHORIZED: 401,
  DENIED: 403,
  TOOMANYREQUESTS: 429,
} as const;

export type RegistryCode = keyof typeof STATUS;

/** A refusal of the registry, in the words its clients know. */
export class Refusal extends Error {
  readonly code: RegistryCode;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  constructor(code: RegistryCode, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.name = 'Refusal';
    this.code = code;
    this.status = STATUS[code];
    this.headers = headers;
  }

  /** The body: RANGE_INVALID has no code of its own in the spec and is told as an upload error. */
  body(): string {
    const code = this.code === 'RANGE_INVALID' ? 'BLOB_UPLOAD_INVALID' : this.code;
    return JSON.stringify({ errors: [{ code, message: this.message, detail: {} }] });
  }
}
