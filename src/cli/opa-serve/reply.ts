/** What a request is answered with. */
export interface Reply {
  readonly status: number;
  readonly body?: unknown;
  /** The media type of a body that is a text of its own. */
  readonly type?: string;
}

/** A refusal as OPA writes it. */
export const refuse = (status: number, code: string, message: string): Reply => ({ status, body: { code, message } });
