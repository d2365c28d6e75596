import { Link } from "@/components/Link";
import { EmptyState } from "@/components/States";

const STEPS: { href: string; link: string; text: string }[] = [
  { href: "/models", link: "Import a model", text: "a folder with config.json and safetensors" },
  { href: "/datasets", link: "Import a dataset", text: "a .jsonl or .txt file, and tokenize it" },
  { href: "/trainings", link: "Train", text: "extract activations, then train an autoencoder on them" },
];

export function NothingYet() {
  return (
    <section className="panel" data-testid="empty-operations">
      <EmptyState icon="operations" title="No job yet">
        <p>Whatever runs will stand here, live. To start something:</p>
        <ol className="mt-4 grid gap-2 text-left">
          {STEPS.map((step, i) => (
            <li key={step.href} className="flex items-baseline gap-3">
              <span className="grid size-5 shrink-0 place-items-center rounded-full border border-line text-2xs text-faint">{i + 1}</span>
              <span>
                <Link href={step.href} className="link font-medium">
                  {step.link}
                </Link>
                : {step.text}
              </span>
            </li>
          ))}
        </ol>
        <p className="mt-4">
          From a shell, <Code>headway submit --help</Code> does the same, and <Code>headway demo</Code> shows it all on a sample.
        </p>
      </EmptyState>
    </section>
  );
}

function Code({ children }: { children: string }) {
  return <code className="rounded border border-line bg-raised px-1.5 py-0.5 font-mono text-xs whitespace-nowrap text-fg">{children}</code>;
}
