import { useEffect, useRef } from "preact/hooks";

export const BRAND = "SRI";

let arrived = false;

/** A page's h1. Moving to another page names it in the window's title and puts the focus on its heading. */
export function Heading({ title }: { title: string }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · ${BRAND}`;
    if (arrived) heading.current?.focus({ preventScroll: true });
    arrived = true;
  }, [title]);
  return (
    <h1 ref={heading} tabIndex={-1}>
      {title}
    </h1>
  );
}
