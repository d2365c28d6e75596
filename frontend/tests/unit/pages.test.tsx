import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { componentOf, preload, routeAt } from "@/app/pages";
import { PageView } from "@/app/PageView";
import { NAVIGATION, ROUTES, type Route } from "@/app/routes";
import { Panel } from "@/components/Panel";

const route = (load: Route["load"]): Route => ({ pattern: "/probe", title: "Probe", section: "/probe", load });

beforeEach(() => {
  // React tells every caught error on the console too.
  vi.spyOn(console, "error").mockImplementation(() => undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe("the table of pages", () => {
  test("every entry of the navigation is a page, and every page belongs to an entry", () => {
    for (const { href } of NAVIGATION) expect(routeAt(href)?.route.section).toBe(href);
    const entries = new Set(NAVIGATION.map(({ href }) => href));
    for (const { section } of ROUTES) expect(entries).toContain(section);
  });

  test("keys and addresses are each used once", () => {
    const keys = NAVIGATION.map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
    const patterns = ROUTES.map(({ pattern }) => pattern);
    expect(new Set(patterns).size).toBe(patterns.length);
  });

  test("a phone's bar has at most four pages beside More", () => {
    expect(NAVIGATION.filter(({ more }) => more !== true).length).toBeLessThanOrEqual(4);
  });

  test("a parameter of the address is the page's", () => {
    expect(routeAt("/trainings/trn_1")?.params).toEqual({ trainingId: "trn_1" });
    expect(routeAt("/nowhere")).toBeNull();
  });

  test("each page's code can be loaded", async () => {
    for (const each of new Set(ROUTES.map(({ load }) => load))) expect(typeof (await each())).toBe("function");
  }, 60_000);

  test("preload takes an address with a query, and an unknown one", () => {
    expect(() => {
      preload("/operations?q=x");
      preload("/nowhere");
    }).not.toThrow();
  });
});

describe("a page", () => {
  test("is shown once its code is there, with its parameters", async () => {
    const found = { route: route(async () => Promise.resolve(({ name = "" }) => <p>page of {name}</p>)), params: { name: "a" } };
    render(<PageView found={found} path="/probe" />);
    expect(screen.getByRole("status", { name: "Loading Probe" })).toBeInTheDocument();
    expect(await screen.findByText("page of a")).toBeInTheDocument();
    expect(componentOf(found.route)).toBe(componentOf(found.route));
  });

  test("whose code has gone from the server says so", async () => {
    render(<PageView found={{ route: route(() => Promise.reject(new TypeError("failed to fetch"))), params: {} }} path="/probe" />);
    const alert = await screen.findByRole("alert");
    expect(alert).toHaveTextContent("This page could not be loaded");
    expect(alert).toHaveTextContent("it was updated");
    expect(screen.getByRole("button", { name: "Load again" })).toBeInTheDocument();
  });

  test("that fails can be tried again, and leaves its successor alone", async () => {
    let broken = true;
    const Probe = () => {
      if (broken) throw new Error("no such field");
      return <p>well again</p>;
    };
    const found = { route: route(() => Promise.resolve(Probe)), params: {} };
    const other = { route: route(() => Promise.resolve(() => <p>the other page</p>)), params: {} };
    const view = render(<PageView found={found} path="/probe" />);
    expect(await screen.findByRole("alert")).toHaveTextContent("no such field");
    view.rerender(<PageView found={other} path="/other" />);
    expect(await screen.findByText("the other page")).toBeInTheDocument();
    view.rerender(<PageView found={found} path="/probe" />);
    await screen.findByRole("alert");
    broken = false;
    await userEvent.click(screen.getByRole("button", { name: "Try again" }));
    await waitFor(() => {
      expect(screen.getByText("well again")).toBeInTheDocument();
    });
  });

  test("that there is none of is named", () => {
    render(<PageView found={null} path="/nowhere" />);
    expect(screen.getByTestId("not-found")).toHaveTextContent("/nowhere");
  });
});

test("a mistake in one panel stays in it", async () => {
  let broken = true;
  const Probe = () => {
    if (broken) throw "a thrown string";
    return <p>drawn</p>;
  };
  render(
    <>
      <Panel title="Broken">
        <Probe />
      </Panel>
      <Panel title="Whole">
        <p>still here</p>
      </Panel>
    </>,
  );
  expect(screen.getByRole("alert")).toHaveTextContent("a thrown string");
  expect(screen.getByText("still here")).toBeInTheDocument();
  expect(screen.getByRole("region", { name: "Broken" })).toBeInTheDocument();
  broken = false;
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(screen.getByText("drawn")).toBeInTheDocument();
});
