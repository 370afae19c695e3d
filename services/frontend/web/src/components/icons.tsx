/** The few icons, drawn here: decoration beside words, so hidden from assistive technology. */

function icon(path: string) {
  return () => (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={path} />
    </svg>
  );
}

const DISC = "M12 3a9 9 0 1 0 0 18 9 9 0 1 0 0-18Z";
const EYE = "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12ZM12 9.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 1 0 0-5.6Z";

export const EyeIcon = icon(EYE);
export const EyeOffIcon = icon(`${EYE}M4 20 20 4`);
export const CheckIcon = icon("m5 12.5 4.5 4.5L19 7.5");
export const DotIcon = icon("M12 8.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 1 0 0-7Z");
export const AlertIcon = icon(`${DISC}M12 7.5v5M12 16.2v.1`);
export const InfoIcon = icon(`${DISC}M12 11v5.5M12 7.7v.1`);
export const PlusIcon = icon("M12 5v14M5 12h14");
export const BoxIcon = icon("m3.5 7.5 8.5-4.5 8.5 4.5v9L12 21l-8.5-4.5v-9Zm0 0L12 12m0 0 8.5-4.5M12 12v9");
