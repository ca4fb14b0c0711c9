/** wasi:http 0.2 types: incoming requests and the responses to them; what is sent out is in wasm-world-outgoing. */
import { Fields } from './wasm-world-fields.ts';
import {
  Bell,
  type ByteIntake,
  type ByteOutlet,
  InputStream,
  OutputStream,
  Pollable,
  Refused,
} from './wasm-world-io.ts';

export type Method = { readonly tag: string; readonly val?: string };
export type Scheme = { readonly tag: string; readonly val?: string };
export type ErrorCode = { readonly tag: string; readonly val?: unknown };
export type Settled<T> = { readonly tag: 'ok'; readonly val: T } | { readonly tag: 'err'; readonly val: ErrorCode };

const METHODS = new Set(['get', 'head', 'post', 'put', 'delete', 'connect', 'options', 'trace', 'patch']);

export function methodOf(text: string): Method {
  const lower = text.toLowerCase();
  return METHODS.has(lower) ? { tag: lower } : { tag: 'other', val: text };
}

export const methodText = (method: Method): string =>
  method.tag === 'other' ? (method.val ?? '') : method.tag.toUpperCase();

/** A value that comes later, of which a component asks `get` once. */
export class Later<T> {
  readonly #bell = new Bell();
  #value: Settled<T> | undefined;
  #taken = false;

  settle(value: Settled<T>): void {
    this.#value ??= value;
    this.#bell.ring();
  }

  subscribe(): Pollable {
    return new Pollable(
      () => this.#value !== undefined,
      () => this.#bell.wait(),
    );
  }

  get(): { tag: 'ok'; val: Settled<T> } | { tag: 'err' } | undefined {
    if (!this.#value) return undefined;
    if (this.#taken) return { tag: 'err' };
    this.#taken = true;
    return { tag: 'ok', val: this.#value };
  }
}

export class FutureTrailers extends Later<Fields | undefined> {}
export class FutureIncomingResponse extends Later<IncomingResponse> {}

export class IncomingBody {
  #intake: ByteIntake | undefined;
  constructor(intake: ByteIntake) {
    this.#intake = intake;
  }

  stream(): InputStream {
    if (!this.#intake) throw new Refused(undefined);
    const stream = new InputStream(this.#intake);
    this.#intake = undefined;
    return stream;
  }

  static finish(_body: IncomingBody): FutureTrailers {
    const trailers = new FutureTrailers();
    trailers.settle({ tag: 'ok', val: undefined });
    return trailers;
  }
}

/** What is common to both messages that come in. */
class Incoming {
  readonly #fields: Fields;
  #body: IncomingBody | undefined;
  constructor(fields: Fields, intake: ByteIntake) {
    this.#fields = fields;
    this.#body = new IncomingBody(intake);
  }

  headers(): Fields {
    return this.#fields;
  }

  consume(): IncomingBody {
    const body = this.#body;
    if (!body) throw new Refused(undefined);
    this.#body = undefined;
    return body;
  }
}

export interface RequestLine {
  readonly method: string;
  readonly path: string;
  readonly authority: string | undefined;
}

export class IncomingRequest extends Incoming {
  readonly #line: RequestLine;
  constructor(line: RequestLine, fields: Fields, intake: ByteIntake) {
    super(fields, intake);
    this.#line = line;
  }

  method(): Method {
    return methodOf(this.#line.method);
  }

  pathWithQuery(): string | undefined {
    return this.#line.path;
  }

  scheme(): Scheme {
    return { tag: 'HTTP' };
  }

  authority(): string | undefined {
    return this.#line.authority;
  }
}

export class IncomingResponse extends Incoming {
  readonly #status: number;
  constructor(status: number, fields: Fields, intake: ByteIntake) {
    super(fields, intake);
    this.#status = status;
  }

  status(): number {
    return this.#status;
  }
}

/** Takes what a component writes: the body of a response, or of a request it sends. */
export interface BodyTaker extends ByteOutlet {
  finish(): void;
  abandon(): void;
}

/** Bytes a component may write before anybody knows where the body goes. */
const EARLY_BYTES_MAX = 64 * 1024;

export class OutgoingBody {
  readonly #early: Uint8Array[] = [];
  readonly #bell = new Bell();
  #earlyBytes = 0;
  #taker: BodyTaker | undefined;
  #written = false;
  #finished = false;

  /** The body's way is known: what was written so far goes first. */
  connect(taker: BodyTaker): void {
    this.#taker = taker;
    for (const bytes of this.#early.splice(0)) taker.give(bytes);
    if (this.#finished) taker.finish();
    this.#bell.ring();
  }

  write(): OutputStream {
    if (this.#written) throw new Refused(undefined);
    this.#written = true;
    return new OutputStream({
      room: () => {
        if (this.#finished) return undefined;
        return this.#taker ? this.#taker.room() : EARLY_BYTES_MAX - this.#earlyBytes;
      },
      give: bytes => {
        if (this.#taker) return this.#taker.give(bytes);
        this.#early.push(bytes);
        this.#earlyBytes += bytes.length;
      },
      wait: () => (this.#taker ? this.#taker.wait() : this.#bell.wait()),
    });
  }

  static finish(body: OutgoingBody, _trailers: Fields | undefined): void {
    body.#finished = true;
    body.#taker?.finish();
  }

  /** Dropped without `finish`: the message is incomplete, and whoever reads it must know. */
  [Symbol.dispose](): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#taker?.abandon();
  }
}

export class OutgoingResponse {
  readonly #fields: Fields;
  #status = 200;
  #body: OutgoingBody | undefined;
  constructor(fields: Fields) {
    this.#fields = fields.freeze();
  }

  statusCode(): number {
    return this.#status;
  }

  setStatusCode(status: number): void {
    if (status < 100 || status > 599) throw new Refused(undefined);
    this.#status = status;
  }

  headers(): Fields {
    return this.#fields;
  }

  body(): OutgoingBody {
    if (this.#body) throw new Refused(undefined);
    this.#body = new OutgoingBody();
    return this.#body;
  }

  /** The body the component took, if it did. */
  get taken(): OutgoingBody | undefined {
    return this.#body;
  }
}

export class ResponseOutparam {
  #answer: ((answer: Settled<OutgoingResponse>) => void) | undefined;
  constructor(answer: (answer: Settled<OutgoingResponse>) => void) {
    this.#answer = answer;
  }

  static set(param: ResponseOutparam, answer: Settled<OutgoingResponse>): void {
    param.#answer?.(answer);
    param.#answer = undefined;
  }
}

export class RequestOptions {
  #connect: bigint | undefined;
  #firstByte: bigint | undefined;
  #betweenBytes: bigint | undefined;

  connectTimeout(): bigint | undefined {
    return this.#connect;
  }
  setConnectTimeout(duration: bigint | undefined): void {
    this.#connect = duration;
  }
  firstByteTimeout(): bigint | undefined {
    return this.#firstByte;
  }
  setFirstByteTimeout(duration: bigint | undefined): void {
    this.#firstByte = duration;
  }
  betweenBytesTimeout(): bigint | undefined {
    return this.#betweenBytes;
  }
  setBetweenBytesTimeout(duration: bigint | undefined): void {
    this.#betweenBytes = duration;
  }
}

export class OutgoingRequest {
  readonly #fields: Fields;
  #method: Method = { tag: 'get' };
  #path: string | undefined;
  #scheme: Scheme | undefined;
  #authority: string | undefined;
  #body: OutgoingBody | undefined;
  constructor(fields: Fields) {
    this.#fields = fields.freeze();
  }

  method(): Method {
    return this.#method;
  }
  setMethod(method: Method): void {
    if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}$/.test(methodText(method))) throw new Refused(undefined);
    this.#method = method;
  }
  pathWithQuery(): string | undefined {
    return this.#path;
  }
  setPathWithQuery(path: string | undefined): void {
    if (path !== undefined && !/^[!-~]*$/.test(path)) throw new Refused(undefined);
    this.#path = path;
  }
  scheme(): Scheme | undefined {
    return this.#scheme;
  }
  setScheme(scheme: Scheme | undefined): void {
    this.#scheme = scheme;
  }
  authority(): string | undefined {
    return this.#authority;
  }
  setAuthority(authority: string | undefined): void {
    if (authority !== undefined && !/^[A-Za-z0-9.\-_:[\]]{1,255}$/.test(authority)) throw new Refused(undefined);
    this.#authority = authority;
  }
  headers(): Fields {
    return this.#fields;
  }
  body(): OutgoingBody {
    if (this.#body) throw new Refused(undefined);
    this.#body = new OutgoingBody();
    return this.#body;
  }
  get taken(): OutgoingBody | undefined {
    return this.#body;
  }
}
