/** What a page is about, one of a list: its name with the way back to the others, or what stands in its place. */
import { Icon, type IconName } from "./Icon";
import { Link } from "./Link";
import { EmptyState, Skeleton } from "./States";

/** `parts`: how high the page's parts are, about, while it is being read. */
const LISTS = {
  job: { href: "/operations", word: "All operations", icon: "operations", parts: ["h-40", "h-64"] },
  training: { href: "/trainings", word: "All trainings", icon: "trainings", parts: ["h-36", "h-64"] },
  model: { href: "/models", word: "All models", icon: "models", parts: ["h-48"] },
  dataset: { href: "/datasets", word: "All datasets", icon: "datasets", parts: ["h-48"] },
} satisfies Record<string, { href: string; word: string; icon: IconName; parts: string[] }>;

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

/** While it is being read, and when it can't be. */
export function SubjectMissing({ kind, error }: { kind: Kind; error: string | null }) {
  const { href, word, icon, parts } = LISTS[kind];
  if (error === null) {
    return (
      <div role="status" aria-label={`Loading the ${kind}`} className="grid gap-3">
        {parts.map((height) => (
          <Skeleton key={height} className={`rounded-lg ${height}`} />
        ))}
      </div>
    );
  }
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
