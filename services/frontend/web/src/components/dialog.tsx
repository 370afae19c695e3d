import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

interface Props {
  title: string;
  /** It was closed, by whatever means; its owner takes it away. */
  onClose: () => void;
  children: ComponentChildren;
}

/** A question that comes before everything else. The browser keeps the focus in it, and gives it back. */
export function Dialog({ title, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const opener = document.activeElement as HTMLElement | null;
    dialog.current?.showModal();
    // Once this dialog is gone, and perhaps its opener with it.
    const back = () => (opener?.isConnected ? opener : document.querySelector("h1"))?.focus();
    return () => queueMicrotask(back);
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby="dialog" onClose={onClose}>
      <h2 id="dialog">{title}</h2>
      {children}
    </dialog>
  );
}
