/** How a recipe is written down; both forms become this list. */
export type Instruction =
  | { readonly kind: 'from'; readonly image: string; readonly name?: string; readonly platform?: string }
  | {
      readonly kind: 'copy';
      readonly sources: readonly string[];
      readonly target: string;
      readonly from?: string;
      readonly chown?: string;
      readonly chmod?: number;
      readonly extract: boolean;
    }
  | { readonly kind: 'env'; readonly values: readonly Pair[] }
  | { readonly kind: 'label'; readonly values: readonly Pair[] }
  | { readonly kind: 'arg'; readonly name: string; readonly value?: string }
  | { readonly kind: 'workdir'; readonly path: string }
  | { readonly kind: 'user'; readonly user: string }
  | { readonly kind: 'expose'; readonly ports: readonly string[] }
  | { readonly kind: 'volume'; readonly paths: readonly string[] }
  | { readonly kind: 'entrypoint'; readonly words: readonly string[]; readonly shell: boolean }
  | { readonly kind: 'cmd'; readonly words: readonly string[]; readonly shell: boolean }
  | { readonly kind: 'run'; readonly words: readonly string[]; readonly shell: boolean }
  | { readonly kind: 'shell'; readonly words: readonly string[] }
  | { readonly kind: 'stopsignal'; readonly signal: string };

export type Pair = readonly [name: string, value: string];

/** An instruction and the line it starts on. */
export interface Step {
  readonly line: number;
  readonly text: string;
  readonly instruction: Instruction;
}

export interface Recipe {
  readonly steps: readonly Step[];
  /** Names written into the recipe itself (image.yaml). */
  readonly names: readonly string[];
  /** A Wasm binary to publish as an OCI artifact instead of building layers. */
  readonly wasm?: string;
}

/** What cannot be built, and where it stands. */
export class RecipeError extends Error {
  readonly line: number;
  readonly text: string;
  constructor(line: number, text: string, why: string) {
    super(why);
    this.name = 'RecipeError';
    this.line = line;
    this.text = text;
  }
}
