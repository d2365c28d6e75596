import { fireEvent, render } from "@testing-library/react";
import { useRef } from "react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { useRovingFocus } from "@/hooks/useRovingFocus";
import { focusedItem, forgetFocus, itemsIn } from "@/lib/rovingFocus";

const scrolled = vi.fn();
beforeEach(() => {
  forgetFocus();
  scrolled.mockClear();
  // jsdom lays nothing out.
  Element.prototype.scrollIntoView = scrolled;
});
afterEach(() => {
  Reflect.deleteProperty(Element.prototype, "scrollIntoView");
});

function Page({ names, onOpen = () => undefined, path = "/" }: { names: string[]; onOpen?: (name: string) => void; path?: string }) {
  const root = useRef<HTMLElement>(null);
  useRovingFocus(root, path);
  return (
    <main ref={root}>
      <table className="sr-only">
        <tbody>
          <tr>
            <td>for screen readers</td>
          </tr>
        </tbody>
      </table>
      {names.map((name) => (
        <article key={name} id={name}>
          {name !== "bare" && (
            <a
              href="#x"
              onClick={(event) => {
                event.preventDefault();
                onOpen(name);
              }}
            >
              {name}
            </a>
          )}
          <input aria-label={`field of ${name}`} />
        </article>
      ))}
    </main>
  );
}

const key = (name: string) => !fireEvent.keyDown(document.activeElement ?? document.body, { key: name });
const at = () => focusedItem(document.body)?.id ?? null;

test("j and k go through the items that are seen, and stop at the ends", () => {
  render(<Page names={["a", "b"]} />);
  expect(itemsIn(document.body).map(({ id }) => id)).toEqual(["a", "b"]);
  const seen = ["j", "j", "j", "k", "k"].map((each) => {
    key(each);
    return at();
  });
  expect(seen).toEqual(["a", "b", "b", "a", "a"]);
  expect(scrolled).toHaveBeenCalledTimes(5);
});

test("k begins at the end", () => {
  render(<Page names={["a", "b"]} />);
  key("k");
  expect(at()).toBe("b");
});

test("from inside an item they go on from it, and in a field they are letters", () => {
  render(<Page names={["a", "b", "c"]} />);
  document.querySelector<HTMLElement>("#b a")?.focus();
  key("j");
  expect(at()).toBe("c");
  document.querySelector<HTMLElement>("#b input")?.focus();
  expect(key("j")).toBe(false);
});

test("an item that has gone leaves its place to the next", () => {
  const { rerender } = render(<Page names={["a", "b", "c"]} />);
  key("j");
  key("j");
  rerender(<Page names={["a", "c"]} />);
  expect(document.activeElement).toBe(document.body);
  key("j");
  expect(at()).toBe("c");
  rerender(<Page names={["a", "c"]} path="/other" />);
  (document.activeElement as HTMLElement).blur();
  key("j");
  expect(at()).toBe("a");
});

test("Enter opens the item that has the focus, and is the browser's everywhere else", () => {
  const opened = vi.fn();
  render(<Page names={["a", "bare"]} onOpen={opened} />);
  expect(key("Enter")).toBe(false);
  key("j");
  expect(key("Enter")).toBe(true);
  expect(opened).toHaveBeenCalledWith("a");
  key("j");
  expect(key("Enter")).toBe(false);
  document.querySelector<HTMLElement>("#a a")?.focus();
  expect(key("Enter")).toBe(false);
  expect(opened).toHaveBeenCalledTimes(1);
});

test("Esc leaves the item", () => {
  render(<Page names={["a", "b"]} />);
  expect(key("Escape")).toBe(false);
  key("j");
  expect(key("Escape")).toBe(true);
  expect(at()).toBeNull();
  key("j");
  expect(at()).toBe("a");
});

test("a page without items takes no key", () => {
  render(<Page names={[]} />);
  expect(key("j")).toBe(false);
});
