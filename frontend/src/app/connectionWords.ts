/** What each state of the connection looks like and means. */
import type { ConnectionHealth } from "@/stores/systemMonitorStore";

export type ConnectionWord = ConnectionHealth | "connecting";

interface Look {
  dot: string;
  text: string;
  hint: string;
  spoken: string;
}

export const CONNECTION_LOOK: Record<ConnectionWord, Look> = {
  live: {
    dot: "bg-green-mark",
    text: "text-green",
    hint: "Data arrives over the open connection as it happens.",
    spoken: "Live data",
  },
  polling: {
    dot: "bg-amber-mark",
    text: "text-amber",
    hint: "Nothing comes over the live connection, so this page asks the server at intervals. It goes back to live data by itself.",
    spoken: "No live data, asking at intervals",
  },
  offline: {
    dot: "bg-red",
    text: "text-red",
    hint: "The server does not answer: what you see is old. This page tries again by itself.",
    spoken: "Offline: what is shown is old",
  },
  connecting: { dot: "bg-rest", text: "text-muted", hint: "Connecting to the server.", spoken: "Connecting" },
};
