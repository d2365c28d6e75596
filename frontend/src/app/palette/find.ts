/** Which commands are shown for what was typed, in which order. Pure. */
import { fuzzyMatch, type Match } from "@/lib/fuzzy";
import type { Command, Group } from "./commands";

export interface Hit {
  command: Command;
  ranges: Match["ranges"];
}

export interface Section {
  title: string;
  hits: Hit[];
}

const PER_SECTION = 7;
/** What was chosen before comes first among equals. */
const RECENT_BONUS = 3;
const RECENT_SHOWN = 5;
const FIRST: Group[] = ["This job", "Go to", "Do"];

const plain = (command: Command): Hit => ({ command, ranges: [] });

/** Before anything is typed: what is at hand, what was used last, where one can go. */
function opening(commands: Command[], recent: string[]): Section[] {
  const byId = new Map(commands.map((command) => [command.id, command]));
  const used = recent.flatMap((id) => byId.get(id) ?? []).filter(({ group, effect }) => group !== "This job" && "go" in effect);
  return [
    ...sectionsOf(commands.filter(({ group }) => group === "This job").map(plain)),
    { title: "Recent", hits: used.slice(0, RECENT_SHOWN).map(plain) },
    ...sectionsOf(commands.filter(({ group }) => group !== "This job" && FIRST.includes(group)).map(plain), Infinity),
  ].filter(({ hits }) => hits.length > 0);
}

function sectionsOf(hits: Hit[], most = PER_SECTION): Section[] {
  const sections = new Map<string, Hit[]>();
  for (const hit of hits) {
    const section = sections.get(hit.command.group) ?? [];
    sections.set(hit.command.group, section);
    if (section.length < most) section.push(hit);
  }
  return [...sections].map(([title, all]) => ({ title, hits: all }));
}

/** The section with the best hit comes first, and the best hit in it. */
export function find(commands: Command[], query: string, recent: string[]): Section[] {
  if (query.trim() === "") return opening(commands, recent);
  const scored = commands.flatMap((command) => {
    const match = fuzzyMatch(query, command.title, `${command.beside} ${command.detail}`);
    if (match === null) return [];
    return [{ command, ranges: match.ranges, score: match.score + (recent.includes(command.id) ? RECENT_BONUS : 0) }];
  });
  scored.sort((a, b) => b.score - a.score);
  return sectionsOf(scored);
}
