export { type CborBody, CborError, decodeCbor } from './decode.ts';
export { type CborList, cborList, encodeCbor } from './encode.ts';
