/** All pages at once, for screens on which the rail shows a few. */
import { listOf, onPage } from "../address/address.ts";
import { Link } from "../address/Link.tsx";
import { useAddress } from "../address/useAddress.ts";
import { Icon } from "./Icon.tsx";
import { ENTRIES } from "./entries.ts";
import { Sheet } from "./Sheet.tsx";

export function PagesSheet({ onClose }: { readonly onClose: () => void }) {
  const address = useAddress();
  return (
    <Sheet title="Pages" onClose={onClose}>
      <div className="all-pages" onClick={onClose}>
        {ENTRIES.map(({ name, title }) => (
          <Link key={name} className="rail-link" to={onPage(address, { name })} current={listOf(address.page) === name}>
            <Icon name={name} />
            {title}
          </Link>
        ))}
      </div>
    </Sheet>
  );
}
