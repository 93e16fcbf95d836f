/**
 * Lines that WGSL requires before all others (`enable`, `diagnostic`), in a shader whose first lines are written by tfjs.
 * The kernel marks these lines, and the device moves them to the top when it receives the shader.
 */
const mark = '// at the top: ';

/** @returns WGSL whose directives are moved to the top on a device that was passed to `liftDirectives` */
export const atTop = (directives: string): string => `\n${mark}${directives}\n`;

/** @returns the shader with the marked lines in front */
function lifted(code: string): string {
  if (!code.includes(mark)) return code;
  const directives = code.split('\n').filter((line) => line.startsWith(mark));
  return directives.map((line) => line.slice(mark.length)).join('\n') + code;
}

/** Makes every shader of a device begin with its marked directives. */
export function liftDirectives(device: GPUDevice): void {
  const prototype = Object.getPrototypeOf(device) as GPUDevice;
  device.createShaderModule = (descriptor) =>
    prototype.createShaderModule.call(device, { ...descriptor, code: lifted(descriptor.code) });
}
