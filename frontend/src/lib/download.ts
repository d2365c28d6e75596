/** Hands a file that the page has made to the browser's downloads. */
export function download(content: Blob, name: string): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  // The browser has taken it once the click is handled.
  setTimeout(() => {
    URL.revokeObjectURL(url);
  }, 0);
}
