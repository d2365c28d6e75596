/** A button that opens a short list of commands. */
import { Icon, type IconName } from "./Icon";
import { useMenu } from "./useMenu";

export interface MenuItem {
  label: string;
  onSelect: () => void;
}

interface Props {
  label: string;
  icon: IconName;
  items: MenuItem[];
}

export function Menu({ label, icon, items }: Props) {
  const { open, root, button, onKeyDown, toggle, close } = useMenu();
  return (
    <div ref={root} className="relative inline-flex" onKeyDown={onKeyDown}>
      <button
        ref={button}
        type="button"
        className="button button-icon size-6"
        aria-label={label}
        title={label}
        aria-haspopup="menu"
        aria-expanded={open}
        onClick={toggle}
      >
        <Icon name={icon} size={14} />
      </button>
      {open && (
        <div role="menu" aria-label={label} className="absolute top-full right-0 z-20 mt-1 min-w-40 rounded-md border border-line-strong bg-panel py-1 shadow-lg">
          {items.map((item) => (
            <button
              key={item.label}
              type="button"
              role="menuitem"
              tabIndex={-1}
              className="block w-full px-3 py-1.5 text-left text-xs whitespace-nowrap hover:bg-raised focus-visible:bg-raised"
              onClick={() => {
                close();
                item.onSelect();
              }}
            >
              {item.label}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
