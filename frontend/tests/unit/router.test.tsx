import { act, fireEvent, render, screen } from "@testing-library/react";
import { beforeEach, describe, expect, test } from "vitest";
import { Link } from "@/components/Link";
import { usePageSubject, useShownSubject } from "@/lib/pageTitle";
import { lastMove, matchPath, navigate, usePath, useQuery } from "@/lib/router";

beforeEach(() => {
  window.history.replaceState(null, "", "/");
});

describe("matchPath", () => {
  test("gives what the pattern names", () => {
    expect(matchPath("/trainings/:id", "/trainings/trn_1")).toEqual({ id: "trn_1" });
    expect(matchPath("/trainings/:id", "/trainings/a%2Fb/")).toEqual({ id: "a/b" });
    expect(matchPath("/", "/")).toEqual({});
  });

  test("another page is null, and so is what can't be decoded", () => {
    expect(matchPath("/trainings/:id", "/trainings")).toBeNull();
    expect(matchPath("/models", "/datasets")).toBeNull();
    expect(matchPath("/trainings/:id", "/trainings/%E0%A4%A")).toBeNull();
  });
});

function Probe() {
  const path = usePath();
  const [text, setText] = useQuery("q");
  return (
    <>
      <p>
        {path} [{text}]
      </p>
      <button
        onClick={() => {
          setText(text === "" ? "x" : "");
        }}
      >
        toggle
      </button>
      <Link href="/models">models</Link>
    </>
  );
}

describe("the address", () => {
  test("is followed, and how it came is known", async () => {
    render(<Probe />);
    act(() => {
      navigate("/trainings");
    });
    expect(screen.getByText("/trainings []")).toBeInTheDocument();
    expect(lastMove()).toBe("push");
    fireEvent.click(screen.getByText("toggle"));
    expect(screen.getByText("/trainings [x]")).toBeInTheDocument();
    expect(lastMove()).toBe("replace");
    expect(window.location.search).toBe("?q=x");
    fireEvent.click(screen.getByText("toggle"));
    expect(window.location.search).toBe("");
    act(() => {
      window.history.back();
    });
    expect(await screen.findByText("/ []")).toBeInTheDocument();
    expect(lastMove()).toBe("back");
  });

  test("a plain click stays in the page; one with a modifier is the browser's", () => {
    render(<Probe />);
    const link = screen.getByText("models");
    const taken: boolean[] = [];
    const last = (event: Event) => {
      taken.push(event.defaultPrevented);
      event.preventDefault();
    };
    window.addEventListener("click", last);
    fireEvent.click(link, { ctrlKey: true });
    expect(screen.getByText("/ []")).toBeInTheDocument();
    fireEvent.click(link);
    expect(screen.getByText("/models []")).toBeInTheDocument();
    expect(taken).toEqual([false, true]);
    window.removeEventListener("click", last);
  });
});

test("what the page is about is shown while it is open", () => {
  const Page = ({ name }: { name: string | null }) => {
    usePageSubject(name);
    return null;
  };
  const Frame = ({ name }: { name: string | null | undefined }) => (
    <>
      <h1>{useShownSubject() ?? "none"}</h1>
      {name !== undefined && <Page name={name} />}
    </>
  );
  const view = render(<Frame name={null} />);
  expect(screen.getByRole("heading")).toHaveTextContent("none");
  view.rerender(<Frame name="kjv" />);
  expect(screen.getByRole("heading")).toHaveTextContent("kjv");
  view.rerender(<Frame name={undefined} />);
  expect(screen.getByRole("heading")).toHaveTextContent("none");
});
