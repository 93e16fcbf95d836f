/**
 * What tfjs's shaders cannot say, since tfjs writes their first lines: directives (`enable`, `diagnostic`), which WGSL
 * requires before all other lines, and a second tensor that the kernel writes. The kernel marks these, and the device
 * changes the shader when it receives it.
 */
const topMark = '// at the top: ';
const writtenMark = '// written: ';

/** @returns WGSL whose directives are moved to the top on a device that was passed to `completeShaders` */
export const atTop = (directives: string): string => `\n${topMark}${directives}\n`;

/** @returns WGSL that makes one of the program's inputs an output, on a device that was passed to `completeShaders` */
export const written = (variableName: string): string => `\n${writtenMark}${variableName}\n`;

const marked = (code: string, mark: string): string[] =>
  code
    .split('\n')
    .filter((line) => line.startsWith(mark))
    .map((line) => line.slice(mark.length));

/** @returns the shader with what its marks ask for */
function completed(code: string): string {
  const opened = marked(code, writtenMark).reduce(
    (text, name) => text.replace(`var<storage, read> ${name}:`, `var<storage, read_write> ${name}:`),
    code,
  );
  return marked(code, topMark).join('\n') + opened;
}

/** Makes every shader of a device begin with its marked directives, and write its marked outputs. */
export function completeShaders(device: GPUDevice): void {
  const prototype = Object.getPrototypeOf(device) as GPUDevice;
  device.createShaderModule = (descriptor) =>
    prototype.createShaderModule.call(device, { ...descriptor, code: completed(descriptor.code) });
}
