/** What a runtime does otherwise, by handler and scenario, and why. */
export const differences: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  youki: {
    'working folder: of the container': 'a folder the image does not have is not made',
    'security: seccomp default':
      'filters are loaded after privileges are dropped, so only with allowPrivilegeEscalation: false; else the pod says so',
  },
  cri: {
    'out of memory': 'containerd may hear of it after the exit, and then says Error as the reason',
  },
};
