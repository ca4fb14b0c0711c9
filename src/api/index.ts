export { type ApiOptions, type RunningApi, startApi } from './drivers/start.ts';
