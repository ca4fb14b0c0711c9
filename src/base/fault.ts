import { fillText, type Language, type Text, type TextParams } from './language.ts';
import { formatSpan, type Span } from './span.ts';

/** Who must act: `user` can change the input, `system` means Tenon or the machine failed. */
export type FaultKind = 'user' | 'system';

/** The catalogue entry of one fault code: every text in every language. */
export interface FaultDefinition {
  readonly kind: FaultKind;
  /** What happened, with the offending value quoted: `Cannot read "{file}"`. Upper case first, no full stop. */
  readonly message: Text;
  /** The rule or cause behind it. */
  readonly why?: Text;
  /** What to do: a command or an edit. */
  readonly remedy?: Text;
}

/** What went wrong, where, why and what to do, as a value. `where` is a place in a file or an object path. */
export interface Fault {
  readonly code: string;
  readonly definition: FaultDefinition;
  readonly params: TextParams;
  readonly where?: Span | string;
  readonly causes?: readonly Fault[];
}

/** A value and everything that was wrong on the way to it; a broken part never hides the others. */
export interface Parsed<T> {
  readonly value: T;
  readonly faults: readonly Fault[];
}

/** Carries a Fault through code that can only throw (drivers, streams). */
export class FaultError extends Error {
  readonly fault: Fault;
  constructor(fault: Fault, options?: ErrorOptions) {
    super(fillText(fault.definition.message.en, fault.params), options);
    this.name = 'FaultError';
    this.fault = fault;
  }
}

/** A layer's closed set of faults; `make` refuses codes that are not in it at compile time. */
export interface FaultCatalogue<Code extends string> {
  readonly area: string;
  readonly definitions: Readonly<Record<Code, FaultDefinition>>;
  make(code: Code, params?: TextParams, where?: Span | string, causes?: readonly Fault[]): Fault;
  error(code: Code, params?: TextParams, where?: Span | string, options?: ErrorOptions): FaultError;
}

/** Declares a layer's faults. The full code is `area/code`, unique in the program. */
export function faultCatalogue<Code extends string>(
  area: string,
  definitions: Readonly<Record<Code, FaultDefinition>>,
): FaultCatalogue<Code> {
  const make = (code: Code, params: TextParams = {}, where?: Span | string, causes?: readonly Fault[]): Fault => ({
    code: `${area}/${code}`,
    definition: definitions[code],
    params,
    ...(where === undefined ? {} : { where }),
    ...(causes === undefined ? {} : { causes }),
  });
  return {
    area,
    definitions,
    make,
    error: (code, params, where, options) => new FaultError(make(code, params, where), options),
  };
}

/** The one shape of a fault outside the program (CONTRACTS: code, message, where, why, remedy). */
export interface FaultReport {
  readonly code: string;
  readonly message: string;
  readonly where?: string;
  readonly why?: string;
  readonly remedy?: string;
  readonly causes?: readonly FaultReport[];
}

/** Writes a fault in one language. */
export function reportFault(fault: Fault, language: Language): FaultReport {
  const { message, why, remedy } = fault.definition;
  return {
    code: fault.code,
    message: fillText(message[language], fault.params, language),
    ...(fault.where === undefined
      ? {}
      : { where: typeof fault.where === 'string' ? fault.where : formatSpan(fault.where) }),
    ...(why === undefined ? {} : { why: fillText(why[language], fault.params, language) }),
    ...(remedy === undefined ? {} : { remedy: fillText(remedy[language], fault.params, language) }),
    ...(fault.causes?.length ? { causes: fault.causes.map(cause => reportFault(cause, language)) } : {}),
  };
}
