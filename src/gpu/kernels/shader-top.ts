/**
 * Lines that WGSL wants before all others (`enable`, `diagnostic`), in a shader whose first lines tfjs writes: the kernel marks
 * them, and the device moves them when it is given the shader.
 */
const mark = '// at the top: ';

/** @returns WGSL, whose directives reach the top on a device that `liftDirectives` has seen */
export const atTop = (directives: string): string => `\n${mark}${directives}\n`;

/** @returns the shader with what is marked in front */
function lifted(code: string): string {
  if (!code.includes(mark)) return code;
  const directives = code.split('\n').filter((line) => line.startsWith(mark));
  return directives.map((line) => line.slice(mark.length)).join('\n') + code;
}

/** Has every shader of a device, whoever writes it, begin with its directives. */
export function liftDirectives(device: GPUDevice): void {
  const prototype = Object.getPrototypeOf(device) as GPUDevice;
  device.createShaderModule = (descriptor) =>
    prototype.createShaderModule.call(device, { ...descriptor, code: lifted(descriptor.code) });
}
