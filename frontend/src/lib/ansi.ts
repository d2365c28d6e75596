/** What a program wrote for a terminal: colours become styles of parts of the text, every other control is taken out. */

export interface Style {
  /** One of the eight, by its number; null: as the text around it. */
  color: number | null;
  bold: boolean;
  dim: boolean;
}

export interface Span extends Style {
  from: number;
  to: number;
}

export interface Styled {
  text: string;
  /** Only where something is styled, in order. */
  spans: Span[];
}

// CSI … final byte; OSC … BEL or ST; a charset or other two-byte sequence; and single controls but tab.
// eslint-disable-next-line no-control-regex
const CONTROL = /\u001b\[([0-9;:?<=>!]*)[ -/]*([@-~])|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b[ -/]*[0-~]|[\u0000-\u0008\u000b-\u001f\u007f]/g;
const PLAIN: Style = { color: null, bold: false, dim: false };

function isPlain(style: Style): boolean {
  return style.color === null && !style.bold && !style.dim;
}

/** "1;31": one after the other. Colours of 256 or of millions are left out: they are made for another background. */
function applied(style: Style, parameters: string): Style {
  const codes = parameters === "" ? [0] : parameters.split(/[;:]/).map(Number);
  let next = style;
  for (let i = 0; i < codes.length; i += 1) {
    const code = codes[i] ?? 0;
    if (code === 0) next = PLAIN;
    else if (code === 1) next = { ...next, bold: true };
    else if (code === 2) next = { ...next, dim: true };
    else if (code === 22) next = { ...next, bold: false, dim: false };
    else if (code >= 30 && code <= 37) next = { ...next, color: code - 30 };
    else if (code >= 90 && code <= 97) next = { ...next, color: code - 90 };
    else if (code === 39) next = { ...next, color: null };
    else if (code === 38 || code === 48) i += codes[i + 1] === 5 ? 2 : 4;
  }
  return next;
}

export function parseAnsi(raw: string): Styled {
  CONTROL.lastIndex = 0;
  if (!CONTROL.test(raw)) return { text: raw, spans: [] };
  CONTROL.lastIndex = 0;
  let text = "";
  let style = PLAIN;
  let styledFrom = 0;
  let at = 0;
  const spans: Span[] = [];
  const close = () => {
    if (!isPlain(style) && text.length > styledFrom) spans.push({ ...style, from: styledFrom, to: text.length });
  };
  for (let found = CONTROL.exec(raw); found !== null; found = CONTROL.exec(raw)) {
    text += raw.slice(at, found.index);
    at = found.index + found[0].length;
    if (found[2] !== "m") continue;
    close();
    style = applied(style, found[1] ?? "");
    styledFrom = text.length;
  }
  text += raw.slice(at);
  close();
  return { text, spans };
}

export function stripAnsi(raw: string): string {
  return parseAnsi(raw).text;
}
