/** For tests that lose their device: `one-device` would have to compile all shaders again for those that come after. */

/** Test files share the page, but each loads the set-up anew. */
export interface DeviceGlobals {
  hasOneDevice?: true;
  nextDeviceIsOwn?: boolean;
}

/** The back end that is opened next gets a device that nobody else has. */
export function useOwnDevice(): void {
  (globalThis as DeviceGlobals).nextDeviceIsOwn = true;
}
