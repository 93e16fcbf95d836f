/** CMYK to RGB without profiles, as Pillow does it and most browsers do. */

/** @param cmyk four values for each pixel, 0 for no ink. @returns RGB. Source: cmyk2rgb of Pillow's libImaging/Convert.c */
export function convertCmyk(cmyk: Uint8Array | Uint8ClampedArray): Uint8ClampedArray<ArrayBuffer> {
  const pixels = cmyk.length / 4;
  const rgb = new Uint8ClampedArray(pixels * 3);
  for (let pixel = 0; pixel < pixels; pixel++) {
    const light = 255 - (cmyk[4 * pixel + 3] as number);
    for (let channel = 0; channel < 3; channel++) {
      // The product divided by 255 and rounded, in integers.
      const product = (cmyk[4 * pixel + channel] as number) * light + 128;
      rgb[3 * pixel + channel] = light - (((product >> 8) + product) >> 8);
    }
  }
  return rgb;
}
