/** What a runtime does otherwise, by handler and scenario, and why. */
export const differences: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  gvisor: {
    'security: seccomp default': 'its own kernel is the filter: calls of the container never reach the machine',
    'sysctl of the network': 'its network stack has settings of its own; those of the namespace do not reach it',
    'shared processes': 'every container has a kernel, and so processes, of its own',
  },
};
