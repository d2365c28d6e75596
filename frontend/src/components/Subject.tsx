/** What a page is about, one of a list: its name with the way back to the others, or why it can't be shown. */
import { Icon, type IconName } from "./Icon";
import { Link } from "./Link";
import { EmptyState } from "./States";

const LISTS = {
  job: { href: "/operations", word: "All operations", icon: "operations" },
  training: { href: "/trainings", word: "All trainings", icon: "trainings" },
  model: { href: "/models", word: "All models", icon: "models" },
  dataset: { href: "/datasets", word: "All datasets", icon: "datasets" },
} satisfies Record<string, { href: string; word: string; icon: IconName }>;

type Kind = keyof typeof LISTS;

export function SubjectHeading({ kind, name }: { kind: Kind; name: string }) {
  const { href, word } = LISTS[kind];
  return (
    <>
      <Link href={href} className="text-muted hover:text-fg" aria-label={word}>
        <Icon name="back" />
      </Link>
      <h2 className="min-w-0 truncate text-lg font-semibold" title={name}>
        {name}
      </h2>
    </>
  );
}

export function SubjectFailure({ kind, error }: { kind: Kind; error: string }) {
  const { href, word, icon } = LISTS[kind];
  return (
    <section className="panel">
      <EmptyState icon={icon} title={`This ${kind} can't be shown`}>
        <p>{error}</p>
        <p className="mt-3">
          <Link href={href} className="link">
            {word}
          </Link>
        </p>
      </EmptyState>
    </section>
  );
}
