/** A real link to a page of ours: opens in place, or in a new tab when a person asks for one. */
import type { MouseEvent, ReactNode, Ref } from "react";
import { writeAddress, type Address } from "./address.ts";
import { go } from "./useAddress.ts";

interface Props {
  readonly to: Address;
  readonly children: ReactNode;
  readonly className?: string | undefined;
  readonly label?: string | undefined;
  readonly title?: string | undefined;
  readonly current?: boolean | undefined;
  readonly tabIndex?: number | undefined;
  readonly ref?: Ref<HTMLAnchorElement> | undefined;
}

export function Link({ to, children, className, label, title, current, tabIndex, ref }: Props) {
  const follow = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    go(to);
  };
  return (
    <a
      ref={ref}
      href={writeAddress(to)}
      onClick={follow}
      className={className}
      aria-label={label}
      title={title}
      aria-current={current === true ? "page" : undefined}
      tabIndex={tabIndex}
    >
      {children}
    </a>
  );
}
