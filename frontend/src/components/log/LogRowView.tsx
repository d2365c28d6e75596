/** One row of a log: its time, where it begins a line, and its text with colours and matches. */
import { memo } from "react";
import * as f from "@/lib/format";
import { piecesOf, styledLine, type LogRow, type Piece } from "@/lib/logRows";
import type { Match } from "@/lib/logSearch";
import type { LogLine } from "@/lib/types/job";

export const ROW_HEIGHT = 18;

// A terminal's eight colours, as far as this page has a legible one for each.
const COLORS = ["", "text-red", "text-green", "text-amber", "text-accent", "text-[var(--c4)]", "text-[var(--c3)]", ""];
const NONE: readonly (Match & { index: number })[] = [];

interface Props {
  row: LogRow;
  line: LogLine;
  top: number;
  mark: boolean;
  matches: readonly (Match & { index: number })[] | undefined;
  current: number | null;
}

function pieceClass({ style }: Piece): string {
  if (style === null) return "";
  return `${style.color === null ? "" : (COLORS[style.color] ?? "")} ${style.bold ? "font-semibold" : ""} ${style.dim ? "opacity-70" : ""}`;
}

export const LogRowView = memo(function LogRowView({ row, line, top, mark, matches, current }: Props) {
  const styled = styledLine(line);
  return (
    <div
      className={`absolute right-0 left-0 flex gap-3 px-4 whitespace-pre ${mark ? "bg-amber-soft text-amber" : ""}`}
      style={{ top, height: ROW_HEIGHT }}
      data-testid="log-row"
      data-seq={line.seq}
      data-stream={line.stream}
    >
      <span className="w-[8ch] shrink-0 text-faint select-none">{row.first ? f.timeWithSeconds(line.ts) : ""}</span>
      <span className={`shrink-0 ${line.stream === "stderr" ? "text-amber" : line.stream === "log" && !mark ? "text-muted italic" : ""}`}>
        {piecesOf(styled, row, matches ?? NONE).map((piece, i) =>
          piece.match === null ? (
            <span key={i} className={pieceClass(piece)}>
              {piece.text}
            </span>
          ) : (
            <mark
              key={i}
              className={`rounded-[2px] text-fg ${piece.match === current ? "bg-accent-soft outline-2 outline-accent" : "bg-amber-soft underline decoration-amber"}`}
              data-current={piece.match === current}
            >
              {piece.text}
            </mark>
          ),
        )}
      </span>
    </div>
  );
});
