import { fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { KeyboardHelp } from "@/app/KeyboardHelp";
import { useShortcuts, type ShortcutKeys } from "@/hooks/useShortcuts";
import { isApple, keyWords } from "@/lib/keyWords";
import { ShortcutRegistry } from "@/lib/shortcuts";

const press = (key: string, options: KeyboardEventInit = {}, target: Element = document.body) => !fireEvent.keyDown(target, { key, ...options });

describe("the registry of shortcuts", () => {
  let now = 0;
  let registry: ShortcutRegistry;
  const releases: (() => void)[] = [];
  const on = (keys: string, run: () => unknown, scope = "s") => {
    const release = registry.register([{ keys, does: `does ${keys}`, scope, run }]);
    releases.push(release);
    return release;
  };

  beforeEach(() => {
    now = 0;
    registry = new ShortcutRegistry(() => now);
  });
  afterEach(() => {
    for (const release of releases.splice(0)) release();
    document.body.replaceChildren();
  });

  test("a key is taken from the browser, and only that one", () => {
    const run = vi.fn();
    on("?", run);
    expect(press("?")).toBe(true);
    expect(press("x")).toBe(false);
    expect(run).toHaveBeenCalledTimes(1);
  });

  test("what says that it doesn't take a key leaves it to the browser", () => {
    on("Enter", () => false);
    expect(press("Enter")).toBe(false);
  });

  test("the newest registration wins, and the one before is back when it has gone", () => {
    const [page, dialog] = [vi.fn(), vi.fn()];
    on("j", page);
    const release = on("j", dialog);
    press("j");
    release();
    release();
    press("j");
    expect([page.mock.calls.length, dialog.mock.calls.length]).toEqual([1, 1]);
  });

  test("two keys after each other are one shortcut, for a while", () => {
    const [go, alone] = [vi.fn(), vi.fn()];
    on("g o", go);
    on("o", alone);
    press("g");
    now = 500;
    press("o");
    expect(go).toHaveBeenCalledTimes(1);
    press("o");
    expect(alone).toHaveBeenCalledTimes(1);
    press("g");
    now = 5000;
    press("o");
    expect(go).toHaveBeenCalledTimes(1);
    expect(alone).toHaveBeenCalledTimes(2);
  });

  test("a sequence that leads nowhere gives its second key back", () => {
    const next = vi.fn();
    on("g o", vi.fn());
    on("j", next);
    press("g");
    press("j");
    expect(next).toHaveBeenCalledTimes(1);
  });

  test("while somebody types, with Alt, or in a dialog, plain keys are theirs; Ctrl and Cmd aren't", () => {
    const [plain, palette] = [vi.fn(), vi.fn()];
    on("k", plain);
    on("mod+k", palette);
    document.body.innerHTML = "<input><textarea></textarea><dialog></dialog>";
    const [input, area, dialog] = ["input", "textarea", "dialog"].map((name) => document.querySelector(name) as HTMLElement);
    press("k", {}, input);
    press("k", {}, area);
    press("k", { altKey: true });
    dialog?.setAttribute("open", "");
    press("k");
    expect(plain).not.toHaveBeenCalled();
    expect(press("k", { ctrlKey: true }, input)).toBe(true);
    expect(press("K", { metaKey: true })).toBe(true);
    expect(press("K", { metaKey: true, shiftKey: true })).toBe(false);
    expect(palette).toHaveBeenCalledTimes(2);
    expect(press("k", { isComposing: true })).toBe(false);
  });

  test("nothing is listened to when nobody has registered", () => {
    const remove = vi.spyOn(window, "removeEventListener");
    const [first, second] = [on("a", vi.fn()), on("b", vi.fn())];
    first();
    expect(remove).not.toHaveBeenCalled();
    second();
    expect(remove).toHaveBeenCalledTimes(1);
  });

  test("who asks what is in force is told of a change", () => {
    const told = vi.fn();
    const stop = registry.subscribe(told);
    const release = on("a", vi.fn());
    expect(registry.inForce().map(({ keys }) => keys)).toEqual(["a"]);
    release();
    expect(registry.inForce()).toEqual([]);
    stop();
    on("b", vi.fn());
    expect(told).toHaveBeenCalledTimes(2);
  });
});

test("the help lists the keys of the page that is open, its own first", () => {
  const Page = ({ keys, scope }: { keys: ShortcutKeys; scope?: string }) => {
    useShortcuts(keys, scope);
    return null;
  };
  const own: ShortcutKeys = { "/": () => undefined, z: { does: "zoom out", run: () => undefined }, q: () => undefined };
  const everywhere: ShortcutKeys = { "?": { does: "this help", run: () => undefined } };
  const view = (open: boolean) => (
    <>
      <Page keys={everywhere} scope="Everywhere" />
      <Page keys={own} />
      {open && <KeyboardHelp onClose={() => undefined} />}
    </>
  );
  const { rerender } = render(view(false));
  rerender(view(true));
  const sections = screen.getAllByRole("region");
  expect(sections.map((each) => each.getAttribute("aria-label"))).toEqual(["This page", "Everywhere"]);
  expect(sections[0]).toHaveTextContent("/to the filterzzoom out");
  expect(sections[0]).not.toHaveTextContent("q");
  expect(sections[1]).toHaveTextContent("?this help");
});

test("keys are written as on the keyboard at hand", () => {
  expect(keyWords("mod+k", true)).toEqual(["⌘", "K"]);
  expect(keyWords("mod+k", false)).toEqual(["Ctrl", "K"]);
  expect(keyWords("g o", false)).toEqual(["g", "o"]);
  expect(keyWords("Escape", false)).toEqual(["Esc"]);
  expect(keyWords(" ", false)).toEqual(["Space"]);
  expect(isApple("MacIntel")).toBe(true);
  expect(isApple("Linux x86_64")).toBe(false);
});
