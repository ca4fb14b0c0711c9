export * from './answer.ts';
export * from './fault.ts';
export * from './language.ts';
export * from './ports.ts';
export * from './seeded.ts';
export * from './span.ts';
