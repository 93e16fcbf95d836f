/** Saves a file as a download of the browser. */
export function saveFile(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser reads the file from the URL after the click. A minute is long enough for any disk.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
