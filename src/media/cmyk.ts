/** CMYK to RGB without profiles, as Pillow does it and most browsers do. */

/**
 * Source: cmyk2rgb of Pillow's libImaging/Convert.c.
 * @param values of each pixel's channels: cyan, magenta, yellow and black, 0 for no ink, then perhaps others
 * @param channels how many each pixel has
 * @param alphaAt which of them is transparency; null where none is
 * @returns RGB, or RGBA where there is transparency
 */
export function convertCmyk(
  values: Uint8Array | Uint8ClampedArray,
  channels = 4,
  alphaAt: number | null = null,
): Uint8ClampedArray<ArrayBuffer> {
  const pixels = values.length / channels;
  const made = alphaAt === null ? 3 : 4;
  const colours = new Uint8ClampedArray(pixels * made);
  for (let pixel = 0; pixel < pixels; pixel++) {
    const begin = channels * pixel;
    const light = 255 - (values[begin + 3] as number);
    for (let channel = 0; channel < 3; channel++) {
      // The product divided by 255 and rounded, in integers.
      const product = (values[begin + channel] as number) * light + 128;
      colours[made * pixel + channel] = light - (((product >> 8) + product) >> 8);
    }
    if (alphaAt !== null) colours[made * pixel + 3] = values[begin + alphaAt] as number;
  }
  return colours;
}
