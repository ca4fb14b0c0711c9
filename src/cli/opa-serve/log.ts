type Level = 'debug' | 'info' | 'warning' | 'error';

const RANKS: Readonly<Record<string, number>> = { debug: 0, info: 1, warning: 2, error: 3 };
const FORMATS = ['json', 'text', 'json-pretty'] as const;

type Format = (typeof FORMATS)[number];
type LogFields = { readonly [name: string]: unknown };

/** Lines about what the server does, as OPA writes them: one JSON object a line. */
export class Log {
  readonly #write: (line: string) => void;
  readonly #rank: number;
  readonly #format: Format;
  readonly #fields: LogFields;

  constructor(write: (line: string) => void, level: string, format: string, fields: LogFields = {}) {
    if (!Object.hasOwn(RANKS, level)) throw new SyntaxError(`--log-level "${level}": write debug, info or error`);
    const known = FORMATS.find(each => each === format);
    if (!known) throw new SyntaxError(`--log-format "${format}": write ${FORMATS.join(', ')}`);
    this.#write = write;
    this.#rank = RANKS[level]!;
    this.#format = known;
    this.#fields = fields;
  }

  with(fields: LogFields): Log {
    const level = Object.keys(RANKS).find(name => RANKS[name] === this.#rank)!;
    return new Log(this.#write, level, this.#format, { ...this.#fields, ...fields });
  }

  isOn = (level: Level): boolean => RANKS[level]! >= this.#rank;
  info = (msg: string, fields: LogFields = {}): void => this.#line('info', msg, fields);
  warn = (msg: string, fields: LogFields = {}): void => this.#line('warning', msg, fields);
  error = (msg: string, fields: LogFields = {}): void => this.#line('error', msg, fields);

  #line(level: Level, msg: string, fields: LogFields): void {
    if (!this.isOn(level)) return;
    const time = new Date().toISOString().replace(/\.\d+/, '');
    const all: LogFields = { ...this.#fields, ...fields, level, msg, time };
    if (this.#format === 'text') {
      const rest = Object.entries({ ...this.#fields, ...fields }).map(
        ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
      );
      return this.#write(`time="${time}" level=${level} msg=${JSON.stringify(msg)} ${rest.join(' ')}`.trimEnd());
    }
    this.#write(JSON.stringify(all, undefined, this.#format === 'json' ? undefined : 2));
  }
}
