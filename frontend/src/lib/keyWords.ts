/** Keys as they are written on the keyboard at hand. */
export function isApple(platform: string): boolean {
  return /mac|iphone|ipad/i.test(platform);
}

const WORDS: Record<string, string> = { Escape: "Esc", Enter: "Enter", ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→", " ": "Space" };

/** "mod+k" is ⌘ K or Ctrl K; "g o" is g, then o. */
export function keyWords(keys: string, apple = isApple(navigator.platform)): string[] {
  const parts = keys.startsWith("mod+") ? [apple ? "⌘" : "Ctrl", keys.slice(4).toUpperCase()] : keys.split(/(?<=.) (?=.)/);
  return parts.map((part) => WORDS[part] ?? part);
}
