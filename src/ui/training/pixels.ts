/** Converts RGB, shape [height, width, 3], to ImageData. */
export function toImageData(rgb: Uint8ClampedArray, height: number, width: number): ImageData {
  const image = new ImageData(width, height);
  for (let pixel = 0; pixel < height * width; pixel++) {
    for (let channel = 0; channel < 3; channel++)
      image.data[pixel * 4 + channel] = rgb[pixel * 3 + channel] as number;
    image.data[pixel * 4 + 3] = 255;
  }
  return image;
}
