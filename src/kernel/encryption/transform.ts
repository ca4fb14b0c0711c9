/** Changes values on their way to and from the place they are kept; `context` is the object's key there. */
export interface ValueTransform {
  /** True for collections whose values are changed. */
  applies(collection: string): boolean;
  seal(collection: string, plain: Uint8Array, context: string): Promise<Uint8Array>;
  open(collection: string, stored: Uint8Array, context: string): Promise<Uint8Array>;
}
